#include "checks/rule_check.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::MeasurementResult;
using api::Reason;

const Time now = *parse_rfc3339("2026-11-28T23:20:20Z");
const std::string address = "http://prometheus:9090/prefix";
const Key key{.namespace_ = "shop", .name = "web-rules"};
const codec::QueryVariables web{.namespace_ = "shop", .deployment = "web", .pods = {"web-1"}};

api::Check rule_check(const api::StringMap& labels = {}) {
  return {.name = "errors",
          .kind = api::PrometheusRuleCheck{
              .rule = "web-rules", .alert = "HighErrorRate", .match_labels = labels}};
}
api::Check alert_check() {
  return {.name = "errors", .kind = api::AlertCheck{.alert = "High Error+Rate"}};
}

RulesOfObject rules_with(const std::string& expression) {
  return std::vector<codec::PrometheusRuleEntry>{
      {.group = "web", .alert = "HighErrorRate", .expression = expression}};
}

api::HttpResponse answer(const std::string& data) {
  return {.outcome = api::ProbeOutcome::Answered,
          .status = 200,
          .content_type = "application/json",
          .body = R"({"status":"success","data":)" + data + "}"};
}
const api::HttpResponse empty_vector = answer(R"({"resultType":"vector","result":[]})");
const api::HttpResponse zero =
    answer(R"({"resultType":"vector","result":[{"metric":{},"value":[1795908020,"0"]}]})");
const api::HttpResponse four =
    answer(R"({"resultType":"vector","result":[{"metric":{},"value":[1795908020,"4"]}]})");
const api::HttpResponse refused{.outcome = api::ProbeOutcome::ConnectionRefused};

}  // namespace

TEST_CASE("plan_rule sends the expression on its own lines, and the query for its series") {
  const RulePlan plan =
      plan_rule(rule_check(), web, key, rules_with("errors > 1 # high"), address, {});
  REQUIRE_FALSE(plan.measurement);
  CHECK(plan.value.target == "/prefix/api/v1/query");
  CHECK_THAT(plan.value.body,
             Catch::StartsWith("query=%28%0Aerrors%20%3E%201%20%23%20high%0A%29&"));
  CHECK_THAT(plan.presence.body, Catch::Contains("count%28errors%7Bnamespace%3D%22shop%22"));
}

TEST_CASE("plan_rule sends the time of an evaluation in the past with both queries") {
  const Time at{Duration(1'770'000'000'042)};
  const RulePlan plan = plan_rule(rule_check(), web, key, rules_with("errors > 1"), address, at);
  CHECK_THAT(plan.value.body, Catch::EndsWith("&time=1770000000.042"));
  CHECK_THAT(plan.presence.body, Catch::EndsWith("&time=1770000000.042"));
}

TEST_CASE("plan_rule is Unknown without a rule, without pods, without metrics or a server") {
  const auto reason_of = [](const codec::QueryVariables& variables, const RulesOfObject& rules,
                            const std::string& server) {
    const RulePlan plan = plan_rule(rule_check(), variables, key, rules, server, {});
    REQUIRE(plan.measurement);
    CHECK(plan.measurement->result == MeasurementResult::Unknown);
    return plan.measurement->reason;
  };
  CHECK(reason_of(web, fail(ErrorKind::Forbidden, "no"), address) == Reason::RuleUnreadable);
  CHECK(reason_of({.namespace_ = "shop"}, rules_with("errors > 1"), address) ==
        Reason::NoPodsToProbe);
  CHECK(reason_of(web, rules_with("vector(1) > 0"), address) == Reason::NoSeries);
  CHECK(reason_of(web, rules_with("errors > 1"), "") == Reason::InvalidCheck);
}

TEST_CASE("plan_rule needs no pods when matchLabels places the series") {
  CHECK_FALSE(plan_rule(rule_check({{"app", "web"}}), {.namespace_ = "shop"}, key,
                        rules_with("errors > 1"), address, {})
                  .measurement);
}

TEST_CASE("measure_rule needs the presence query only when the expression is true for no series") {
  const RulePlan plan = plan_rule(rule_check(), web, key, rules_with("errors > 1"), address, {});
  CHECK(needs_presence(plan, empty_vector, {}, now));
  CHECK_FALSE(needs_presence(plan, refused, {}, now));
  CHECK(measure_rule(rule_check(), plan, empty_vector, zero, {}, now).reason == Reason::NoSeries);
  const auto unreachable = measure_rule(rule_check(), plan, refused, {}, {}, now);
  CHECK(unreachable.reason == Reason::ConnectionRefused);
  CHECK(unreachable.query == "errors > 1");
}

TEST_CASE("plan_alert requests the rules with the name of the alert") {
  const auto call = plan_alert(alert_check(), address);
  REQUIRE(call);
  CHECK(call->method == "GET");
  CHECK(call->target == "/prefix/api/v1/rules?type=alert&rule_name%5B%5D=High%20Error%2BRate");
  CHECK(call->body.empty());
  CHECK_FALSE(plan_alert(alert_check(), ""));
}

