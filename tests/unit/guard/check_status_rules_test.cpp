// The status of a check that reads a rule from the cluster.
#include <array>
#include <catch2/catch.hpp>

#include "guard/check_status.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;
using enum api::MeasurementResult;

namespace {

// A measurement of check alert. `question` identifies the expression of the rule that was measured.
api::Measurement answer_to(const char* question, MeasurementResult result) {
  return {.check = "alert", .result = result, .question = question};
}

}  // namespace

TEST_CASE("begins to count again when a rule changes: failures of the old rule do not count") {
  api::CheckStatus check{.name = "alert", .config_hash = "a", .failure_threshold = 3};
  for (int i = 0; i < 3; ++i) check = apply(check, answer_to("old", Fail), true, noon);
  CHECK(check.breached);
  check = apply(check, answer_to("new", Fail), true, noon);
  CHECK_FALSE(check.breached);
  CHECK(check.consecutive_failures == 1);
  CHECK(check.failure_threshold == 3);
  CHECK(check.config_hash == "a");
  CHECK(check.question == "new");
}

TEST_CASE("keeps the failures of a rule while the rule cannot be read") {
  api::CheckStatus check{.name = "alert", .failure_threshold = 3};
  check = apply(check, answer_to("old", Fail), true, noon);
  check = apply(check, answer_to("", Unknown), true, noon);
  check = apply(check, answer_to("old", Fail), true, noon);
  CHECK(check.consecutive_failures == 2);
}

TEST_CASE("a failure must last for the longer `for`: that of the check or that of its rule") {
  struct Row {
    Duration of_check;
    Duration of_rule;
    Duration lasted;
    bool breached;
  };
  const Row row = GENERATE(values<Row>({{0s, 2min, 119s, false},
                                        {0s, 2min, 120s, true},
                                        {3min, 2min, 120s, false},
                                        {3min, 2min, 180s, true}}));
  api::PolicySpec spec = web_policy().spec;
  spec.checks.front().fail_for = row.of_check;
  spec.checks.front().failure_threshold = 1;
  api::Measurement failure = fails(spec.checks.front().name);
  failure.min_failing_time = row.of_rule;
  std::vector<api::CheckStatus> checks;
  for (Duration at{0}; at <= row.lasted; at += 1s)
    checks = apply_all(checks, spec, std::array{failure}, true, noon + at);
  CHECK(checks.back().breached == row.breached);
}

TEST_CASE(
    "the required time of a failure begins again when no series failed in every measurement") {
  struct Row {
    const char* name;
    std::vector<std::vector<std::string>> series;  // one measurement each 10 s
    int failures;
    bool breached;  // a failure must last for 30 s
  };
  const Row row = GENERATE(values<Row>({
      {"one series", {{"a"}, {"a"}, {"a"}, {"a"}}, 4, true},
      {"others come and go", {{"a"}, {"a", "b"}, {"a", "c"}, {"a"}}, 4, true},
      {"one after the other", {{"a"}, {"b"}, {"a"}, {"b"}}, 1, false},
      {"a chain", {{"a", "b"}, {"b", "c"}, {"c", "d"}, {"c", "d"}}, 2, false},
      {"no series are known", {{}, {}, {}, {}}, 4, true},
  }));
  INFO(row.name);
  api::CheckStatus check{.name = "alert", .failure_threshold = 2};
  Time now = noon;
  for (const std::vector<std::string>& series : row.series) {
    api::Measurement failure = answer_to("rule", Fail);
    failure.failing_series = series;
    failure.min_failing_time = 30s;
    failure.max_gap = 1min;
    check = apply(check, failure, true, now);
    now += 10s;
  }
  CHECK(check.consecutive_failures == row.failures);
  CHECK(check.breached == row.breached);
}

TEST_CASE(
    "the required time of a failure begins again when a restart has lost the failing series") {
  api::Measurement failure = answer_to("rule", Fail);
  failure.failing_series = {"a"};
  failure.min_failing_time = 30s;
  failure.max_gap = 1min;
  api::CheckStatus check{.name = "alert", .failure_threshold = 2};
  check = apply(check, failure, true, noon);
  check.failing_series.clear();
  check = apply(check, failure, true, noon + 30s);
  CHECK_FALSE(check.breached);
  CHECK(apply(check, failure, true, noon + 60s).breached);
}

namespace {

// Before the release, the alert fired for the old pods. Measured every `interval` from noon.
struct AlertBaseline {
  explicit AlertBaseline(Duration interval, api::Reason reason = api::Reason::AlertFiring)
      : interval(interval) {
    api::Measurement failure = answer_to("rule", Fail);
    failure.baseline = baseline(Fail, reason);
    add(failure);
  }

  static api::BaselineResult baseline(api::MeasurementResult result, api::Reason reason) {
    return {.result = result, .reason = reason, .consecutive_failures = 2, .before = true};
  }

