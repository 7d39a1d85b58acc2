// The status of a check after measurements, and what the statuses of all checks mean.
#include "guard/check_status.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;

namespace {

struct Given {
  Duration at;
  char result;          // P, F, U; I: an immediate failure; H: a failure that must last for 30s;
                        // h: the same for another reason; u: unknown, with the reason of H
  bool settled = true;  // the rollout is complete
};

api::Measurement measurement_of(char letter) {
  if (letter == 'P') return pass("rollout");
  if (letter == 'U') return unknown("rollout");
  if (letter == 'u') {
    api::Measurement same_reason = unknown("rollout");
    same_reason.reason = fails("rollout").reason;
    return same_reason;
  }
  if (letter == 'I') return fails_immediately("rollout");
  api::Measurement out = fails("rollout");
  if (letter != 'F') out.min_failing_time = 30s;
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
    {"a pass during the rollout does not count as passed once",
     3,
     {{0s, 'P', false}},
     Pass,
     0,
     false,
     false,
     {},
     {}},
    {"a pass during the rollout keeps an earlier pass",
     3,
     {{0s, 'P'}, {10s, 'P', false}},
     Pass,
     0,
     true,
     false,
     {},
     {}},
    {"an unknown result is neither a pass nor a failure",
     3,
     {{0s, 'U'}},
     Unknown,
     0,
     false,
     false,
     {},
     {}},
    {"an unknown result keeps an earlier pass",
     3,
     {{0s, 'P'}, {10s, 'U'}},
     Unknown,
     0,
     true,
     false,
     {},
     {}},
    {"one failure of three", 3, {{0s, 'F'}}, Fail, 1, false, false, 0s, 0s},
    {"two failures of three", 3, {{0s, 'F'}, {10s, 'F'}}, Fail, 2, false, false, 0s, 10s},
    {"three failures of three breach the check",
     3,
     {{0s, 'F'}, {10s, 'F'}, {20s, 'F'}},
     Fail,
     3,
     false,
     true,
     0s,
     20s},
    {"the first failure breaches a threshold of one", 1, {{0s, 'F'}}, Fail, 1, false, true, 0s, 0s},
    {"the count of failures continues after a breach",
     1,
     {{0s, 'F'}, {10s, 'F'}},
     Fail,
     2,
     false,
     true,
     0s,
     10s},
    {"a pass resets the failures",
     3,
     {{0s, 'F'}, {10s, 'F'}, {20s, 'P'}},
     Pass,
     0,
     true,
     false,
     {},
     {}},
    {"failures after a pass count from one",
     3,
     {{0s, 'F'}, {10s, 'P'}, {20s, 'F'}},
     Fail,
     1,
     true,
     false,
     20s,
     20s},
    {"a pass ends the breach", 1, {{0s, 'F'}, {10s, 'P'}}, Pass, 0, true, false, {}, {}},
    {"an unknown result keeps the failures",
     3,
     {{0s, 'F'}, {10s, 'U'}},
     Unknown,
     1,
     false,
     false,
     0s,
     0s},
    {"the count of failures continues after an unknown result",
     3,
     {{0s, 'F'}, {10s, 'F'}, {20s, 'U'}, {30s, 'F'}},
     Fail,
     3,
     false,
     true,
     0s,
     30s},
    {"an unknown result keeps the breach",
     1,
     {{0s, 'F'}, {10s, 'U'}},
     Unknown,
     1,
     false,
     true,
     0s,
     0s},
    {"failures an hour apart are consecutive",
     2,
     {{0s, 'F'}, {1h, 'F'}},
     Fail,
     2,
     false,
     true,
     0s,
     1h},
    {"an immediate failure breaches below the threshold",
     3,
     {{0s, 'I'}},
     Fail,
     1,
     false,
     true,
     0s,
     0s},
    {"a failure that must last for 30s has just begun",
     1,
     {{0s, 'H'}},
     Fail,
     1,
     false,
     false,
     0s,
     0s},
    {"a failure has lasted 29s",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {29s, 'H'}},
     Fail,
     4,
     false,
     false,
     0s,
     29s},
    {"a failure has lasted 30s",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     4,
     false,
     true,
     0s,
     30s},
    {"a failure has lasted 30s, below the threshold",
     5,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     4,
     false,
     false,
     0s,
     30s},
    {"the required time of a failure begins again after a pass",
     1,
     {{0s, 'H'}, {10s, 'P'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     2,
     true,
     false,
     20s,
     30s},
    {"the required time of a failure begins again after an unknown result",
     1,
     {{0s, 'H'}, {10s, 'H'}, {20s, 'U'}, {29s, 'H'}, {31s, 'H'}},
     Fail,
     2,
     false,
     false,
     29s,
     31s},
    {"the required time of a failure begins again after an unknown result with the same reason",
     1,
     {{0s, 'H'}, {5s, 'u'}, {10s, 'H'}, {20s, 'H'}, {30s, 'H'}},
     Fail,
     3,
     false,
     false,
     10s,
     30s},
    {"the required time of a failure begins again after a gap between measurements",
     1,
     {{0s, 'H'}, {31s, 'H'}},
     Fail,
     1,
     false,
     false,
     31s,
     31s},
    {"the required time of a failure begins again when its reason changes",
     1,
     {{0s, 'h'}, {10s, 'h'}, {20s, 'h'}, {30s, 'H'}},
     Fail,
     1,
     false,
     false,
     30s,
     30s},
    {"the required time of a breached failure does not begin again after an unknown result",
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

TEST_CASE("counts consecutive failures, and breaches a check when its measurements require it") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    api::CheckStatus check{.name = "rollout", .failure_threshold = row.threshold};
    for (const Given& given : row.given)
      check = apply(check, measurement_of(given.result), given.settled, noon + given.at);
    const auto since_noon = [](const std::optional<Time>& time) {
      return time ? std::optional(*time - noon) : std::nullopt;
    };
    CHECK(check.name == "rollout");
    CHECK(check.failure_threshold == row.threshold);
    CHECK(check.result == row.result);
    CHECK(check.reason == measurement_of(row.given.back().result).reason);
    CHECK(check.message == "message of the measurement");
    CHECK(check.consecutive_failures == row.consecutive_failures);
    CHECK(check.passed_once == row.passed_once);
    CHECK(check.breached == row.breached);
    CHECK(since_noon(check.first_failure) == row.first_failure);
    CHECK(since_noon(check.last_failure) == row.last_failure);
  }
}

TEST_CASE("lists the rollout check first, then the checks of the policy with their thresholds") {
  const auto checks = apply_all({}, web_policy().spec, {}, false, noon);
  REQUIRE(checks.size() == 2);
  CHECK(checks[0] ==
        api::CheckStatus{.name = "rollout", .reason = Reason::Pending, .failure_threshold = 1});
  CHECK(checks[1] ==
        api::CheckStatus{.name = "health",
                         .config_hash = api::config_hash_of(web_policy().spec.checks[0].kind),
                         .reason = Reason::Pending,
                         .failure_threshold = 3});
}

TEST_CASE("drops a check, and its breach, when it leaves the policy, and adds a new check empty") {
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

TEST_CASE("starts a check again when its configuration changes") {
  auto spec = web_policy().spec;
  std::vector<api::CheckStatus> checks = apply_all({}, spec, {}, true, noon);
  checks[1].consecutive_failures = 3;
  checks[1].breached = true;
  CHECK(apply_all(checks, spec, {}, true, noon)[1].breached);
  api::http_of(spec.checks[0]).path = "/healthz";
  CHECK(apply_all(checks, spec, {}, true, noon)[1].consecutive_failures == 0);
  CHECK(breached(apply_all(checks, spec, {}, true, noon)) == nullptr);
  // A guard that an older version wrote has no config_hash: its breach is kept.
  checks[1].config_hash.clear();
  CHECK(apply_all(checks, spec, {}, true, noon)[1].breached);
}

TEST_CASE("ignores a measurement of a check that is not in the policy") {
  const std::vector<api::Measurement> measurements = {fails_immediately("another")};
  CHECK(breached(apply_all({}, web_policy().spec, measurements, true, noon)) == nullptr);
}

TEST_CASE("counts consecutive unknown results up to two") {
  api::CheckStatus check{.name = "health", .failure_threshold = 3};
  const auto unknowns_after = [&](const api::Measurement& measurement) {
    check = apply(check, measurement, false, noon);
    return check.consecutive_unknowns;
  };
  CHECK(unknowns_after(unknown("health")) == 1);
  CHECK(unknowns_after(pass("health")) == 0);
  CHECK(unknowns_after(unknown("health")) == 1);
  CHECK(unknowns_after(unknown("health")) == 2);
  CHECK(unknowns_after(unknown("health")) == 2);
  CHECK(unknowns_after(fails("health")) == 0);
}

TEST_CASE("summarizes checks as passing, failing, without a result or pending") {
  const api::CheckStatus passed{.name = "a", .reason = Reason::Passed, .passed_once = true};
  const api::CheckStatus failing{
      .name = "b", .reason = Reason::WrongStatus, .consecutive_failures = 1, .passed_once = true};
  const api::CheckStatus no_result{
      .name = "c", .reason = Reason::NoPodsToProbe, .consecutive_unknowns = 2};
  const api::CheckStatus no_result_once{
      .name = "e", .reason = Reason::NoPodsToProbe, .consecutive_unknowns = 1};
  const api::CheckStatus pending{.name = "d", .reason = Reason::Pending};
  CHECK(summarize({passed}) == CheckSummary::Passing);
  CHECK(summarize({passed, failing}) == CheckSummary::Failing);
  CHECK(summarize({failing, pending}) == CheckSummary::Failing);
  CHECK(summarize({passed, no_result}) == CheckSummary::NoResult);
  CHECK(summarize({passed, no_result, no_result_once}) == CheckSummary::Pending);
  CHECK(summarize({passed, no_result, pending}) == CheckSummary::Pending);
}

TEST_CASE("waits for two intervals of the slowest check for a result") {
  auto spec = web_policy().spec;
  CHECK(no_result_timeout(spec) == Duration{20s});
  spec.checks.push_back({.name = "slow", .interval = 5min});
  CHECK(no_result_timeout(spec) == Duration{10min});
  spec.checks.push_back({.name = "fast", .interval = 5s});
  CHECK(no_result_timeout(spec) == Duration{10min});
  spec.checks.clear();
  // Only the rollout check is left. Its interval is 2 s.
  CHECK(no_result_timeout(spec) == Duration{4s});
}

TEST_CASE("takes the time of a failure from its measurement, but never a time in the future") {
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
