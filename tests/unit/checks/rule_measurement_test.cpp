#include "checks/rule_measurement.hpp"

#include <catch2/catch.hpp>

#include "base/digest.hpp"
#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::MeasurementResult;
using api::Reason;

const Time now{std::chrono::seconds(1795907976)};
const std::string error_rate = R"(rate(http_requests_total{status=~"5.."}[5m]) > 0.1)";
const Placement new_pods{.namespace_ = "shop", .pods = {"web-b-1", "web-b-2"}};

AlertRule rule_with(const std::string& expression, const Placement& placement = new_pods) {
  return {.expression = expression, .hold = std::chrono::minutes(2), .placement = placement};
}

Series series_of(const api::StringMap& labels, double value = 0.25) {
  return {.labels = labels, .value = MetricValue{.value = value, .at = now}, .at = now};
}
Series series_of_pod(const std::string& pod, const std::string& namespace_ = "shop") {
  return series_of({{"namespace", namespace_}, {"pod", pod}});
}
const SeriesAnswer no_series = std::vector<Series>{};
const PrometheusAnswer four_series = MetricValue{.value = 4, .at = now};

api::Measurement measure(const AlertRule& rule, const SeriesAnswer& series,
                         const std::optional<PrometheusAnswer>& presence = four_series) {
  return measure_rule("errors", "HighErrorRate", rule, series, presence, now);
}

}  // namespace

TEST_CASE("measure_rule fails when the expression is true for a pod of the revision") {
  const SeriesAnswer series =
      std::vector{series_of_pod("web-a-1"), series_of_pod("web-b-1"), series_of_pod("cart-x", "c")};
  const auto found = measure(rule_with(error_rate), series);
  CHECK(found.result == MeasurementResult::Fail);
  CHECK(found.reason == Reason::AlertFiring);
  CHECK(found.value == 0.25);
  CHECK(found.min_failing_time == std::chrono::minutes(2));
  CHECK(found.evaluated_at == now);
  CHECK(found.message ==
        R"(the expression of alert HighErrorRate is true for 1 of 3 series: {namespace="shop", )"
        R"(pod="web-b-1"} has 0.25, and must be true for 2m; expression: )" +
            error_rate);
}

TEST_CASE("measure_rule passes when only series of other applications and pods are true") {
  const SeriesAnswer series = std::vector{series_of_pod("web-a-1"), series_of_pod("web-b-1", "c")};
  CHECK(needs_presence(rule_with(error_rate), series));
  CHECK(measure(rule_with(error_rate), series).result == MeasurementResult::Pass);
  CHECK(measure(rule_with(error_rate), no_series).result == MeasurementResult::Pass);
}

TEST_CASE("measure_rule is Unknown when the pods have no series of the metrics of the alert") {
  CHECK(needs_presence(rule_with(error_rate), no_series));
  const PrometheusAnswer zero = MetricValue{.value = 0, .at = now};
  const auto found = measure(rule_with(error_rate), no_series, zero);
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK(found.reason == Reason::NoSeries);
  CHECK(measure(rule_with(error_rate), no_series, std::nullopt).reason == Reason::Pending);
}

TEST_CASE("measure_rule is Unknown when the expression removes the labels that place a series") {
  const AlertRule rule = rule_with("sum by (app) (rate(errors[5m])) > 0.1");
  CHECK_FALSE(needs_presence(rule, no_series));
  CHECK(measure(rule, no_series).reason == Reason::LabelsRemoved);
  CHECK(measure(rule, std::vector{series_of({{"app", "web"}})}).reason == Reason::LabelsRemoved);
  Placement by_app = new_pods;
  by_app.match_labels = {{"app", "web"}};
  const AlertRule placed = rule_with(rule.expression, by_app);
  CHECK(measure(placed, std::vector{series_of({{"app", "web"}})}).result ==
        MeasurementResult::Fail);
  CHECK(measure(placed, std::vector{series_of({{"app", "cart"}})}).result ==
        MeasurementResult::Pass);
}

