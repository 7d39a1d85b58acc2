#include "checks/missing_data.hpp"

#include <catch2/catch.hpp>

#include "checks/prometheus_check.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;

const codec::QueryVariables variables{
    .namespace_ = "shop", .deployment = "web", .pods = {"web-1"}, .hash = "abc"};

std::optional<MissingDataQuery> plan_for(const std::string& query, Reason reason = Reason::NoData) {
  return plan_missing_data({.query = query}, reason, variables);
}

PrometheusAnswer number(double value) { return MetricValue{.value = value}; }

Reason reason_of(const MissingDataQuery& query, double value) {
  const auto found = explain_missing_data(query, number(value));
  return found ? found->reason : Reason::None;
}

// The answer has one digit of base 4 for each metric: 0 no series, 1 series but not of the pods,
// 2 series of the pods, 3 series of the pods that did not increase.
MissingDataQuery two_metrics() {
  return {.metrics = {{.name = "a", .has_range = true, .has_labels = true},
                      {.name = "b", .has_range = true, .has_labels = true}}};
}

}  // namespace

TEST_CASE("plan_missing_data counts the series with the labels that have variables") {
  const auto plan = plan_for(R"(sum(rate(a{code="500",pod=~"$pods"}[5m])))");
  REQUIRE(plan);
  CHECK(plan->query.value == R"(1 * (((count(a) > bool 0) or vector(0)) + )"
                             R"(((count(a{pod=~"web-1"}) > bool 0) or vector(0)) + )"
                             R"(((sum(increase(a{pod=~"web-1"}[5m])) == bool 0) or vector(0))))");
  CHECK(plan->metrics == std::vector<MissingDataQuery::Metric>{
                             {.name = "a", .has_range = true, .has_labels = true}});
}

TEST_CASE("plan_missing_data has one digit for each metric of the value and of the traffic") {
  const api::PrometheusCheck check{
      .query = R"(a{pod=~"$pods"} / a{pod=~"$pods",x="1"} + rate(b{hash="$hash"}[1m]))",
      .minimum_traffic = api::MinimumTraffic{.query = "sum(c)", .at_least = 1}};
  const auto plan = plan_missing_data(check, Reason::NotANumber, variables);
  REQUIRE(plan);
  REQUIRE(plan->metrics.size() == 3);
  CHECK_FALSE(plan->metrics[0].has_range);
  CHECK(plan->metrics[1].has_range);
  CHECK_FALSE(plan->metrics[2].has_labels);
  CHECK_THAT(plan->query.value, Catch::Contains(" + 16 * (((count(c) > bool 0)"));
}

TEST_CASE("plan_missing_data is empty when another query cannot explain the missing value") {
  CHECK_FALSE(plan_for("a", Reason::ServerUnavailable));
  CHECK_FALSE(plan_for("a", Reason::MultipleSeries));
  CHECK_FALSE(plan_for("a", Reason::LowTraffic));
  CHECK_FALSE(plan_for("vector(1) > 2"));
  CHECK_FALSE(plan_for(R"(a{revision="$revision"})"));  // no value for the variable
}

TEST_CASE("plan_missing_data is bounded for a query with many metrics") {
  std::string query = "m0";
  for (int i = 1; i < 20; ++i) query += " + m" + std::to_string(i);
  CHECK(plan_for(query)->metrics.size() == max_diagnosed_metrics);
}

TEST_CASE("a dollar sign at the end of a regular expression is no variable") {
  const auto plan = plan_for(R"(a{code=~"5..$",app="$deployment"})");
  CHECK_THAT(plan->query.value, Catch::Contains(R"(count(a{app="web"}))"));
  CHECK_THAT(plan_for(R"q(a{code=~"5..$|$deployment"})q")->query.value,
             Catch::Contains(R"q(count(a{code=~"5..$|(?:web)"}))q"));
}

TEST_CASE("explain_missing_data names the first metric that has the least data") {
  struct Row {
    int a;  // the digit of each metric
    int b;
    Reason reason;
  };
  const Row rows[] = {
      {0, 0, Reason::MetricNotFound}, {3, 0, Reason::MetricNotFound},
      {1, 0, Reason::MetricNotFound}, {1, 3, Reason::NoSeries},
      {2, 1, Reason::NoSeries},       {3, 3, Reason::NoTraffic},
      {3, 2, Reason::None},           {2, 2, Reason::None},
  };
  for (const Row& row : rows) {
    CAPTURE(row.a, row.b);
    CHECK(reason_of(two_metrics(), row.a + (4 * row.b)) == row.reason);
  }
  CHECK_THAT(explain_missing_data(two_metrics(), number(3))->message, Catch::Contains("\"b\""));
}

TEST_CASE("explain_missing_data is NoTraffic only when there are counters and none increased") {
  const MissingDataQuery gauge{.metrics = {{.name = "g", .has_labels = true}}};
  CHECK(reason_of(gauge, 2) == Reason::None);
  const MissingDataQuery both{
      .metrics = {{.name = "g", .has_labels = true}, {.name = "c", .has_range = true}}};
  CHECK(reason_of(both, 2 + (4 * 3)) == Reason::NoTraffic);
}

TEST_CASE("explain_missing_data is empty for a failed request and for an impossible number") {
  const MissingDataQuery query = two_metrics();
  CHECK_FALSE(explain_missing_data(
      query, std::unexpected(MissingValue{.reason = Reason::ServerUnavailable})));
  for (const double value : {-1.0, 0.5, 16.0, 1e300})
    CHECK_FALSE(explain_missing_data(query, number(value)));
}

TEST_CASE("explain keeps the measurement if the second request fails") {
  const api::Check check{.name = "errors", .kind = api::PrometheusCheck{.query = "a"}};
  const api::Measurement before{
      .check = "errors", .reason = Reason::NoData, .message = "no series"};
  const auto explained = [&](const api::HttpResponse& response) {
    return explain(check, before, variables, response, {}, Time{});
  };
  CHECK(explained({.outcome = api::ProbeOutcome::TimedOut}) == before);
  const api::Measurement found =
      explained({.outcome = api::ProbeOutcome::Answered,
                 .status = 200,
                 .body = R"({"status":"success","data":{"resultType":"vector","result":[)"
                         R"({"metric":{},"value":[0,"0"]}]}})"});
  CHECK(found.reason == Reason::MetricNotFound);
  CHECK(found.result == api::MeasurementResult::Unknown);
}

TEST_CASE("plan_explanation has the same time as the measurement") {
  const api::Check check{.name = "errors", .kind = api::PrometheusCheck{.query = "a"}};
  const auto call = plan_explanation(check, {.reason = Reason::NoData}, variables, "http://p:9090",
                                     Time(Duration(1500)));
  REQUIRE(call);
  CHECK_THAT(call->body, Catch::EndsWith("&time=1.500"));
  CHECK_FALSE(plan_explanation(check, {.reason = Reason::Passed}, variables, "http://p:9090", {}));
}

}  // namespace lastgood::checks::test
