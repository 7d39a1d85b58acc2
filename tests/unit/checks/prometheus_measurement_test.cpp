#include "checks/prometheus_measurement.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::Comparison;
using api::Reason;
using enum api::MeasurementResult;
using enum api::Comparison::Operator;

constexpr Time now{std::chrono::seconds(1795907976)};
const codec::BoundQuery query(R"(sum(rate(x{a="b"}[1m])))");

PrometheusAnswer value_of(double value) { return MetricValue{.value = value, .at = now}; }
PrometheusAnswer missing_for(Reason reason) {
  return std::unexpected(MissingValue{.reason = reason, .message = "it failed; repair it"});
}

api::PrometheusCheck above(double limit) {
  return {.query = "x", .fail_if = api::Comparison{.operation = Greater, .limit = limit}};
}
api::PrometheusCheck with_traffic(double at_least) {
  auto check = above(0.05);
  check.minimum_traffic = api::MinimumTraffic{.query = "y", .at_least = at_least};
  return check;
}

// A check with a ready-made form, such as errorRatio: only such a check has a window.
api::PrometheusCheck with_requests(double at_least) {
  auto check = with_traffic(at_least);
  check.window = std::chrono::minutes(1);
  return check;
}

struct Row {
  const char* name;
  api::PrometheusCheck check;
  PrometheusAnswer value;
  std::optional<PrometheusAnswer> traffic;
  api::MeasurementResult result;
  Reason reason;
  std::string message;
};

void check_measurement(const Row& row) {
  INFO(row.name);
  const auto found = measure_prometheus("errors", row.check, query, row.value, row.traffic, now);
  CHECK(found.check == "errors");
  CHECK(found.result == row.result);
  CHECK(found.reason == row.reason);
  CHECK(found.message == row.message);
  CHECK(found.at == now);
}

}  // namespace

TEST_CASE("measure_prometheus fails if the value meets the condition, and otherwise passes") {
  check_measurement(GENERATE(values<Row>({
      {"above the limit",
       above(0.05),
       value_of(0.19999999999999998),
       {},
       Fail,
       Reason::LimitExceeded,
       R"(value 0.2, fails if > 0.05; query: sum(rate(x{a="b"}[1m])))"},
      {"below the limit",
       above(0.05),
       value_of(0),
       {},
       Pass,
       Reason::Passed,
       "value 0, fails if > 0.05"},
      {"equal to the limit",
       above(0.05),
       value_of(0.05),
       {},
       Pass,
       Reason::Passed,
       "value 0.05, fails if > 0.05"},
      {"above the limit by the smallest step",
       above(0.05),
       value_of(0.05000000000000001),
       {},
       Fail,
       Reason::LimitExceeded,
       R"(value 0.05000000000000001, fails if > 0.05; query: sum(rate(x{a="b"}[1m])))"},
      {"a little below the limit",
       above(1000),
       value_of(999.9999),
       {},
       Pass,
       Reason::Passed,
       "value 999.9999, fails if > 1000"},
      {"small numbers",
       above(0.00001),
       value_of(0.00001234),
       {},
       Fail,
       Reason::LimitExceeded,
       R"(value 1.234e-05, fails if > 1e-05; query: sum(rate(x{a="b"}[1m])))"},
      {"a negative value",
       above(-3),
       value_of(-4.5),
       {},
       Pass,
       Reason::Passed,
       "value -4.5, fails if > -3"},
      {"traffic without a minimum is ignored", above(0.05), value_of(0.2),
       missing_for(Reason::NoData), Fail, Reason::LimitExceeded,
       R"(value 0.2, fails if > 0.05; query: sum(rate(x{a="b"}[1m])))"},
      {"enough traffic", with_traffic(100), value_of(0.2), value_of(100), Fail,
       Reason::LimitExceeded,
       R"(value 0.2, fails if > 0.05, traffic 100, minimum 100; query: sum(rate(x{a="b"}[1m])))"},
      {"enough traffic, and it passes", with_traffic(0.5), value_of(0.01), value_of(340.25), Pass,
       Reason::Passed, "value 0.01, fails if > 0.05, traffic 340.25, minimum 0.5"},
  })));
}

