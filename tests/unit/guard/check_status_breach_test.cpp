// Breaches of a check: what a changed threshold does to them, which breach is confirmed, which one
// leads to a rollback, and which result of the baseline stays.
#include <catch2/catch.hpp>

#include "guard/check_status.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;

namespace {

constexpr auto Pass = MeasurementResult::Pass;
constexpr auto Fail = MeasurementResult::Fail;
constexpr auto Unknown = MeasurementResult::Unknown;

api::Measurement measurement_of(char letter) {  // P, F or U
  if (letter == 'P') return pass("check");
  return letter == 'U' ? unknown("check") : fails("check");
}

// Whether check health, with the failure threshold 2, is breached after these measurements, 10 s
// apart: P is a pass, U is unknown, F is a failure, and R is a failure with another reason.
bool is_breached_after(const std::string& letters, Duration fail_for) {
  auto spec = web_policy().spec;
  spec.checks[0].failure_threshold = 2;
  spec.checks[0].fail_for = fail_for;
  std::vector<api::CheckStatus> checks;
  Time now = noon;
  for (const char letter : letters) {
    api::Measurement measurement = letter == 'P'   ? pass("health")
                                   : letter == 'U' ? unknown("health")
                                                   : fails("health");
    if (letter == 'R') measurement.reason = Reason::TimedOut;
    checks = apply_all(checks, spec, std::vector{measurement}, true, now);
    now += 10s;
  }
  return checks.at(1).breached;
}

}  // namespace

TEST_CASE("reports the rollout check first when two checks are breached") {
  const std::vector<api::CheckStatus> checks = {{.name = "rollout", .breached = true},
                                                {.name = "health", .breached = true}};
  CHECK(breached(checks)->name == "rollout");
}

TEST_CASE("breaches a check with `for` only when its failures have lasted that long") {
  CHECK(is_breached_after("FF", 0s));
  CHECK_FALSE(is_breached_after("FFF", 30s));
  CHECK(is_breached_after("FFFF", 30s));
  CHECK(is_breached_after("FRFR", 30s));
  CHECK_FALSE(is_breached_after("FFPFF", 30s));
  CHECK_FALSE(is_breached_after("FFUFF", 30s));
}

TEST_CASE("confirms a breach only when the last result is a recent failure") {
  struct Case {
    const char* name;
    MeasurementResult result;
    std::optional<Duration> failed_ago;  // the time since the last failure; empty: not known
    bool is_breached;
    bool is_confirmed;
  };
  const std::vector<Case> cases = {
      {"the check failed just now", Fail, 0s, true, true},
      {"the check failed two intervals and a timeout ago", Fail, 22s, true, true},
      {"the check failed longer ago than that", Fail, 23s, true, false},
      {"the last result is unknown", Unknown, 0s, true, false},
      {"the time of the last failure is not known", Fail, {}, true, false},
      {"the check fails but is not breached", Fail, 0s, false, false},
  };
  for (const Case& row : cases) {
    CAPTURE(row.name);
    api::CheckStatus check{.name = "health", .result = row.result, .breached = row.is_breached};
    if (row.failed_ago) check.last_failure = noon - *row.failed_ago;
    CHECK((confirmed_breach({check}, web_policy().spec, noon) != nullptr) == row.is_confirmed);
  }
}

TEST_CASE("confirms a failure of the last 10s also when the interval of the check is shorter") {
  auto spec = web_policy().spec;
  spec.checks[0].interval = 1s;
  api::http_of(spec.checks[0]).timeout = 1s;
  const api::CheckStatus check{
      .name = "health", .result = Fail, .last_failure = noon, .breached = true};
  CHECK(confirmed_breach({check}, spec, noon + 10s) != nullptr);
  CHECK(confirmed_breach({check}, spec, noon + 10s + 1ms) == nullptr);
}

