#include "checks/pod_metrics_measurement.hpp"

#include <catch2/catch.hpp>

#include "checks/message.hpp"

namespace lastgood::checks::test {

using api::MeasurementResult;
using api::Reason;

namespace {

api::Check check_with(std::optional<api::Comparison> fail_if,
                      std::optional<api::BaselineComparison> compare = {}) {
  return {.name = "errors", .kind = api::PodMetricsCheck{.fail_if = fail_if, .compare = compare}};
}
const api::Comparison above_5_percent{.limit = 0.05};
const api::BaselineComparison twice{.ratio_above = 2, .and_above = 0.01};

RevisionValue ratio(double value) {
  return {.value = value,
          .requests = 340,
          .text = "N of 340 requests of 3 pods failed: ratio ",
          .metric = "errors / requests"};
}
RevisionMetrics low_traffic() {
  return std::unexpected(ScrapeProblem{.reason = Reason::LowTraffic, .message = "too few"});
}

}  // namespace

TEST_CASE("measure_pod_metrics compares the value with failIf") {
  const auto passed = measure_pod_metrics(check_with(above_5_percent), ratio(0.05), ratio(0.001));
  CHECK(passed.check == "errors");
  CHECK(passed.result == MeasurementResult::Pass);
  CHECK(passed.reason == Reason::Passed);
  CHECK(passed.value == 0.05);
  CHECK(passed.threshold == "> 0.05");
  CHECK(passed.traffic == 340);
  CHECK(passed.query == "errors / requests");
  CHECK(passed.message ==
        "N of 340 requests of 3 pods failed: ratio 0.05, fails if > 0.05, old pods 0.001");
  const auto failed = measure_pod_metrics(check_with(above_5_percent), ratio(0.06), {});
  CHECK(failed.result == MeasurementResult::Fail);
  CHECK(failed.reason == Reason::LimitExceeded);
  CHECK(failed.message == "N of 340 requests of 3 pods failed: ratio 0.06, fails if > 0.05");
}

TEST_CASE("measure_pod_metrics compares the value with that of the baseline") {
  struct Row {
    std::optional<api::Comparison> fail_if;
    double release;
    std::optional<double> baseline;
    MeasurementResult result;
    Reason reason;
  };
  using enum MeasurementResult;
  const auto row = GENERATE(values<Row>({
      {{}, 0.05, 0.02, Fail, Reason::LimitExceeded},
      {{}, 0.04, 0.02, Pass, Reason::Passed},  // not more than twice
      {{}, 0.01, 0.0, Pass, Reason::Passed},   // not above andAbove
      {{}, 0.011, 0.0, Fail, Reason::LimitExceeded},
      {{}, 0.5, {}, Unknown, Reason::NoBaselineValue},
      {{}, 0.0, {}, Unknown, Reason::NoBaselineValue},
      {above_5_percent, 0.06, 0.02, Fail, Reason::LimitExceeded},
      {above_5_percent, 0.06, 0.04, Pass, Reason::Passed},
      {above_5_percent, 0.04, 0.0, Pass, Reason::Passed},
      {above_5_percent, 0.04, {}, Pass, Reason::Passed},  // failIf is not met
      {above_5_percent, 0.06, {}, Unknown, Reason::NoBaselineValue},
  }));
  INFO(row.release << " " << row.baseline.value_or(-1));
  const auto baseline =
      row.baseline ? std::optional(RevisionMetrics(ratio(*row.baseline))) : std::nullopt;
  const auto found =
      measure_pod_metrics(check_with(row.fail_if, twice), ratio(row.release), baseline);
  CHECK(found.result == row.result);
  CHECK(found.reason == row.reason);
}

TEST_CASE(
    "measure_pod_metrics names the limits, and the value of the old pods or why there is none") {
  const auto both = measure_pod_metrics(check_with(above_5_percent, twice), ratio(0.5), ratio(0.2));
  CHECK(both.threshold == "> 0.05 and > 2 x baseline and > 0.01");
  CHECK(both.message ==
        "N of 340 requests of 3 pods failed: ratio 0.5, fails if > 0.05 and > 2 x baseline and > "
        "0.01, old pods 0.2");
  const auto none = measure_pod_metrics(check_with({}, twice), ratio(0.5), {});
  CHECK(
      none.message.ends_with("fails if > 2 x baseline and > 0.01, and no old pod is ready; "
                             "add failIf or onNoData: Ignore"));
  const auto low = measure_pod_metrics(check_with({}, twice), ratio(0.5), low_traffic());
  CHECK(low.reason == Reason::NoBaselineValue);
  CHECK(low.message.ends_with(", old pods without a value: too few"));
}

TEST_CASE("measure_pod_metrics is Unknown without a value") {
  const auto found = measure_pod_metrics(check_with(above_5_percent), low_traffic(), ratio(0.9));
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK(found.reason == Reason::LowTraffic);
  CHECK(found.message == "too few");
  CHECK_FALSE(found.value);
}

TEST_CASE("measure_pod_metrics does not fail because of a single pod of several") {
  RevisionValue value = ratio(0.3);
  value.without_pod = {{"web-a", 0.4}, {"web-b", 0.001}, {"web-c", 0.4}};
  const auto passed = measure_pod_metrics(check_with(above_5_percent), value, {});
  CHECK(passed.result == MeasurementResult::Pass);
  CHECK(passed.message.ends_with("; without pod web-b it is 0.001, and one pod does not decide"));
  value.without_pod[1].value = 0.06;
  CHECK(measure_pod_metrics(check_with(above_5_percent), value, {}).result ==
        MeasurementResult::Fail);
}

TEST_CASE("measure_pod_metrics names the pods that are not counted and clips the message") {
  RevisionValue value = ratio(0.3);
  value.pods_not_counted = "1 of 3 pods is not counted: web-a: " + std::string(1000, 'x');
  const auto found = measure_pod_metrics(check_with(above_5_percent), value, {});
  CHECK(found.message.contains("; 1 of 3 pods is not counted: web-a: xxx"));
  CHECK(found.message.size() <= max_message_size);
}

TEST_CASE("measure_pod_metrics shows enough digits to see the difference from the limit") {
  const auto found = measure_pod_metrics(check_with(above_5_percent), ratio(0.0500000001), {});
  CHECK(found.result == MeasurementResult::Fail);
  CHECK(found.message.contains("ratio 0.0500000001, "));
}

TEST_CASE("measure_baseline_pod_metrics measures the baseline by failIf alone") {
  const auto check = check_with(above_5_percent, twice);
  CHECK(measure_baseline_pod_metrics(check, ratio(0.06)).result == MeasurementResult::Fail);
  CHECK(measure_baseline_pod_metrics(check, ratio(0.04)).result == MeasurementResult::Pass);
  CHECK(measure_baseline_pod_metrics(check, low_traffic()).result == MeasurementResult::Unknown);
}

TEST_CASE("measure_baseline_pod_metrics passes with any value when the check has no failIf") {
  const auto check = check_with({}, twice);
  const auto passed = measure_baseline_pod_metrics(check, ratio(0.9));
  CHECK(passed.result == MeasurementResult::Pass);
  CHECK(passed.value == 0.9);
  CHECK(measure_baseline_pod_metrics(check, low_traffic()).reason == Reason::LowTraffic);
}

TEST_CASE("needs_longer_window is true when the release or the baseline has too little traffic") {
  const auto check = check_with({}, twice);
  CHECK(needs_longer_window(measure_pod_metrics(check, low_traffic(), {}), {}));
  CHECK(needs_longer_window(measure_pod_metrics(check, ratio(0.5), low_traffic()), low_traffic()));
  CHECK_FALSE(needs_longer_window(measure_pod_metrics(check, ratio(0.5), {}), {}));
  CHECK_FALSE(needs_longer_window(measure_pod_metrics(check, ratio(0.5), ratio(0)), ratio(0)));
  const RevisionMetrics not_found =
      std::unexpected(ScrapeProblem{.reason = Reason::MetricNotFound, .message = "none"});
  CHECK_FALSE(needs_longer_window(measure_pod_metrics(check, not_found, {}), {}));
}

}  // namespace lastgood::checks::test
