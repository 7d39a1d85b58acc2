#include "checks/external_metric.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::MeasurementResult;
using api::Reason;
using std::chrono::minutes;
using std::chrono::seconds;

const Time now = *parse_rfc3339("2026-11-24T12:00:00Z");
const api::ExternalMetricCheck external{
    .metric = "queue_depth",
    .match_labels = {{"queue", "web"}, {"team", "a b"}},
    .fail_if = {.operation = api::Comparison::Operator::Greater, .limit = 100}};
const api::Check check{.name = "queue", .kind = external};

std::string item(const std::string& value, Time at = now) {
  return fmt::format(R"({{"metricName":"queue_depth","metricLabels":{{"queue":"web"}},)"
                     R"("timestamp":"{}","value":{}}})",
                     format_rfc3339(at), value);
}

std::string list(const std::string& items) {
  return R"({"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1",)"
         R"("metadata":{},"items":[)" +
         items + "]}";
}

PrometheusAnswer answer_of(Result<std::string> response,
                           std::optional<Result<std::string>> api = {}) {
  return parse_external_metric(external, {.value = std::move(response), .api = std::move(api)},
                               now);
}

MissingValue problem_of(Result<std::string> response, std::optional<Result<std::string>> api = {}) {
  const auto answer = answer_of(std::move(response), std::move(api));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message.size() <= 400);
  return answer.error();
}

Reason reason_of(ErrorKind kind, int status = 0) {
  return problem_of(fail(kind, "words", status)).reason;
}

}  // namespace