TEST_CASE("is failing while a failure is recent or the check may still get a result") {
  struct Case {
    const char* name;
    api::CheckStatus check;
    bool is_failing;
  };
  const std::vector<Case> cases = {
      {"failed two intervals and a timeout ago",
       {.result = Fail, .consecutive_failures = 1, .last_failure = noon - 22s},
       true},
      {"failed longer ago",
       {.result = Fail, .consecutive_failures = 1, .last_failure = noon - 23s},
       false},
      {"failed long ago, and had no result once since",
       {.result = Unknown,
        .consecutive_failures = 1,
        .consecutive_unknowns = 1,
        .last_failure = noon - 1h},
       true},
      {"failed long ago, and had no result twice since",
       {.result = Unknown,
        .consecutive_failures = 1,
        .consecutive_unknowns = 2,
        .last_failure = noon - 1h},
       false},
      {"had no result once, and no failure", {.result = Unknown, .consecutive_unknowns = 1}, false},
  };
  for (Case row : cases) {
    CAPTURE(row.name);
    row.check.name = "health";
    CHECK(is_failing_still({row.check}, web_policy().spec, noon) == row.is_failing);
  }
}

TEST_CASE("confirms the first breached check that fails now") {
  const std::vector<api::CheckStatus> checks = {
      {.name = "rollout", .result = Unknown, .breached = true},
      {.name = "health", .result = Fail, .last_failure = noon, .breached = true}};
  CHECK(confirmed_breach(checks, web_policy().spec, noon)->name == "health");
}

TEST_CASE("keeps the last result of the baseline that is not Unknown until the check passes") {
  using MaybeBaseline = std::optional<api::BaselineResult>;
  const auto baseline = [](MeasurementResult result, bool before, int consecutive_failures = 0) {
    return MaybeBaseline(api::BaselineResult{.result = result,
                                             .revision = "revision 1 (web-v1)",
                                             .consecutive_failures = consecutive_failures,
                                             .before = before});
  };
  const auto baseline_after = [](std::vector<std::pair<char, MaybeBaseline>> given) {
    api::CheckStatus check{.name = "check", .failure_threshold = 1};
    for (const auto& [letter, result] : given) {
      api::Measurement measurement = measurement_of(letter);
      measurement.baseline = result;
      check = apply(check, measurement, true, noon);
    }
    return check.baseline;
  };
  const auto fails_now = baseline(Fail, false);
  const auto failed_before = baseline(Fail, true);
  CHECK(baseline_after({{'F', fails_now}}) == baseline(Fail, false, 1));
  CHECK(baseline_after({{'U', failed_before}}) == baseline(Fail, true, 1));
  CHECK(baseline_after({{'U', failed_before}, {'F', fails_now}}) == baseline(Fail, true, 2));
  CHECK(baseline_after({{'F', failed_before}, {'F', baseline(Pass, false)}}) ==
        baseline(Pass, false));
  CHECK(baseline_after({{'F', baseline(Pass, false)}, {'F', fails_now}}) ==
        baseline(Fail, false, 1));
  CHECK(baseline_after({{'F', baseline(Pass, false)}, {'F', {}}}) == baseline(Pass, false));
  CHECK(baseline_after({{'F', fails_now}, {'U', {}}}) == baseline(Fail, false, 1));
  CHECK_FALSE(baseline_after({{'F', fails_now}, {'P', {}}}).has_value());
  CHECK_FALSE(baseline_after({{'F', baseline(Unknown, true)}}).has_value());
  // The baseline has no result after a single failure: its pods may have failed while they
  // terminated.
  CHECK_FALSE(baseline_after({{'F', fails_now}, {'F', {}}}).has_value());
  CHECK_FALSE(baseline_after({{'F', fails_now}, {'F', baseline(Unknown, false)}}).has_value());
  CHECK(baseline_after({{'F', fails_now}, {'F', fails_now}, {'F', {}}}) ==
        baseline(Fail, false, 2));
  CHECK(baseline_after({{'U', failed_before}, {'F', {}}}) == baseline(Fail, true, 1));
  // One measurement may have several failures.
  CHECK(baseline_after({{'U', baseline(Fail, true, 3)}, {'F', fails_now}}) ==
        baseline(Fail, true, 4));
}

