// What we write is what we read: every status survives its way to the server and back.
#include <catch2/catch.hpp>
#include <random>

#include "base/digest.hpp"
#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;

namespace {

// Makes statuses in which each field is now and then absent. The same on every machine.
class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  bool maybe() { return below(2) == 0; }
  std::string text() {
    static const std::vector<std::string> texts = {"", "web", "3 of 3 pods answered 500",
                                                   "\"quoted\"\n", "\xe2\x82\xac"};
    return texts[below(texts.size())];
  }
  std::int64_t number() { return static_cast<std::int64_t>(below(1'000'000)); }
  std::optional<Time> time(bool whole_seconds = false) {
    if (maybe()) return std::nullopt;
    const auto ms = static_cast<std::int64_t>(below(4'000'000'000'000));
    return Time{Duration{whole_seconds ? ms / 1000 * 1000 : ms}};
  }
  template <class T>
  std::vector<T> list(std::size_t most, T (Maker::*make)()) {
    std::vector<T> out;
    for (std::size_t n = below(most + 1); n > 0; --n) out.push_back((this->*make)());
    return out;
  }

  template <class T>
  std::optional<T> perhaps(T (Maker::*make)()) {
    if (maybe()) return std::nullopt;
    return (this->*make)();
  }
  Reason reason() {
    const auto rows = reason_table();
    return maybe() ? Reason::None : rows[below(rows.size())].reason;
  }
  Duration duration() { return Duration{below(36'000'000'000)}; }

  Condition condition() {
    return {.type = "Ready",
            .status = static_cast<ConditionStatus>(below(3)),
            .reason = "Reason",
            .message = text(),
            .last_transition = time(true).value_or(Time{}),
            .observed_generation = number()};
  }
  Revision revision() {
    return {.hash = TemplateHash(text()),
            .replica_set = Uid(text()),
            .number = number(),
            .verdict = static_cast<RevisionVerdict>(below(7)),
            .since = time(),
            .snapshot = text(),
            .no_rollback_past = maybe(),
            .released_by = text()};
  }
  BaselineResult baseline() {
    return {.result = static_cast<MeasurementResult>(below(3)),
            .reason = reason(),
            .message = text(),
            .revision = text(),
            .consecutive_failures = static_cast<int>(below(100)),
            .before = maybe(),
            .at = time()};
  }
  CheckStatus check() {
    return {.name = "health",
            .result = static_cast<MeasurementResult>(below(3)),
            .reason = reason(),
            .message = text(),
            .consecutive_failures = static_cast<int>(below(100)),
            .failure_threshold = static_cast<int>(below(100)),
            .passed_once = maybe(),
            .consecutive_unknowns = static_cast<int>(below(3)),
            .first_failure = time(),
            .last_failure = time(),
            .breached = maybe(),
            .baseline = perhaps(&Maker::baseline)};
  }
  PastRollback past_rollback() { return {.name = text(), .at = time().value_or(Time{})}; }
  Contest contest() { return {.by = text(), .at = time().value_or(Time{})}; }
  Freeze freeze() { return {.reason = reason(), .message = text(), .since = time()}; }
  LastDrill last_drill() {
    return {.rollback = text(), .at = time(), .passed = maybe(), .message = text()};
  }
  GuardStatus guard() {
    GuardStatus out{.deployment_generation = number(),
                    .deployment_uid = Uid(text()),
                    .policy = text(),
                    .state = static_cast<State>(below(6)),
                    .reason = reason(),
                    .message = text(),
                    .blocked_by = text(),
                    .state_since = time()};
    if (maybe()) out.template_digest = TemplateDigest(digest_of(text()));
    out.current = perhaps(&Maker::revision);
    out.last_good = perhaps(&Maker::revision);
    out.revisions = list(20, &Maker::revision);
    out.evaluation_started = time();
    out.rolled_out = time();
    out.checks = list(17, &Maker::check);
    out.rollback = text();
    out.rollbacks = list(20, &Maker::past_rollback);
    out.contests = list(20, &Maker::contest);
    out.freeze = perhaps(&Maker::freeze);
    out.last_drill = perhaps(&Maker::last_drill);
    out.conditions = list(4, &Maker::condition);
    return out;
  }
  GroupRollback group() { return {.name = text(), .members = list(64, &Maker::text)}; }
  RollbackSpec rollback_spec() {
    return {.deployment = text(),
            .deployment_uid = Uid(text()),
            .generation = number(),
            .from = revision(),
            .to = revision(),
            .check = text(),
            .reason = reason(),
            .message = text(),
            .detected = time(),
            .to_revision = perhaps(&Maker::number),
            .force = maybe(),
            .drill = maybe(),
            .mode = static_cast<Mode>(below(3)),
            .approved = maybe(),
            .policy = text(),
            .released_by = text(),
            .released = time(),
            .group = perhaps(&Maker::group),
            .caused_by = text()};
  }
  Change change() { return {.path = text(), .from = text(), .to = text()}; }
  TimelineEntry moment() { return {.time = time().value_or(Time{}), .message = text()}; }
  RollbackStatus rollback_status() {
    return {.phase = static_cast<RollbackPhase>(below(9)),
            .message = text(),
            .waiting_for = reason(),
            .blocked_by = text(),
            .approved_by = text(),
            .last_error = text(),
            .first_failure = time(),
            .template_restored = time(),
            .rolled_out = time(),
            .finished = time(),
            .evidence = list(17, &Maker::check),
            .verification = list(17, &Maker::check),
            .changes = list(20, &Maker::change),
            .timeline = list(20, &Maker::moment),
            .time_to_detect = perhaps(&Maker::duration),
            .time_to_act = perhaps(&Maker::duration),
            .conditions = list(4, &Maker::condition)};
  }
  PolicyStatus policy_status() {
    return {.observed_generation = number(),
            .guarded = number(),
            .conditions = list(4, &Maker::condition)};
  }

 private:
  std::mt19937 random_;
};

Json sent(const char* part, const Json& value) { return *parse_json(Json{{part, value}}.dump()); }

}  // namespace

TEST_CASE("Every status and spec that is written reads back equal") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Maker make(seed);
    INFO("seed " << seed);
    const GuardStatus guard = make.guard();
    CHECK(parse_guard(sent("status", to_json(guard)))->status == guard);
    const RollbackSpec spec = make.rollback_spec();
    CHECK(parse_rollback(sent("spec", to_json(spec)))->spec == spec);
    const RollbackStatus rollback = make.rollback_status();
    CHECK(parse_rollback(sent("status", to_json(rollback)))->status == rollback);
    const PolicyStatus policy = make.policy_status();
    CHECK(parse_policy(sent("status", to_json(policy)))->status == policy);
  }
}

