#include <catch2/catch.hpp>
#include <random>

#include "base/digest.hpp"
#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;

namespace {

// Makes random objects in which each field may be absent. A seed gives the same objects on every
// machine.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  // A number from 0 to count - 1.
  std::size_t below(std::size_t count) { return random_() % count; }
  // One of the values of an enum with this number of enumerators.
  template <class Enum>
  Enum one_of(std::size_t enumerators) {
    return static_cast<Enum>(below(enumerators));
  }
  bool maybe() { return below(2) == 0; }
  std::string text() {
    static const std::vector<std::string> texts = {"", "web", "3 of 3 pods returned 500",
                                                   "\"quoted\"\n", "\xe2\x82\xac"};
    return texts[below(texts.size())];
  }
  std::int64_t number() { return static_cast<std::int64_t>(below(1'000'000)); }
  std::optional<double> measured() {
    static const std::vector<double> numbers = {0, -1.5, 0.1 + 0.2, 1e-05, 1e300, 120};
    if (maybe()) return std::nullopt;
    return numbers[below(numbers.size())];
  }
  std::optional<Time> time() {
    if (maybe()) return std::nullopt;
    return Time{Duration{below(4'000'000'000'000)}};  // in milliseconds: before the year 2097
  }
  // metav1.Condition has whole seconds. An absent time is written as the epoch.
  Time whole_second_or_epoch() {
    return maybe() ? Time{} : Time{std::chrono::seconds(below(4'000'000'000))};
  }
  template <class T>
  std::vector<T> list(std::size_t max, T (Generator::*make)()) {
    std::vector<T> out;
    for (std::size_t count = below(max + 1); count > 0; --count) out.push_back((this->*make)());
    return out;
  }

  template <class T>
  std::optional<T> maybe_make(T (Generator::*make)()) {
    if (maybe()) return std::nullopt;
    return (this->*make)();
  }
  Reason reason() {
    const auto rows = reason_table();
    return maybe() ? Reason::None : rows[below(rows.size())].reason;
  }
  Duration duration() { return Duration{below(36'000'000'000)}; }  // less than 10000 h

  Condition condition() {
    return {.type = "Ready",
            .status = one_of<ConditionStatus>(3),
            .reason = "Reason",
            .message = text(),
            .last_transition = whole_second_or_epoch(),
            .observed_generation = number()};
  }
  Revision revision() {
    return {.hash = TemplateHash(text()),
            .replica_set = Uid(text()),
            .number = number(),
            .verdict = one_of<RevisionVerdict>(7),
            .since = time(),
            .snapshot = text(),
            .no_rollback_past = maybe(),
            .released_by = text(),
            .images = maybe() ? StringMap{{"app:latest", text()}} : StringMap{}};
  }
  BaselineResult baseline() {
    return {.result = one_of<MeasurementResult>(3),
            .reason = reason(),
            .message = text(),
            .value = measured(),
            .revision = text(),
            .consecutive_failures = static_cast<int>(below(100)),
            .before = maybe(),
            .at = time()};
  }
  CheckStatus check() {
    return {.name = "health",
            .config_hash = text(),
            .result = one_of<MeasurementResult>(3),
            .reason = reason(),
            .message = text(),
            .value = measured(),
            .traffic = measured(),
            .consecutive_failures = static_cast<int>(below(100)),
            .failure_threshold = static_cast<int>(below(100)),
            .passed_once = maybe(),
            .recent_results = maybe() ? "" : "PFFPPPF",
            .bake_passes = static_cast<int>(below(100)),
            .bake_failures = static_cast<int>(below(100)),
            .last_result = time(),
            .consecutive_unknowns = static_cast<int>(below(3)),
            .first_failure = time(),
            .last_failure = time(),
            .breached = maybe(),
            .baseline = maybe_make(&Generator::baseline)};
  }
  PassedCheck passed_check() {
    return {.check = text(), .config_hash = text(), .revision = TemplateHash(text())};
  }
  IdleResult idle_result() {
    return {.check = text(),
            .config_hash = text(),
            .result = one_of<MeasurementResult>(3),
            .reason = reason(),
            .message = text(),
            .consecutive_failures = static_cast<int>(below(3)),
            .at = time()};
  }
  PastRollback past_rollback() { return {.name = text(), .at = time().value_or(Time{})}; }
  Contest contest() {
    return {.hash = TemplateHash(text()), .by = text(), .at = time().value_or(Time{})};
  }
  RevisionVerdict verdict() { return one_of<RevisionVerdict>(7); }
  Freeze freeze() {
    return {.reason = reason(),
            .message = text(),
            .since = time(),
            .check = text(),
            .verdict_before = maybe_make(&Generator::verdict)};
  }
  Bake bake() {
    return {
        .began = time(), .observed = duration(), .unobserved = duration(), .counted_until = time()};
  }
  Declined declined() { return {.rollback = text(), .at = time()}; }
  LastDrill last_drill() {
    return {.rollback = text(),
            .at = time(),
            .passed = maybe(),
            .message = text(),
            .passed_at = time()};
  }
  GuardStatus guard() {
    GuardStatus out{.deployment_generation = number(),
                    .deployment_uid = Uid(text()),
                    .policy = text(),
                    .state = one_of<State>(6),
                    .reason = reason(),
                    .message = text(),
                    .blocked_by = text(),
                    .state_since = time()};
    if (maybe()) out.template_digest = TemplateDigest(digest_of(text()));
    out.current = maybe_make(&Generator::revision);
    out.last_good = maybe_make(&Generator::revision);
    out.revisions = list(20, &Generator::revision);
    out.evaluation_started = time();
    out.rolled_out = time();
    out.bake = maybe_make(&Generator::bake);
    out.checks = list(17, &Generator::check);
    out.passed_checks = list(40, &Generator::passed_check);
    out.idle_results = list(16, &Generator::idle_result);
    out.rollback = text();
    out.pending = text();
    out.rollbacks = list(20, &Generator::past_rollback);
    out.contests = list(20, &Generator::contest);
    out.freeze = maybe_make(&Generator::freeze);
    out.declined = maybe_make(&Generator::declined);
    out.last_drill = maybe_make(&Generator::last_drill);
    out.conditions = list(4, &Generator::condition);
    return out;
  }
  GroupRollback group() { return {.name = text(), .members = list(64, &Generator::text)}; }
  RollbackSpec rollback_spec() {
    return {.deployment = text(),
            .deployment_uid = Uid(text()),
            .generation = number(),
            .from = revision(),
            .to = revision(),
            .undone = list(20, &Generator::revision),
            .check = text(),
            .reason = reason(),
            .message = text(),
            .detected = time(),
            .to_revision = maybe_make(&Generator::number),
            .force = maybe(),
            .drill = maybe(),
            .mode = one_of<Mode>(3),
            .approved = maybe(),
            .policy = text(),
            .released_by = text(),
            .released = time(),
            .group = maybe_make(&Generator::group),
            .caused_by = text()};
  }
  Change change() { return {.path = text(), .from = text(), .to = text()}; }
  TimelineEntry timeline_entry() { return {.time = time().value_or(Time{}), .message = text()}; }
  RollbackStatus rollback_status() {
    return {.phase = one_of<RollbackPhase>(9),
            .message = text(),
            .waiting_for = reason(),
            .blocked_by = text(),
            .approved_by = text(),
            .last_error = text(),
            .first_failure = time(),
            .template_restored = time(),
            .patched_generation = static_cast<std::int64_t>(below(9)),
            .rolled_out = time(),
            .finished = time(),
            .evidence = list(17, &Generator::check),
            .verification = list(17, &Generator::check),
            .changes = list(20, &Generator::change),
            .timeline = list(20, &Generator::timeline_entry),
            .time_to_detect = maybe_make(&Generator::duration),
            .time_to_act = maybe_make(&Generator::duration),
            .conditions = list(4, &Generator::condition)};
  }
  PolicyStatus policy_status() {
    return {.observed_generation = number(),
            .guarded = number(),
            .conditions = list(4, &Generator::condition)};
  }

 private:
  std::mt19937 random_;
};

// An object with one part, after it was written as text and parsed.
Json object_with(const char* part, const Json& value) {
  return *parse_json(Json{{part, value}}.dump());
}

}  // namespace

TEST_CASE("the parsers read back each status and spec that to_json wrote") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Generator generator(seed);
    INFO("seed " << seed);
    const GuardStatus guard = generator.guard();
    CHECK(parse_guard(object_with("status", to_json(guard)))->status == guard);
    const RollbackSpec spec = generator.rollback_spec();
    CHECK(parse_rollback(object_with("spec", to_json(spec)))->spec == spec);
    const RollbackStatus rollback = generator.rollback_status();
    CHECK(parse_rollback(object_with("status", to_json(rollback)))->status == rollback);
    const PolicyStatus policy = generator.policy_status();
    CHECK(parse_policy(object_with("status", to_json(policy)))->status == policy);
  }
}

TEST_CASE("to_json cuts messages and revisions of a guard to the bounds of the schema") {
  GuardStatus status{.message = std::string(5000, 'm'),
                     .checks = {CheckStatus{.name = "health", .message = std::string(5000, 'x')}}};
  for (int i = 0; i < 30; ++i)
    status.revisions.push_back({.hash = TemplateHash(std::to_string(i))});
  set_condition(status.conditions, {.type = "Ready", .message = "\xff" + std::string(50000, 'x')},
                Time{});
  const auto read = parse_guard(object_with("status", to_json(status)));
  REQUIRE(read);
  CHECK(read->status->message.size() == 1024);
  CHECK(read->status->checks.at(0).message.size() == 512);
  CHECK(read->status->revisions.size() == 20);
  CHECK(read->status->revisions.front().hash == TemplateHash("0"));
  CHECK(read->status->conditions.at(0).message.size() == 1024);
  CHECK(read->status->conditions.at(0).reason == "Unknown");
}

TEST_CASE("to_json cuts checks and past rollbacks of a guard to the bounds of the schema") {
  GuardStatus status{
      .freeze = Freeze{.reason = Reason::PatchRejected, .message = std::string(5000, 'm')},
      .last_drill = LastDrill{.message = std::string(5000, 'm')}};
  status.checks = std::vector<CheckStatus>(
      20, CheckStatus{.baseline = BaselineResult{.message = std::string(5000, 'm')}});
  for (int i = 0; i < 30; ++i) {
    status.rollbacks.push_back({.name = std::to_string(i), .at = Time{}});
    status.contests.push_back({.by = std::string(300, 'b'), .at = Time{}});
  }
  status.passed_checks = std::vector<PassedCheck>(50, {.config_hash = std::string(300, 'h')});
  status.idle_results =
      std::vector<IdleResult>(20, {.message = std::string(5000, 'm'), .consecutive_failures = 7});
  const auto read = parse_guard(object_with("status", to_json(status)));
  REQUIRE(read);
  CHECK(read->status->passed_checks.size() == 40);
  CHECK(read->status->passed_checks.at(0).config_hash.size() == 253);
  CHECK(read->status->idle_results.size() == 16);
  CHECK(read->status->idle_results.at(0).message.size() == 512);
  CHECK(read->status->idle_results.at(0).consecutive_failures == 2);
  CHECK(read->status->freeze->reason == Reason::PatchRejected);
  CHECK(read->status->freeze->message.size() == 1024);
  CHECK(read->status->last_drill->message.size() == 1024);
  CHECK(read->status->checks.size() == 17);
  CHECK(read->status->checks.at(0).baseline->message.size() == 512);
  CHECK(read->status->rollbacks.size() == 20);
  CHECK(read->status->rollbacks.front().name == "0");
  CHECK(read->status->contests.size() == 20);
  CHECK(read->status->contests.at(0).by.size() == 253);
}

TEST_CASE("to_json cuts the spec and status of a Rollback to the bounds of the schema") {
  RollbackStatus status{.verification = std::vector<CheckStatus>(20),
                        .changes = std::vector<Change>(
                            30, {.path = std::string(600, 'p'), .from = std::string(600, 'f')}),
                        .timeline = std::vector<TimelineEntry>(
                            30, {.time = Time{}, .message = std::string(600, 'w')}),
                        .time_to_detect = Duration{-1},
                        .time_to_act = std::chrono::hours{20'000}};
  RollbackSpec spec{
      .released_by = std::string(600, 'r'),
      .group = GroupRollback{.name = "shop",
                             .members = std::vector<std::string>(100, std::string(300, 'm'))},
      .caused_by = std::string(600, 'c')};
  const auto read = parse_rollback(
      *parse_json(Json{{"spec", to_json(spec)}, {"status", to_json(status)}}.dump()));
  REQUIRE(read);
  CHECK(read->status.verification.size() == 17);
  CHECK(read->status.changes.size() == 20);
  CHECK(read->status.changes.at(0).path.size() == 512);
  CHECK(read->status.changes.at(0).from.size() == 512);
  CHECK(read->status.timeline.size() == 20);
  CHECK(read->status.timeline.at(0).message.size() == 512);
  CHECK(read->status.time_to_detect == Duration{0});
  CHECK(read->status.time_to_act == Duration{std::chrono::hours{10'000}});
  CHECK(read->spec.released_by.size() == 253);
  CHECK(read->spec.caused_by.size() == 253);
  CHECK(read->spec.group->members.size() == 64);
  CHECK(read->spec.group->members.at(0).size() == 253);
}

TEST_CASE("parse_guard and parse_rollback return an error for an invalid state, verdict or phase") {
  CHECK(parse_guard(*parse_json(R"({"status": {"state": "NoSuchState"}})")).error().message ==
        R"(status.state: "NoSuchState" is not a valid value)");
  CHECK(parse_guard(*parse_json(R"({"status": {"current": {"verdict": 1}}})")).error().message ==
        "status.current.verdict: is 1, expected a string");
  CHECK(parse_rollback(*parse_json(R"({"status": {"phase": "NoSuchPhase"}})")).error().kind ==
        ErrorKind::Protocol);
  CHECK(parse_guard(*parse_json("{}"))->status == GuardStatus{});
}