TEST_CASE("a pass of the baseline from before the release does not replace a later result") {
  constexpr bool before = true;
  const auto baseline = [](MeasurementResult result, Time at, bool is_before) {
    return api::BaselineResult{.result = result,
                               .consecutive_failures = result == Fail ? 2 : 0,
                               .before = is_before,
                               .at = at};
  };
  const auto after = [](const api::BaselineResult& first, const api::BaselineResult& second) {
    api::CheckStatus check{.name = "errors", .failure_threshold = 3};
    for (const api::BaselineResult& one : {first, second}) {
      api::Measurement failure = fails("errors");
      failure.baseline = one;
      check = apply(check, failure, false, noon);
    }
    return *check.baseline;
  };
  const auto old_pass = baseline(Pass, noon - 5min, before);
  const auto live_failure = baseline(Fail, noon, !before);
  const auto live_pass = baseline(Pass, noon, !before);
  CHECK(after(live_failure, old_pass) == live_failure);
  CHECK(after(live_pass, old_pass) == live_pass);
  CHECK(after(baseline(Fail, noon - 4min, before), old_pass).result == Fail);
  CHECK(after(baseline(Fail, noon - 6min, before), old_pass) == old_pass);
  CHECK(after(live_failure, live_pass) == live_pass);
  CHECK(after(live_pass, baseline(Fail, noon - 5min, before)).result == Fail);
}

// v2 and v1 crash without their database. The database returns, and v2 is OOMKilled by itself.
TEST_CASE("forgets a failing baseline when the rollout fails in another way without a baseline") {
  api::Measurement crash{.check = "rollout", .result = Fail, .reason = Reason::CrashLoop};
  crash.baseline = api::BaselineResult{.result = Fail, .reason = Reason::CrashLoop, .before = true};
  api::CheckStatus check = apply({.name = "rollout"}, crash, false, noon);
  check = apply(std::move(check), crash, false, noon + 10s);
  REQUIRE(is_baseline_failing(check));
  crash.baseline.reset();
  check = apply(std::move(check), crash, false, noon + 20s);
  CHECK(is_baseline_failing(check));
  // ProgressDeadlineExceeded names no cause, so the failing baseline stays.
  api::Measurement late = crash;
  late.reason = Reason::ProgressDeadlineExceeded;
  check = apply(std::move(check), late, false, noon + 25s);
  CHECK(is_baseline_failing(check));
  const api::Measurement killed{.check = "rollout", .result = Fail, .reason = Reason::OOMKilled};
  check = apply(std::move(check), killed, false, noon + 30s);
  CHECK_FALSE(check.baseline.has_value());
}

TEST_CASE("acts on the first confirmed breach of a check that does not fail for the baseline") {
  const api::BaselineResult baseline_fails{.result = Fail, .consecutive_failures = 2};
  const api::BaselineResult baseline_failed_once{.result = Fail, .consecutive_failures = 1};
  const api::BaselineResult baseline_passes{.result = Pass};
  const auto breach = [](const char* name, std::optional<api::BaselineResult> baseline) {
    return api::CheckStatus{
        .name = name, .result = Fail, .last_failure = noon, .breached = true, .baseline = baseline};
  };
  const auto spec = web_policy().spec;
  CHECK(actionable_breach({breach("rollout", {}), breach("health", baseline_passes)}, spec, noon)
            ->name == "rollout");
  CHECK(actionable_breach({breach("rollout", baseline_fails), breach("health", baseline_passes)},
                          spec, noon)
            ->name == "health");
  CHECK(actionable_breach({breach("rollout", baseline_fails), breach("health", {})}, spec, noon)
            ->name == "health");
  CHECK(actionable_breach({breach("rollout", baseline_failed_once)}, spec, noon) != nullptr);
  CHECK(actionable_breach({breach("rollout", baseline_fails), breach("health", baseline_fails)},
                          spec, noon) == nullptr);
  CHECK(actionable_breach({breach("rollout", baseline_fails), breach("health", baseline_passes)},
                          spec, noon + 1h) == nullptr);
}