TEST_CASE(
    "measure_alert counts Alertmanager's alerts only when the server has no state of the rule") {
  const api::ReceivedAlert firing{.fingerprint = "f",
                                  .name = "High Error+Rate",
                                  .labels = {{"namespace", "shop"}, {"pod", "web-1"}},
                                  .starts_at = now,
                                  .received = now};
  const api::Check check = alert_check();
  const AlertInputs inputs{.check = check, .variables = web, .received = std::span(&firing, 1)};
  const auto measure = [&](const AlertResponse& response) {
    return measure_alert(inputs, response, four, now);
  };
  const MissingValue denied{.reason = Reason::CredentialsNotFound, .message = "there is no Secret"};
  CHECK(measure(std::unexpected(denied)).result == MeasurementResult::Fail);
  CHECK(measure(refused).result == MeasurementResult::Fail);
  CHECK(measure(std::nullopt).result == MeasurementResult::Fail);
  CHECK(measure(answer(R"({"groups":[]})")).result == MeasurementResult::Fail);
  const std::string unhealthy =
      R"({"groups":[{"name":"g","interval":30,"rules":[{"name":"High Error+Rate","type":)"
      R"("alerting","query":"errors > 1","health":"HEALTH","lastEvaluation":)"
      R"("2026-11-28T23:20:18Z","alerts":[]}]}]})";
  std::string healthy = unhealthy;
  healthy.replace(healthy.find("HEALTH"), 6, "ok");
  CHECK(measure(answer(healthy)).result == MeasurementResult::Pass);
  CHECK(measure(answer(unhealthy)).reason == Reason::RuleUnhealthy);
}

TEST_CASE("measure_alert passes only when the server has series of the rule for the pods") {
  const api::Check check = alert_check();
  const AlertInputs inputs{.check = check, .variables = web};
  const api::HttpResponse rules =
      answer(R"({"groups":[{"name":"g","interval":30,"rules":[{"name":"High Error+Rate","type":)"
             R"("alerting","query":"errors{code=\"500\"} > 1","health":"ok","lastEvaluation":)"
             R"("2026-11-28T23:20:18Z","alerts":[]}]}]})");
  const auto call = plan_alert_presence(inputs, rules, address, now);
  REQUIRE(call);
  CHECK(call->target == "/prefix/api/v1/query");
  CHECK_THAT(call->body, Catch::Contains("count%28errors%7Bnamespace%3D%22shop%22"));
  const auto reason_of = [&](const AlertResponse& presence) {
    return measure_alert(inputs, rules, presence, now).reason;
  };
  CHECK(reason_of(four) == Reason::Passed);
  CHECK(reason_of(zero) == Reason::NoSeries);
  CHECK(reason_of(empty_vector) == Reason::NoData);
  CHECK(reason_of(refused) == Reason::ConnectionRefused);
  CHECK(reason_of(std::nullopt) == Reason::Pending);
  CHECK(measure_alert(inputs, rules, zero, now).result == MeasurementResult::Unknown);
}

TEST_CASE("measure_alert counts no alert of Alertmanager when only the presence query fails") {
  const api::ReceivedAlert firing{.fingerprint = "f",
                                  .name = "High Error+Rate",
                                  .labels = {{"namespace", "shop"}, {"pod", "web-1"}},
                                  .starts_at = now,
                                  .received = now};
  const api::Check check = alert_check();
  const AlertInputs inputs{.check = check, .variables = web, .received = std::span(&firing, 1)};
  const api::HttpResponse rules =
      answer(R"({"groups":[{"name":"g","interval":30,"rules":[{"name":"High Error+Rate","type":)"
             R"("alerting","query":"errors > 1","health":"ok","lastEvaluation":)"
             R"("2026-11-28T23:20:18Z","alerts":[]}]}]})");
  CHECK(measure_alert(inputs, rules, refused, now).reason == Reason::ConnectionRefused);
}

TEST_CASE("plan_alert_presence counts the series of the pods when alerts must name them") {
  const api::Check check{
      .name = "errors",
      .kind = api::AlertCheck{.alert = "High Error+Rate", .match_labels = {{"app", "web"}}}};
  const AlertInputs inputs{.check = check, .variables = web, .pod_label = PodLabel::Required};
  const api::HttpResponse rules =
      answer(R"({"groups":[{"name":"g","interval":30,"rules":[{"name":"High Error+Rate","type":)"
             R"("alerting","query":"errors > 1","health":"ok","lastEvaluation":)"
             R"("2026-11-28T23:20:18Z","alerts":[]}]}]})");
  const auto call = plan_alert_presence(inputs, rules, address, now);
  REQUIRE(call);
  CHECK_THAT(call->body, Catch::Contains("pod%3D~%22web-1%22"));
}

TEST_CASE("plan_alert_presence sends nothing when the check does not pass") {
  const api::Check check = alert_check();
  const AlertInputs inputs{.check = check, .variables = web};
  CHECK_FALSE(plan_alert_presence(inputs, refused, address, now));
  CHECK_FALSE(plan_alert_presence(inputs, std::nullopt, address, now));
  CHECK_FALSE(plan_alert_presence(inputs, answer(R"({"groups":[]})"), address, now));
}

TEST_CASE("places_by_pod is true without matchLabels") {
  CHECK(places_by_pod(rule_check().kind));
  CHECK(places_by_pod(alert_check().kind));
  CHECK_FALSE(places_by_pod(rule_check({{"app", "web"}}).kind));
  CHECK_FALSE(places_by_pod(api::PrometheusCheck{}));
}

}  // namespace lastgood::checks::test
