// Samples -> how a check stands: rows of consecutive_failures, what must hold, what an unknown
// does, and what all checks together look like.
#include "guard/check_status.hpp"

#include <catch2/catch.hpp>

#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;

namespace {

struct Given {
  Duration at;
  char result;  // P, F, U; I: a failure that breaches at once; H: one that must hold for 30s; h:
                // for another reason
  bool settled = true;
};

api::Measurement measurement_of(char letter) {
  if (letter == 'P') return pass("check");
  if (letter == 'U') return unknown("check");
  if (letter == 'I') return fails_at_once("check");
  api::Measurement out = fails("check");
  if (letter != 'F') out.must_hold = 30s;
  if (letter == 'h') out.reason = Reason::ImagePull;
  return out;
}

struct Row {
  const char* name;
  int threshold;
  std::vector<Given> given;
  MeasurementResult result;
  int consecutive_failures;
  bool passed_once;
  bool breached;
  std::optional<Duration> first_failure;
  std::optional<Duration> last_failure;
};

constexpr auto Pass = MeasurementResult::Pass;
constexpr auto Fail = MeasurementResult::Fail;
constexpr auto Unknown = MeasurementResult::Unknown;

const std::vector<Row> table = {
    {"a pass", 3, {{0s, 'P'}}, Pass, 0, true, false, {}, {}},
    {"a pass during the rollout proves nothing",
     3,
     {{0s, 'P', false}},
     Pass,
     0,
     false,
     false,
     {},
     {}},
    {"a pass during the rollout takes no earlier one away",
     3,
     {{0s, 'P'}, {10s, 'P', false}},
     Pass,
     0,
     true,
     false,
     {},
     {}},
    {"an unknown is neither", 3, {{0s, 'U'}}, Unknown, 0, false, false, {}, {}},
    {"a pass stays one when nothing is known later",
     3,
     {{0s, 'P'}, {10s, 'U'}},
     Unknown,
     0,
     true,
     false,
     {},
     {}},
    {"one failure of three", 3, {{0s, 'F'}}, Fail, 1, false, false, 0s, 0s},
    {"two of three", 3, {{0s, 'F'}, {10s, 'F'}}, Fail, 2, false, false, 0s, 10s},
    {"three of three breach",
     3,
     {{0s, 'F'}, {10s, 'F'}, {20s, 'F'}},
     Fail,
     3,
     false,
     true,
     0s,
     20s},
    {"the first breaches where the threshold is one", 1, {{0s, 'F'}}, Fail, 1, false, true, 0s, 0s},
    {"a row goes on after a breach", 1, {{0s, 'F'}, {10s, 'F'}}, Fail, 2, false, true, 0s, 10s},
    {"a pass ends the row", 3, {{0s, 'F'}, {10s, 'F'}, {20s, 'P'}}, Pass, 0, true, false, {}, {}},
    {"and it begins again", 3, {{0s, 'F'}, {10s, 'P'}, {20s, 'F'}}, Fail, 1, true, false, 20s, 20s},
    {"a pass ends the breach", 1, {{0s, 'F'}, {10s, 'P'}}, Pass, 0, true, false, {}, {}},
    {"an unknown leaves the row as it is",
     3,
     {{0s, 'F'}, {10s, 'U'}},
     Unknown,
     1,
     false,
     false,
     0s,
     0s},
    {"and the row goes on after it",
     3,
     {{0s, 'F'}, {10s, 'F'}, {20s, 'U'}, {30s, 'F'}},
     Fail,
     3,
     false,
     true,
     0s,
     30s},
    {"an unknown leaves the breach", 1, {{0s, 'F'}, {10s, 'U'}}, Unknown, 1, false, true, 0s, 0s},
    {"an hour between two consecutive_failures is still a row",
     2,
     {{0s, 'F'}, {1h, 'F'}},
     Fail,
     2,
     false,
     true,
     0s,
     1h},
    {"what breaches at once does so below the threshold",
     3,
     {{0s, 'I'}},
     Fail,
     1,
     false,
     true,
     0s,
     0s},
    {"what must hold has not held yet", 1, {{0s, 'H'}}, Fail, 1, false, false, 0s, 0s},
    {"just before it has",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {29s, 'H'}},
     Fail,
     4,
     false,
     false,
     0s,
     29s},
    {"it has held",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     4,
     false,
     true,
     0s,
     30s},
    {"held, but not often enough",
     5,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     4,
     false,
     false,
     0s,
     30s},
    {"a pass begins the holding anew",
     1,
     {{0s, 'H'}, {10s, 'P'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     2,
     true,
     false,
     20s,
     30s},
    {"so does an unknown",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'U'}, {29s, 'H'}, {31s, 'H'}},
     Fail,
     2,
     false,
     false,
     29s,
     31s},
    {"so does a time in which nobody looked",
     1,
     {{0s, 'H'}, {31s, 'H'}},
     Fail,
     1,
     false,
     false,
     31s,
     31s},
    {"so does another reason",
     1,
     {{0s, 'h'}, {10s, 'h'}, {20s, 'h'}, {30s, 'H'}},
     Fail,
     1,
     false,
     false,
     30s,
     30s},
    {"but no breach is lost by an unknown",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {30s, 'H'}, {35s, 'U'}, {40s, 'H'}},
     Fail,
     5,
     false,
     true,
     0s,
     40s},
};

}  // namespace