TEST_CASE("measure_prometheus is Unknown if there is too little traffic or no traffic value") {
  check_measurement(GENERATE(values<Row>({
      {"low traffic", with_traffic(100), value_of(1), value_of(99.9999999), Unknown,
       Reason::LowTraffic,
       "the traffic is 99.9999999, below the minimum of 100, so the value does not count; send "
       "more traffic, or lower minimumTraffic.atLeast; value 1, fails if > 0.05"},
      {"low traffic, and the value would pass", with_traffic(100), value_of(0), value_of(0),
       Unknown, Reason::LowTraffic,
       "the traffic is 0, below the minimum of 100, so the value does not count; send "
       "more traffic, or lower minimumTraffic.atLeast; value 0, fails if > 0.05"},
      {"low traffic explains NaN", with_traffic(100), missing_for(Reason::NotANumber), value_of(0),
       Unknown, Reason::LowTraffic,
       "the traffic is 0, below the minimum of 100, so the value does not count; send "
       "more traffic, or lower minimumTraffic.atLeast"},
      {"too few requests of a form", with_requests(100), value_of(1), value_of(0), Unknown,
       Reason::LowTraffic,
       "the traffic is 0, below the minimum of 100, so the value does not count; send "
       "more traffic, or lower minimumRequests, or minimumTraffic.atLeast if it is set; value 1, "
       "fails if > 0.05"},
      {"no traffic value", with_traffic(100), value_of(1), missing_for(Reason::NoData), Unknown,
       Reason::NoData, "traffic: it failed; repair it; value 1, fails if > 0.05"},
      {"no traffic value and no value", with_traffic(100), missing_for(Reason::NoData),
       missing_for(Reason::QueryWarning), Unknown, Reason::QueryWarning,
       "traffic: it failed; repair it"},
      {"the traffic was not queried",
       with_traffic(100),
       value_of(1),
       {},
       Unknown,
       Reason::Pending,
       "the traffic query has no result yet; value 1, fails if > 0.05"},
  })));
}

TEST_CASE("measure_prometheus is Unknown with the reason of the answer if there is no value") {
  const Reason reason =
      GENERATE(Reason::NoData, Reason::NotANumber, Reason::InfiniteValue, Reason::MultipleSeries,
               Reason::ConnectionRefused, Reason::TimedOut, Reason::ServerUnavailable);
  const std::string message = R"(it failed; repair it; query: sum(rate(x{a="b"}[1m])))";
  check_measurement(
      {"without traffic", above(0.05), missing_for(reason), {}, Unknown, reason, message});
  check_measurement({"with enough traffic", with_traffic(1), missing_for(reason), value_of(1),
                     Unknown, reason, message});
}

TEST_CASE("measure_prometheus reports an invalid query also if the traffic is low") {
  const auto found = measure_prometheus("errors", with_traffic(1), query,
                                        missing_for(Reason::InvalidQuery), value_of(0), now);
  CHECK(found.result == Unknown);
  CHECK(found.reason == Reason::InvalidQuery);
}

TEST_CASE("measure_prometheus limits its message and keeps the query on one line") {
  const auto found = measure_prometheus(
      "errors", above(0), codec::BoundQuery("a\nb" + std::string(9999, 'x')), value_of(1), {}, now);
  CHECK(found.message.size() == 512);
  CHECK(found.message.starts_with("value 1, fails if > 0; query: a bxxx"));
}

TEST_CASE("meets compares a value exactly with the limit") {
  struct MeetsRow {
    Comparison::Operator operation;
    bool below;
    bool equal;
    bool above;
  };
  const auto row = GENERATE(values<MeetsRow>({
      {Greater, false, false, true},
      {GreaterOrEqual, false, true, true},
      {Less, true, false, false},
      {LessOrEqual, true, true, false},
      {Equal, false, true, false},
      {NotEqual, true, false, true},
  }));
  const Comparison condition{.operation = row.operation, .limit = 0.1};
  CHECK(meets(std::nextafter(0.1, 0), condition) == row.below);
  CHECK(meets(0.1, condition) == row.equal);
  CHECK(meets(std::nextafter(0.1, 1), condition) == row.above);
}

}  // namespace lastgood::checks::test