  void add(api::Measurement measurement) {
    measurement.max_gap = 2 * interval + 5s;
    check = apply(check, measurement, true, now);
    now += interval;
  }
  void add(api::MeasurementResult result, int times = 1) {
    for (int i = 0; i < times; ++i) add(answer_to("rule", result));
  }

  Duration interval;
  Time now = noon;
  api::CheckStatus check{.name = "alert", .failure_threshold = 2};
};

}  // namespace

TEST_CASE("the failing baseline of an alert stays until the check has passed for 2 minutes") {
  struct Row {
    const char* name;
    api::Reason reason;  // of the baseline
    Duration interval;
    int passes;
    bool stays;
  };
  using api::Reason;
  const Row row = GENERATE(values<Row>({
      {"one pass after the server has lost its data", Reason::AlertFiring, 10s, 1, true},
      {"110 s", Reason::AlertFiring, 10s, 12, true},
      {"120 s", Reason::AlertFiring, 10s, 13, false},
      {"119 s at a short interval", Reason::AlertFiring, 1s, 120, true},
      {"120 s at a short interval", Reason::AlertFiring, 1s, 121, false},
      {"one pass at a long interval", Reason::AlertFiring, 30min, 1, true},
      {"two passes at a long interval", Reason::AlertFiring, 30min, 2, false},
      {"another check", Reason::LimitExceeded, 10s, 1, false},
  }));
  INFO(row.name);
  AlertBaseline alert(row.interval, row.reason);
  alert.add(Pass, row.passes);
  CHECK(is_baseline_failing(alert.check) == row.stays);
  CHECK(alert.check.consecutive_failures == 0);
}

TEST_CASE("the 2 minutes of passes begin again after another result or a gap") {
  AlertBaseline alert(10s);
  alert.add(Pass, 12);
  SECTION("an alert that is pending") { alert.add(Unknown); }
  SECTION("a gap") { alert.now += 30s; }
  alert.add(Pass, 12);
  CHECK(is_baseline_failing(alert.check));
  alert.add(Pass);
  CHECK_FALSE(is_baseline_failing(alert.check));
}

TEST_CASE("passes from before the failing baseline of an alert do not end it") {
  AlertBaseline alert(10s);
  alert.add(Pass, 20);
  REQUIRE_FALSE(is_baseline_failing(alert.check));
  // Alertmanager sends an alert of an older pod.
  api::Measurement unknown = answer_to("rule", Unknown);
  unknown.baseline = AlertBaseline::baseline(Fail, api::Reason::AlertFiring);
  alert.add(unknown);
  alert.add(Pass);
  CHECK(is_baseline_failing(alert.check));
}

TEST_CASE("a pass of the old pods replaces the failing baseline of an alert only for a failure") {
  AlertBaseline alert(10s);
  api::Measurement measurement = answer_to("rule", Pass);
  measurement.baseline = AlertBaseline::baseline(Pass, api::Reason::None);
  alert.add(measurement);
  CHECK(is_baseline_failing(alert.check));
  measurement = answer_to("rule", Fail);
  measurement.baseline = AlertBaseline::baseline(Pass, api::Reason::None);
  measurement.baseline->before = false;
  alert.add(measurement);
  CHECK_FALSE(is_baseline_failing(alert.check));
}

TEST_CASE("a breach of a rule stays when other series fail, and a pass forgets the series") {
  api::Measurement failure = answer_to("rule", Fail);
  failure.failing_series = {"a"};
  failure.min_failing_time = 10s;
  api::CheckStatus check{.name = "alert", .failure_threshold = 2};
  check = apply(apply(check, failure, true, noon), failure, true, noon + 10s);
  REQUIRE(check.breached);
  failure.failing_series = {"b"};
  check = apply(check, failure, true, noon + 20s);
  CHECK(check.breached);
  CHECK(apply(check, answer_to("rule", Pass), true, noon + 30s).failing_series.empty());
}

TEST_CASE("breach_due_at returns a time only when nothing but the required time is missing") {
  api::Measurement failure = answer_to("rule", Fail);
  failure.min_failing_time = 30s;
  api::CheckStatus check{.name = "alert", .failure_threshold = 2};
  CHECK_FALSE(breach_due_at(check));
  check = apply(check, failure, true, noon);
  // The second failure of the threshold is missing too.
  CHECK_FALSE(breach_due_at(check));
  check = apply(check, failure, true, noon + 10s);
  CHECK(breach_due_at(check) == noon + 30s);
  CHECK_FALSE(breach_due_at(apply(check, answer_to("rule", Pass), true, noon + 20s)));
  CHECK_FALSE(breach_due_at(apply(check, answer_to("rule", Unknown), true, noon + 20s)));
  CHECK_FALSE(breach_due_at(apply(check, failure, true, noon + 30s)));
}