TEST_CASE(
    "a lowered threshold breaches at the next failure, and a raised one ends a breach below it") {
  auto spec = web_policy().spec;
  const auto check_after = [&](int consecutive_failures, int threshold,
                               std::vector<api::Measurement> measurements) {
    const std::vector<api::CheckStatus> before = {{.name = "health",
                                                   .consecutive_failures = consecutive_failures,
                                                   .failure_threshold = 3,
                                                   .breached = consecutive_failures >= 3}};
    spec.checks[0].failure_threshold = threshold;
    return apply_all(before, spec, measurements, true, noon)[1];
  };
  CHECK_FALSE(check_after(2, 2, {}).breached);
  CHECK(check_after(2, 2, {fails("health")}).breached);
  CHECK_FALSE(check_after(3, 10, {}).breached);
  CHECK(check_after(3, 10, {}).consecutive_failures == 3);
  CHECK(check_after(9, 10, {fails("health")}).breached);
  CHECK(check_after(5, 4, {}).breached);
  CHECK(check_after(4, 4, {}).breached);
}

TEST_CASE("keeps the breach of an immediate failure while the threshold does not change") {
  const auto spec = web_policy().spec;
  const auto checks = apply_all({}, spec, std::vector{fails_immediately("health")}, true, noon);
  REQUIRE(checks[1].consecutive_failures < checks[1].failure_threshold);
  CHECK(apply_all(checks, spec, {}, true, noon)[1].breached);
}

TEST_CASE("does not breach a check when its threshold is raised") {
  auto spec = web_policy().spec;
  const std::vector<api::CheckStatus> before = {
      {.name = "health", .consecutive_failures = 5, .failure_threshold = 3}};
  spec.checks[0].failure_threshold = 4;
  CHECK_FALSE(apply_all(before, spec, {}, true, noon)[1].breached);
}

TEST_CASE("counts a pass towards a good release only when the rollout is complete") {
  const auto spec = web_policy().spec;
  const std::vector<api::Measurement> passes = {pass("health")};
  CHECK_FALSE(apply_all({}, spec, passes, false, noon)[1].passed_once);
  CHECK(apply_all({}, spec, passes, true, noon)[1].passed_once);
}

// With little traffic, one run of a podMetrics check takes up to a minute. The time between two
// failures is then no gap, and the time of `for` goes on.
TEST_CASE("a podMetrics check with for is breached although each run takes 40 seconds") {
  api::PolicySpec spec;
  spec.checks = {
      {.name = "errors", .kind = api::PodMetricsCheck{}, .failure_threshold = 1, .fail_for = 2min}};
  std::vector<api::CheckStatus> checks;
  for (int run = 0; run <= 3; ++run) {
    CHECK_FALSE(breached(checks));
    checks = apply_all(checks, spec, Measurements{fails("errors")}, true, noon + run * 40s);
  }
  CHECK(breached(checks));
  CHECK(confirmed_breach(checks, spec, noon + 3 * 40s + 40s));
}

TEST_CASE("the required time of a podMetrics failure begins again after a gap longer than a run") {
  api::PolicySpec spec;
  spec.checks = {{.name = "errors",
                  .kind = api::PodMetricsCheck{},
                  .interval = 10s,
                  .failure_threshold = 1,
                  .fail_for = 2min}};
  const Duration age = max_result_age("errors", spec);
  CHECK(age > 80s);
  CHECK(age < 2min);
  auto checks = apply_all({}, spec, Measurements{fails("errors")}, true, noon);
  checks = apply_all(checks, spec, Measurements{fails("errors")}, true, noon + 2min);
  CHECK_FALSE(breached(checks));
}