TEST_CASE("How a check stands after its measurements") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    api::CheckStatus check{.name = "check", .failure_threshold = row.threshold};
    for (const Given& given : row.given)
      check = apply(check, measurement_of(given.result), given.settled, noon + given.at);
    const auto since_noon = [](const std::optional<Time>& time) {
      return time ? std::optional(*time - noon) : std::nullopt;
    };
    CHECK(check.name == "check");
    CHECK(check.failure_threshold == row.threshold);
    CHECK(check.result == row.result);
    CHECK(check.reason == measurement_of(row.given.back().result).reason);
    CHECK(check.message == "as the test says");
    CHECK(check.consecutive_failures == row.consecutive_failures);
    CHECK(check.passed_once == row.passed_once);
    CHECK(check.breached == row.breached);
    CHECK(since_noon(check.first_failure) == row.first_failure);
    CHECK(since_noon(check.last_failure) == row.last_failure);
  }
}

TEST_CASE(
    "The checks are the rollout's and the policy's, in this order, with the policy's thresholds") {
  const auto checks = apply_all({}, web_policy().spec, {}, false, noon);
  REQUIRE(checks.size() == 2);
  CHECK(checks[0] ==
        api::CheckStatus{.name = "rollout", .reason = Reason::Pending, .failure_threshold = 1});
  CHECK(checks[1] ==
        api::CheckStatus{.name = "health",
                         .config_hash = api::config_hash_of(web_policy().spec.checks[0].http),
                         .reason = Reason::Pending,
                         .failure_threshold = 3});
}

TEST_CASE(
    "A check that the policy no longer has is dropped with its breach, and one that it newly has "
    "starts empty") {
  auto spec = web_policy().spec;
  const std::vector<api::CheckStatus> before = {
      {.name = "gone", .consecutive_failures = 3, .breached = true},
      {.name = "health", .consecutive_failures = 2, .failure_threshold = 3}};
  spec.checks.push_back({.name = "new", .failure_threshold = 5});
  const auto checks = apply_all(before, spec, {}, true, noon);
  REQUIRE(checks.size() == 3);
  CHECK(checks[1].consecutive_failures == 2);
  CHECK(checks[2].name == "new");
  CHECK(checks[2].consecutive_failures == 0);
  CHECK(checks[2].reason == Reason::Pending);
  CHECK(checks[2].failure_threshold == 5);
  CHECK(breached(checks) == nullptr);
}

TEST_CASE(
    "A check that config_hash something else starts anew, whoever led when it was asked before") {
  auto spec = web_policy().spec;
  std::vector<api::CheckStatus> checks = apply_all({}, spec, {}, true, noon);
  checks[1].consecutive_failures = 3;
  checks[1].breached = true;
  CHECK(apply_all(checks, spec, {}, true, noon)[1].breached);
  spec.checks[0].http.path = "/healthz";
  CHECK(apply_all(checks, spec, {}, true, noon)[1].consecutive_failures == 0);
  CHECK(breached(apply_all(checks, spec, {}, true, noon)) == nullptr);
  // Written before the question was.
  checks[1].config_hash.clear();
  CHECK(apply_all(checks, spec, {}, true, noon)[1].breached);
}

TEST_CASE("A measurement of no check of the policy changes nothing") {
  const std::vector<api::Measurement> measurements = {fails_at_once("another")};
  CHECK(breached(apply_all({}, web_policy().spec, measurements, true, noon)) == nullptr);
}