TEST_CASE(
    "What is too long for the schema is cut, so that the server never refuses a status for it") {
  GuardStatus status{.message = std::string(5000, 'm'),
                     .checks = {CheckStatus{.name = "health", .message = std::string(5000, 'x')}}};
  for (int i = 0; i < 30; ++i)
    status.revisions.push_back({.hash = TemplateHash(std::to_string(i))});
  set_condition(status.conditions, {.type = "Ready", .message = "\xff" + std::string(50000, 'x')},
                Time{});
  const auto read = parse_guard(sent("status", to_json(status)));
  REQUIRE(read);
  CHECK(read->status.message.size() == 1024);
  CHECK(read->status.checks.at(0).message.size() == 512);
  CHECK(read->status.revisions.size() == 20);
  CHECK(read->status.revisions.front().hash == TemplateHash("0"));
  CHECK(read->status.conditions.at(0).message.size() == 1024);
  CHECK(read->status.conditions.at(0).reason == "Unknown");
}

TEST_CASE("cuts a list or a text that is too long for the schema") {
  GuardStatus status{
      .freeze = Freeze{.reason = Reason::PatchRejected, .message = std::string(5000, 'm')},
      .last_drill = LastDrill{.message = std::string(5000, 'm')}};
  status.checks = std::vector<CheckStatus>(
      20, CheckStatus{.baseline = BaselineResult{.message = std::string(5000, 'm')}});
  for (int i = 0; i < 30; ++i) {
    status.rollbacks.push_back({.name = std::to_string(i), .at = Time{}});
    status.contests.push_back({.by = std::string(300, 'b'), .at = Time{}});
  }
  const auto read = parse_guard(sent("status", to_json(status)));
  REQUIRE(read);
  CHECK(read->status.freeze->reason == Reason::PatchRejected);
  CHECK(read->status.freeze->message.size() == 1024);
  CHECK(read->status.last_drill->message.size() == 1024);
  CHECK(read->status.checks.size() == 17);
  CHECK(read->status.checks.at(0).baseline->message.size() == 512);
  CHECK(read->status.rollbacks.size() == 20);
  CHECK(read->status.rollbacks.front().name == "0");
  CHECK(read->status.contests.size() == 20);
  CHECK(read->status.contests.at(0).by.size() == 253);
}

TEST_CASE("A Rollback's record is cut to what its schema admits") {
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

TEST_CASE("A status of another version that says what we do not know is an error, not a guess") {
  CHECK(parse_guard(*parse_json(R"({"status": {"state": "Dancing"}})")).error().message ==
        R"(status.state: "Dancing" is none of its values)");
  CHECK(parse_guard(*parse_json(R"({"status": {"current": {"verdict": 1}}})")).error().message ==
        "status.current.verdict: is 1, expected a string");
  CHECK(parse_rollback(*parse_json(R"({"status": {"phase": "Dancing"}})")).error().kind ==
        ErrorKind::Protocol);
  CHECK(parse_guard(*parse_json("{}"))->status == GuardStatus{});
}