TEST_CASE(
    "measure_rule sets names_pods only when each failing series names a pod of the revision") {
  const auto names_pods = [](const api::StringMap& match_labels, const SeriesAnswer& series) {
    Placement placement = new_pods;
    placement.match_labels = match_labels;
    const auto found = measure(rule_with(error_rate, placement), series);
    REQUIRE(found.result == MeasurementResult::Fail);
    return found.names_pods;
  };
  const Series of_pod = series_of({{"app", "web"}, {"namespace", "shop"}, {"pod", "web-b-1"}});
  const Series of_all = series_of({{"app", "web"}, {"namespace", "shop"}});
  CHECK(names_pods({}, std::vector{of_pod, of_all}));
  CHECK(names_pods({{"app", "web"}}, std::vector{of_pod}));
  CHECK_FALSE(names_pods({{"app", "web"}}, std::vector{of_pod, of_all}));
  CHECK_FALSE(names_pods({{"app", "web"}}, std::vector{of_all}));
}

TEST_CASE("measure_rule has a digest of each failing series, without values and metric names") {
  const auto digests = [](const std::vector<Series>& series) {
    return measure(rule_with(error_rate), series).failing_series;
  };
  const api::StringMap labels{{"namespace", "shop"}, {"pod", "web-b-1"}};
  api::StringMap named = labels;
  named["__name__"] = "errors";
  CHECK(digests({series_of(labels, 1)}) == digests({series_of(named, 2)}));
  const auto both = digests({series_of_pod("web-b-2"), series_of_pod("web-b-1")});
  CHECK(both == digests({series_of_pod("web-b-1"), series_of_pod("web-b-2")}));
  CHECK(both.size() == 2);
  std::vector<Series> many;
  for (std::size_t i = 0; i < 2 * api::max_failing_series; ++i) {
    many.push_back(series_of(labels));
    many.back().labels["path"] = std::to_string(i);
  }
  CHECK(digests(many).size() == api::max_failing_series);
}

TEST_CASE("measure_rule counts a series with any value, but not NaN") {
  Series nan = series_of_pod("web-b-1");
  nan.value = std::unexpected(MissingValue{.reason = Reason::NotANumber});
  CHECK(measure(rule_with(error_rate), std::vector{nan}).reason == Reason::NotANumber);
  CHECK(measure(rule_with(error_rate), std::vector{nan, series_of_pod("web-b-2")}).result ==
        MeasurementResult::Fail);
  Series zero = series_of_pod("web-b-1");
  zero.value = MetricValue{.value = 0, .at = now};
  CHECK(measure(rule_with(error_rate), std::vector{zero}).result == MeasurementResult::Fail);
}

TEST_CASE("measure_rule is Unknown with the reason of a query that has no answer") {
  const SeriesAnswer timed_out = std::unexpected(MissingValue{.reason = Reason::TimedOut});
  CHECK_FALSE(needs_presence(rule_with(error_rate), timed_out));
  CHECK(measure(rule_with(error_rate), timed_out).reason == Reason::TimedOut);
  const PrometheusAnswer no_count = std::unexpected(MissingValue{.reason = Reason::TimedOut});
  CHECK(measure(rule_with(error_rate), no_series, no_count).reason == Reason::TimedOut);
}

TEST_CASE("measure_rule has another question when the rule has changed, but not for other pods") {
  const auto question = [](const AlertRule& rule) { return measure(rule, no_series).question; };
  AlertRule other = rule_with(error_rate);
  CHECK(question(other) == question(rule_with(error_rate)));
  other.placement.pods = {"web-c-1"};
  CHECK(question(other) == question(rule_with(error_rate)));
  other.hold = std::chrono::minutes(3);
  CHECK(question(other) != question(rule_with(error_rate)));
  CHECK(question(rule_with("up == 0")) != question(rule_with(error_rate)));
}

}  // namespace lastgood::checks::test
