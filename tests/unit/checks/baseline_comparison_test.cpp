#include "checks/baseline_comparison.hpp"

#include <catch2/catch.hpp>

#include "checks/metrics_baseline.hpp"

namespace lastgood::checks::test {
namespace {

using api::MeasurementResult;
using api::Reason;
using enum api::MeasurementResult;

const Time now{std::chrono::seconds(1'000'000)};

api::Check check_with(std::optional<double> fail_if_above = {}) {
  api::PrometheusCheck prometheus{
      .query = R"(errors{pod=~"$pods"})",
      .compare = api::BaselineComparison{.ratio_above = 2, .and_above = 0.01}};
  if (fail_if_above) prometheus.fail_if = api::Comparison{.limit = *fail_if_above};
  return {.name = "errors", .kind = prometheus};
}

// A value that has not been compared with the baseline yet, as measure_prometheus() returns it.
api::Measurement awaiting(double value) {
  return {.check = "errors", .reason = Reason::NoBaselineValue, .value = value, .query = "errors"};
}

BaselineEvidence baseline_with(double value) {
  return {.baseline =
              api::BaselineResult{.result = Pass, .value = value, .revision = "revision 4"}};
}

}  // namespace

TEST_CASE("compare_with_baseline fails only above the multiple and above the absolute limit") {
  struct Row {
    const char* name;
    double value;
    double baseline;
    MeasurementResult result;
    Reason reason;
  };
  const Row rows[] = {
      {"far above the multiple and the absolute limit", 0.21, 0.04, Fail, Reason::LimitExceeded},
      {"exactly the multiple", 0.08, 0.04, Pass, Reason::Passed},
      {"just above the multiple", 0.0800001, 0.04, Fail, Reason::LimitExceeded},
      {"a high multiple of very little", 0.01, 0.0001, Pass, Reason::Passed},
      {"as bad as the baseline", 0.9, 0.8, Pass, Reason::Passed},
      {"better than the baseline", 0.1, 0.8, Pass, Reason::Passed},
      {"the baseline is 0, and the value is at the absolute limit", 0.01, 0, Pass, Reason::Passed},
      {"the baseline is 0, and the value is above the absolute limit", 0.011, 0, Fail,
       Reason::LimitExceeded},
      {"the value and the baseline are 0", 0, 0, Pass, Reason::Passed},
      {"a negative baseline", 0.5, -1, Unknown, Reason::NoBaselineValue},
      {"a negative value", -1, 0.5, Pass, Reason::Passed},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto found =
        compare_with_baseline(check_with(), awaiting(row.value), baseline_with(row.baseline));
    CHECK(found.result == row.result);
    CHECK(found.reason == row.reason);
  }
}

TEST_CASE("compare_with_baseline names both values, the multiple and the limits") {
  const auto message_for = [](double value, double baseline, std::optional<double> fail_if = {}) {
    return compare_with_baseline(check_with(fail_if), awaiting(value), baseline_with(baseline))
        .message;
  };
  CHECK(message_for(0.208, 0.04) ==
        "value 0.208, baseline 0.04: 5.2 times, fails if above 2 times and above 0.01; query: "
        "errors");
  CHECK(
      message_for(0.5, 0, 0.3) ==
      "value 0.5, baseline 0, fails if above 2 times and above 0.01, and if > 0.3; query: errors");
  CHECK(message_for(0.08004, 0.04).starts_with("value 0.08004, baseline 0.04: 2.001 times"));
}

TEST_CASE("compare_with_baseline rounds the traffic, but never across its minimum") {
  const auto message_for = [](double traffic) {
    api::Check check = check_with();
    std::get<api::PrometheusCheck>(check.kind).minimum_traffic =
        api::MinimumTraffic{.query = "requests", .at_least = 20};
    api::Measurement measurement = awaiting(0.5);
    measurement.traffic = traffic;
    return compare_with_baseline(check, measurement, baseline_with(0.1)).message;
  };
  CHECK_THAT(message_for(26.026999999999997), Catch::Contains("traffic 26.027, minimum 20"));
  CHECK_THAT(message_for(20.00000001), Catch::Contains("traffic 20.00000001, minimum 20"));
}

TEST_CASE("compare_with_baseline is Unknown without a value of the baseline, and says why") {
  const auto found = compare_with_baseline(check_with(), awaiting(0.9),
                                           {.why_no_value = "the traffic is 3, below 20"});
  CHECK(found.result == Unknown);
  CHECK(found.reason == Reason::NoBaselineValue);
  CHECK(found.message ==
        "no value of the baseline to compare with: the traffic is 3, below 20; value 0.9, fails if "
        "above 2 times and above 0.01");
  CHECK(compare_with_baseline(check_with(), awaiting(0), {}).result == Unknown);
  CHECK_THAT(compare_with_baseline(check_with(), awaiting(0), {}).message,
             Catch::Contains("there is no other revision"));
}

TEST_CASE("compare_with_baseline does not pass against a revision that never worked") {
  BaselineEvidence evidence = baseline_with(0.5);
  evidence.trust = BaselineTrust::PassOnly;
  CHECK(compare_with_baseline(check_with(), awaiting(0.5), evidence).reason ==
        Reason::NoBaselineValue);
  evidence.baseline->value = 0.1;
  CHECK(compare_with_baseline(check_with(), awaiting(0.5), evidence).result == Fail);
}

TEST_CASE("compare_with_baseline passes without a release only if the value is at most andAbove") {
  const BaselineEvidence nothing{.compared_with = ComparedWith::Nothing};
  CHECK(compare_with_baseline(check_with(), awaiting(0.01), nothing).result == Pass);
  const auto above = compare_with_baseline(check_with(), awaiting(0.02), nothing);
  CHECK(above.result == Unknown);
  CHECK(above.reason == Reason::NoBaselineValue);
}

TEST_CASE("compare_with_baseline changes only a measurement that awaits a baseline value") {
  api::Measurement failed = awaiting(0.9);
  failed.reason = Reason::LowTraffic;
  CHECK(compare_with_baseline(check_with(), failed, baseline_with(0)) == failed);
  const api::Check without{.name = "errors", .kind = api::PrometheusCheck{}};
  CHECK(compare_with_baseline(without, awaiting(0.9), baseline_with(0)) == awaiting(0.9));
  CHECK_FALSE(evaluation_time(without, now));
  CHECK(evaluation_time(check_with(), now) == now);
}

TEST_CASE("name_both_values has the value of the old pods in the message of a failure") {
  const api::Check check{.name = "errors",
                         .kind = api::PrometheusCheck{.fail_if = api::Comparison{.limit = 0.05}}};
  api::Measurement failed = awaiting(0.2);
  failed.result = Fail;
  failed.reason = Reason::LimitExceeded;
  const auto both = name_both_values(check, failed, baseline_with(0.01).baseline);
  CHECK(both.message == "value 0.2, old pods 0.01, fails if > 0.05; query: errors");
  CHECK(both.result == Fail);
  CHECK(name_both_values(check, failed, {}) == failed);
  CHECK(name_both_values(check_with(), failed, baseline_with(0.01).baseline) == failed);
  failed.result = Unknown;
  CHECK(name_both_values(check, failed, baseline_with(0.01).baseline) == failed);
}

TEST_CASE("with_baseline_value is a Pass when the measurement only awaits a baseline value") {
  CHECK(with_baseline_value(check_with(), awaiting(0.9)).result == Pass);
  api::Measurement low = awaiting(0.9);
  low.reason = Reason::LowTraffic;
  CHECK(with_baseline_value(check_with(), low) == low);
}

TEST_CASE("plan_metrics_baseline queries at the time of the value, or else at the release") {
  const std::vector<BaselineCandidate> candidates{
      {.revision = {.hash = TemplateHash("v1")}, .trust = BaselineTrust::Trusted}};
  const Time evaluated = now - Duration(300);
  const Time released = now - std::chrono::minutes(5);
  const api::Check check = check_with();
  const auto times = [&](const api::Check& one, const api::Measurement& measurement, bool alive) {
    return plan_metrics_baseline({.check = one,
                                  .measurement = measurement,
                                  .candidates = candidates,
                                  .alive = alive ? candidates.data() : nullptr,
                                  .released = released},
                                 now)
        .times;
  };
  api::Measurement value = awaiting(0.5);
  value.evaluated_at = evaluated;
  CHECK(times(check, value, true) == std::vector<Time>{evaluated});
  CHECK(times(check, value, false).back() == released);
  api::Check of_all = check;
  std::get<api::PrometheusCheck>(of_all.kind).query = "errors";
  CHECK(times(of_all, value, true).back() == released);
  api::Measurement low = value;
  low.reason = Reason::LowTraffic;
  CHECK(times(check, low, true).empty());
}

TEST_CASE("threshold_text has every condition") {
  const auto text = [](const api::Check& check) {
    const auto& prometheus = std::get<api::PrometheusCheck>(check.kind);
    return threshold_text(prometheus.fail_if, prometheus.compare);
  };
  CHECK(text(check_with()) == "> 2 x baseline and > 0.01");
  CHECK(text(check_with(0.05)) == "> 0.05 and > 2 x baseline and > 0.01");
}

}  // namespace lastgood::checks::test