TEST_CASE("plan_external_metric reads the metric with a selector of its labels") {
  CHECK(plan_external_metric(external, "shop").value() ==
        api::ApiCall{.target = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue_depth"
                               "?labelSelector=queue%3Dweb%2Cteam%3Da%20b"});
  CHECK(plan_external_metric({.metric = "datadogmetric@shop:q"}, "shop")->target ==
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/datadogmetric%40shop%3Aq");
}

TEST_CASE("plan_external_metric rejects a name that would change the path of the call") {
  for (const char* metric : {"", ".", "..", "a/b", "../secrets", "a%2Fb"})
    CHECK_FALSE(plan_external_metric({.metric = metric}, "shop"));
  CHECK_FALSE(plan_external_metric({.metric = "queue"}, "shop/x"));
}

TEST_CASE("parse_external_metric reads the quantity of the only value") {
  CHECK(answer_of(list(item(R"("1500m")"))) == MetricValue{.value = 1.5, .at = now});
  CHECK(answer_of(list(item(R"("2k")", now - minutes(2)))) ==
        MetricValue{.value = 2000, .at = now - minutes(2)});
  CHECK(answer_of(list(item(R"("1Mi")", now + minutes(1)))) ==
        MetricValue{.value = 1048576, .at = now + minutes(1)});
}

TEST_CASE("parse_external_metric returns no value that is old or in the future") {
  const auto old = problem_of(list(item(R"("5")", now - minutes(2) - seconds(1))));
  CHECK(old.reason == Reason::StaleValue);
  CHECK(old.message ==
        "the value is of 2026-11-24T11:57:59Z, 2m1s ago, and older than 2m; see the adapter for "
        "external metrics");
  CHECK(problem_of(list(item(R"("5")", now + seconds(61)))).reason == Reason::ClockSkew);
}

TEST_CASE("parse_external_metric returns no value from before the release") {
  const auto answer_at = [](Time at) {
    return parse_external_metric(
        external, {.value = list(item(R"("5")", at)), .released = now - seconds(20)}, now);
  };
  CHECK(answer_at(now - seconds(20)));
  // A timestamp is rounded down to whole seconds: this value may be of 20.5 s ago, when the release
  // began.
  CHECK(parse_external_metric(
      external,
      {.value = list(item(R"("5")", now - seconds(21))), .released = now - Duration(20'500)}, now));
  const auto old = answer_at(now - seconds(21));
  REQUIRE_FALSE(old);
  CHECK(old.error().reason == Reason::StaleValue);
  CHECK(old.error().message ==
        "the value is of 2026-11-24T11:59:39Z, before the release began at 2026-11-24T11:59:40Z, "
        "so it says nothing about the release; the adapter for external metrics may have a newer "
        "one soon");
}

TEST_CASE("parse_external_metric returns no value when there is none, or more than one") {
  const auto none = problem_of(list(""));
  CHECK(none.reason == Reason::NoData);
  CHECK(none.message ==
        "there is no value of queue_depth{queue=\"web\", team=\"a b\"}; check the labels, and the "
        "configuration of the adapter for external metrics");
  CHECK(problem_of(R"({"kind":"ExternalMetricValueList","items":null})").reason == Reason::NoData);
  const auto two = problem_of(list(item(R"("5")") + "," + item(R"("5")")));
  CHECK(two.reason == Reason::MultipleSeries);
  CHECK_THAT(two.message, Catch::Contains("2 values") && Catch::Contains("add matchLabels"));
}

TEST_CASE("parse_external_metric rejects a response that is not a list of values") {
  for (const std::string& body :
       {std::string("<html>"), std::string("{}"), std::string("[]"), std::string("null"),
        std::string(R"({"kind":"Status"})"),
        std::string(R"({"kind":"ExternalMetricValueList","items":{}})"), list("7"), list("{}"),
        list(item("5")), list(item(R"("much")")), list(item(R"("NaN")")), list(item(R"("")")),
        list(R"({"value":"5"})"), list(R"({"value":"5","timestamp":null})"),
        list(R"({"value":"5","timestamp":"yesterday"})")}) {
    INFO(body);
    CHECK(problem_of(body).reason == Reason::InvalidResponse);
  }
  CHECK(problem_of(std::string(max_answer_size + 1, ' ')).reason == Reason::ResponseTooLarge);
}

TEST_CASE("parse_external_metric tells a missing API from a missing metric") {
  const Result<std::string> not_found = fail(ErrorKind::NotFound, "not found", 404);
  CHECK(needs_external_metrics_api(not_found));
  CHECK_FALSE(needs_external_metrics_api(list("")));
  CHECK_FALSE(needs_external_metrics_api(fail(ErrorKind::Forbidden, "no")));
  const auto api = problem_of(not_found, not_found);
  CHECK(api.reason == Reason::MetricsApiMissing);
  CHECK_THAT(api.message, Catch::Contains("install an adapter"));
  const auto metric = problem_of(not_found, std::string("{}"));
  CHECK(metric.reason == Reason::MetricNotFound);
  CHECK_THAT(metric.message, Catch::Contains("queue_depth"));
  // It is not known whether the API exists, so only the metric is reported as missing.
  CHECK(problem_of(not_found, fail(ErrorKind::TimedOut, "")).reason == Reason::MetricNotFound);
  CHECK(problem_of(not_found).reason == Reason::MetricNotFound);
}

TEST_CASE("parse_external_metric gives each error of the API server its reason") {
  CHECK(reason_of(ErrorKind::Forbidden) == Reason::AccessDenied);
  CHECK(reason_of(ErrorKind::TimedOut) == Reason::TimedOut);
  CHECK(reason_of(ErrorKind::Server, 503) == Reason::ServerUnavailable);
  CHECK(reason_of(ErrorKind::Server, 500) == Reason::ServerError);
  CHECK(reason_of(ErrorKind::TooManyRequests) == Reason::RequestRejected);
  CHECK(reason_of(ErrorKind::ConnectionRefused) == Reason::ServerUnavailable);
  CHECK(reason_of(ErrorKind::Protocol) == Reason::InvalidResponse);
  CHECK(reason_of(ErrorKind::BadInput) == Reason::InvalidCheck);
  CHECK_THAT(problem_of(fail(ErrorKind::Forbidden, "no")).message,
             Catch::Contains("externalMetrics.enabled") && Catch::Contains("list"));
}

TEST_CASE("measure_external_metric compares the value with the limit") {
  const auto passes = measure_external_metric(check, MetricValue{.value = 100, .at = now}, now);
  CHECK(passes.result == MeasurementResult::Pass);
  CHECK(passes.reason == Reason::Passed);
  CHECK(passes.value == 100);
  CHECK(passes.threshold == "> 100");
  const auto fails = measure_external_metric(check, MetricValue{.value = 100.5, .at = now}, now);
  CHECK(fails.result == MeasurementResult::Fail);
  CHECK(fails.reason == Reason::LimitExceeded);
  CHECK(fails.message ==
        "value 100.5, fails if > 100; metric: queue_depth{queue=\"web\", team=\"a b\"}");
  const auto unknown =
      measure_external_metric(check, std::unexpected(MissingValue{Reason::NoData, "nothing"}), now);
  CHECK(unknown.result == MeasurementResult::Unknown);
  CHECK(unknown.reason == Reason::NoData);
  CHECK(unknown.message == "nothing");
}

TEST_CASE("measure_external_response gives a value from before the release to the baseline") {
  const auto measured_at = [](Time at, const char* value, std::optional<Time> released) {
    return measure_external_response(check, {.value = list(item(value, at)), .released = released},
                                     now);
  };
  const Time released = now - seconds(20);
  const auto passed = measured_at(now - minutes(1), R"("5")", released);
  CHECK(passed.release.result == MeasurementResult::Unknown);
  CHECK(passed.release.reason == Reason::StaleValue);
  REQUIRE(passed.baseline);
  CHECK(passed.baseline->result == MeasurementResult::Pass);
  const auto failed = measured_at(now - minutes(1), R"("500")", released);
  REQUIRE(failed.baseline);
  CHECK(failed.baseline->result == MeasurementResult::Fail);
  const auto later = measured_at(now - seconds(19), R"("500")", released);
  CHECK(later.release.result == MeasurementResult::Fail);
  CHECK_FALSE(later.baseline);
  CHECK_FALSE(measured_at(now - minutes(3), R"("5")", released).baseline);
  CHECK_FALSE(measured_at(now - minutes(3), R"("5")", std::nullopt).baseline);
  CHECK_FALSE(measured_at(now - minutes(1), R"("x")", released).baseline);
}

TEST_CASE("external_metric_before_start is Pending only during the initial delay") {
  const std::vector<std::string> delayed = {"queue"};
  CHECK(initial_delay_of("queue", delayed) == InitialDelay::Running);
  CHECK(initial_delay_of("other", delayed) == InitialDelay::Over);
  const auto pending = external_metric_before_start(check, InitialDelay::Running);
  CHECK(pending.check == "queue");
  CHECK(pending.result == MeasurementResult::Unknown);
  CHECK(pending.reason == Reason::Pending);
  CHECK(external_metric_before_start(check, InitialDelay::Over).reason == Reason::NoPodsToProbe);
}

TEST_CASE("with_evidence counts no failure that may have begun before the release") {
  const auto fails = measure_external_metric(check, MetricValue{.value = 200, .at = now}, now);
  const auto uncounted = with_evidence(fails, KnownBefore::No);
  CHECK(uncounted.result == MeasurementResult::Unknown);
  CHECK(uncounted.reason == Reason::NoBaselineValue);
  CHECK_THAT(uncounted.message, Catch::Contains("value 200"));
  CHECK(with_evidence(fails, KnownBefore::Yes) == fails);
  const auto passes = measure_external_metric(check, MetricValue{.value = 5, .at = now}, now);
  CHECK(with_evidence(passes, KnownBefore::No) == passes);
}

}  // namespace lastgood::checks::test