TEST_CASE(
    "Thresholds follow the policy: a lowered one breaches with the next failure, a raised one ends "
    "a breach") {
  auto spec = web_policy().spec;
  const auto after = [&](int consecutive_failures, int threshold,
                         std::vector<api::Measurement> measurements) {
    const std::vector<api::CheckStatus> before = {{.name = "health",
                                                   .consecutive_failures = consecutive_failures,
                                                   .failure_threshold = 3,
                                                   .breached = consecutive_failures >= 3}};
    spec.checks[0].failure_threshold = threshold;
    return apply_all(before, spec, measurements, true, noon)[1];
  };
  CHECK_FALSE(after(2, 2, {}).breached);
  CHECK(after(2, 2, {fails("health")}).breached);
  CHECK_FALSE(after(3, 10, {}).breached);
  CHECK(after(3, 10, {}).consecutive_failures == 3);
  CHECK(after(9, 10, {fails("health")}).breached);
  CHECK(after(5, 4, {}).breached);
}

TEST_CASE("Of several breached checks the rollout's own comes first") {
  const std::vector<api::CheckStatus> checks = {{.name = "rollout", .breached = true},
                                                {.name = "health", .breached = true}};
  CHECK(breached(checks)->name == "rollout");
}

TEST_CASE("A breach is confirmed by a failure that is the last answer and not long ago") {
  struct Case {
    const char* name;
    MeasurementResult result;
    std::optional<Duration> ago;
    bool breached;
    bool confirmed;
  };
  const std::vector<Case> cases = {
      {"just now", Fail, 0s, true, true},
      {"two turns and a timeout ago", Fail, 22s, true, true},
      {"longer ago", Fail, 23s, true, false},
      {"nothing is known now", Unknown, 0s, true, false},
      {"not known when", Fail, {}, true, false},
      {"failing, but not breached", Fail, 0s, false, false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    api::CheckStatus check{.name = "health", .result = one.result, .breached = one.breached};
    if (one.ago) check.last_failure = noon - *one.ago;
    CHECK((confirmed_breach({check}, web_policy().spec, noon) != nullptr) == one.confirmed);
  }
}

TEST_CASE("What is confirmed may be another check than the first that is breached") {
  const std::vector<api::CheckStatus> checks = {
      {.name = "rollout", .result = Unknown, .breached = true},
      {.name = "health", .result = Fail, .last_failure = noon, .breached = true}};
  CHECK(confirmed_breach(checks, web_policy().spec, noon)->name == "health");
}

TEST_CASE("Turns without an answer are counted in a row, up to the two that each check has") {
  api::CheckStatus check{.name = "health", .failure_threshold = 3};
  const auto after = [&](const api::Measurement& measurement) {
    check = apply(check, measurement, false, noon);
    return check.consecutive_unknowns;
  };
  CHECK(after(unknown("health")) == 1);
  CHECK(after(pass("health")) == 0);
  CHECK(after(unknown("health")) == 1);
  CHECK(after(unknown("health")) == 2);
  CHECK(after(unknown("health")) == 2);
  CHECK(after(fails("health")) == 0);
}

TEST_CASE("What all checks together look like") {
  const api::CheckStatus passed{.name = "a", .reason = Reason::Passed, .passed_once = true};
  const api::CheckStatus failing{
      .name = "b", .reason = Reason::WrongStatus, .consecutive_failures = 1, .passed_once = true};
  const api::CheckStatus silent{
      .name = "c", .reason = Reason::NoPodsToProbe, .consecutive_unknowns = 2};
  const api::CheckStatus hesitant{
      .name = "e", .reason = Reason::NoPodsToProbe, .consecutive_unknowns = 1};
  const api::CheckStatus unasked{.name = "d", .reason = Reason::Pending};
  CHECK(summarize({passed}) == CheckSummary::Passing);
  CHECK(summarize({passed, failing}) == CheckSummary::Failing);
  CHECK(summarize({failing, unasked}) == CheckSummary::Failing);
  CHECK(summarize({passed, silent}) == CheckSummary::Silent);
  CHECK(summarize({passed, silent, hesitant}) == CheckSummary::Unasked);
  CHECK(summarize({passed, silent, unasked}) == CheckSummary::Unasked);
  CHECK(checks_without_result({passed, silent, unasked}) == "c (NoPodsToProbe), d (Pending)");
}

TEST_CASE("Silence is waited for two turns of the slowest check") {
  auto spec = web_policy().spec;
  CHECK(no_result_timeout(spec) == Duration{20s});
  spec.checks.push_back({.name = "slow", .interval = 5min});
  CHECK(no_result_timeout(spec) == Duration{10min});
  spec.checks.clear();
  CHECK(no_result_timeout(spec) == Duration{4s});
}

TEST_CASE(
    "How the other revision answers: the last definite answer stands until the check passes, or "
    "its pods are gone after one") {
  using MaybeBaseline = std::optional<api::BaselineResult>;
  const auto answered = [](MeasurementResult result, bool before, int consecutive_failures = 0) {
    return MaybeBaseline(api::BaselineResult{.result = result,
                                             .revision = "revision 1 (web-v1)",
                                             .consecutive_failures = consecutive_failures,
                                             .before = before});
  };
  const auto after = [](std::vector<std::pair<char, MaybeBaseline>> given) {
    api::CheckStatus check{.name = "check", .failure_threshold = 1};
    for (const auto& [letter, baseline] : given) {
      api::Measurement measurement = measurement_of(letter);
      measurement.baseline = baseline;
      check = apply(check, measurement, true, noon);
    }
    return check.baseline;
  };
  const auto there = answered(Fail, false);
  const auto before = answered(Fail, true);
  CHECK(after({{'F', there}}) == answered(Fail, false, 1));
  CHECK(after({{'U', before}}) == answered(Fail, true, 1));
  CHECK(after({{'U', before}, {'F', there}}) == answered(Fail, true, 2));
  CHECK(after({{'F', before}, {'F', answered(Pass, false)}}) == answered(Pass, false));
  CHECK(after({{'F', answered(Pass, false)}, {'F', there}}) == answered(Fail, false, 1));
  CHECK(after({{'F', there}, {'U', {}}}) == answered(Fail, false, 1));
  CHECK_FALSE(after({{'F', there}, {'P', {}}}).has_value());
  CHECK_FALSE(after({{'F', answered(Unknown, true)}}).has_value());
  // Gone after one failure, its pods may have failed by being stopped.
  CHECK_FALSE(after({{'F', there}, {'F', {}}}).has_value());
  CHECK_FALSE(after({{'F', there}, {'F', answered(Unknown, false)}}).has_value());
  CHECK(after({{'F', there}, {'F', there}, {'F', {}}}) == answered(Fail, false, 2));
  CHECK(after({{'U', before}, {'F', {}}}) == answered(Fail, true, 1));
}

TEST_CASE(
    "A failure counts from when it was answered, however late it is looked at, and never from a "
    "time to come") {
  api::Measurement measurement = measurement_of('F');
  const api::CheckStatus check{.name = "check", .failure_threshold = 2};
  measurement.at = noon - 400ms;
  CHECK(apply(check, measurement, true, noon).first_failure == noon - 400ms);
  CHECK(apply(check, measurement, true, noon).last_failure == noon - 400ms);
  measurement.at = noon + 1h;
  CHECK(apply(check, measurement, true, noon).first_failure == noon);
  measurement.at.reset();
  CHECK(apply(check, measurement, true, noon).first_failure == noon);
}

TEST_CASE("Acted upon is the first confirmed breach that the other revision does not share") {
  const api::BaselineResult shared{.result = Fail};
  const api::BaselineResult own{.result = Pass};
  const auto breach = [](const char* name, std::optional<api::BaselineResult> baseline) {
    return api::CheckStatus{
        .name = name, .result = Fail, .last_failure = noon, .breached = true, .baseline = baseline};
  };
  const auto spec = web_policy().spec;
  CHECK(actionable_breach({breach("rollout", {}), breach("health", own)}, spec, noon)->name ==
        "rollout");
  CHECK(actionable_breach({breach("rollout", shared), breach("health", own)}, spec, noon)->name ==
        "health");
  CHECK(actionable_breach({breach("rollout", shared), breach("health", {})}, spec, noon)->name ==
        "health");
  CHECK(actionable_breach({breach("rollout", shared), breach("health", shared)}, spec, noon) ==
        nullptr);
  CHECK(actionable_breach({breach("rollout", shared), breach("health", own)}, spec, noon + 1h) ==
        nullptr);
}
