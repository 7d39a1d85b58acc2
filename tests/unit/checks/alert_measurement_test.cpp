// The rules are answers of Prometheus 3.16 to GET /api/v1/rules.
#include "checks/alert_measurement.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::MeasurementResult;
using api::Reason;

const Time now = *parse_rfc3339("2026-11-28T23:20:20Z");
const Time released = *parse_rfc3339("2026-11-28T23:18:00Z");
const Placement web{.namespace_ = "shop", .pods = {"web-1", "web-2"}};

struct Rule {
  std::string alerts;
  std::string health = "ok";
  std::string evaluated = "2026-11-28T23:20:18.83623892Z";
  std::string expression = "errors > 1";
  std::string labels = R"({"severity":"critical"})";
  std::string name = "HighErrorRate";
  std::string type = "alerting";
  int interval = 30;
};

std::string json_of(const Rule& rule) {
  const std::string error = rule.health == "err" ? R"("lastError":"many-to-many",)" : "";
  return fmt::format(
      R"({{"name":"web","file":"r.yml","rules":[{{"state":"x","name":"{}","query":"{}",)"
      R"("duration":5,"labels":{},"annotations":{{}},"alerts":[{}],"health":"{}",{})"
      R"("evaluationTime":0.0005,"lastEvaluation":"{}","type":"{}"}}],"interval":{}}})",
      rule.name, rule.expression, rule.labels, rule.alerts, rule.health, error, rule.evaluated,
      rule.type, rule.interval);
}

std::string alert(const std::string& pod, const std::string& state = "firing",
                  const std::string& active = "2026-11-28T23:18:41.832822089Z",
                  const std::string& namespace_ = "shop") {
  return fmt::format(
      R"({{"labels":{{"alertname":"HighErrorRate","namespace":"{}","pod":"{}","app":"web",)"
      R"("severity":"critical"}},"annotations":{{}},"state":"{}","activeAt":"{}",)"
      R"("value":"1.9996610743941703e-01"}})",
      namespace_, pod, state, active);
}

RulesAnswer answer_of(const std::string& groups) {
  return parse_rules({.outcome = api::ProbeOutcome::Answered,
                      .status = 200,
                      .content_type = "application/json",
                      .body = R"({"status":"success","data":{"groups":[)" + groups + "]}}"},
                     "HighErrorRate");
}

api::Measurement measure(const std::string& groups, const Placement& placement = web) {
  return measure_alert("alerts", "HighErrorRate", placement, answer_of(groups), {.began = released},
                       now);
}
api::Measurement measure(const Rule& rule, const Placement& placement = web) {
  return measure(json_of(rule), placement);
}

// The placement `web`, with these matchLabels.
Placement labelled(const api::StringMap& labels) {
  return {.namespace_ = "shop", .pods = web.pods, .match_labels = labels};
}

}  // namespace

TEST_CASE("measure_alert fails when an alert of a pod of the revision is firing") {
  const auto found = measure({.alerts = alert("web-0") + "," + alert("web-1")});
  CHECK(found.result == MeasurementResult::Fail);
  CHECK(found.reason == Reason::AlertFiring);
  CHECK(found.value == 0.19996610743941703);
  CHECK_FALSE(found.baseline);
  CHECK(found.message ==
        R"(alert HighErrorRate is firing for the 2 pods of the revision: {namespace="shop", )"
        R"(pod="web-1", alertname="HighErrorRate", app="web", severity="critical"} has )"
        "1.9996610743941703e-01, active since 2026-11-28T23:18:41Z");
}

TEST_CASE("measure_alert passes when the alerts of the pods are inactive") {
  CHECK(measure({.alerts = ""}).result == MeasurementResult::Pass);
  CHECK(measure({.alerts = alert("web-1", "inactive")}).result == MeasurementResult::Pass);
  CHECK(measure({.alerts = alert("web-0", "pending")}).result == MeasurementResult::Pass);
  CHECK(measure({.alerts = alert("web-0")}).result == MeasurementResult::Pass);
  const std::string other = alert("web-1", "firing", "2026-11-28T23:18:41Z", "cart");
  CHECK(measure({.alerts = other}).result == MeasurementResult::Pass);
}

TEST_CASE("measure_alert is Unknown when an alert of the pods is pending") {
  const auto found = measure({.alerts = alert("web-1", "pending")});
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK(found.reason == Reason::AlertNotConfirmed);
  CHECK(found.message ==
        R"(alert HighErrorRate: it is pending for {namespace="shop", pod="web-1", )"
        R"(alertname="HighErrorRate", app="web", severity="critical"} with )"
        "1.9996610743941703e-01, active since 2026-11-28T23:18:41Z: its expression is true, but "
        "not yet for the `for` of the rule; wait until it fires or ends");
  CHECK(measure({.alerts = alert("web-1", "pending") + "," + alert("web-2")}).reason ==
        Reason::AlertFiring);
  CHECK(measure({.alerts = alert("web-1", "pending"), .health = "err"}).reason ==
        Reason::RuleUnhealthy);
}

TEST_CASE("measure_alert is Unknown when the state of the rule is not known") {
  struct Row {
    const char* name;
    Rule rule;
    Reason reason;
  };
  const Row row = GENERATE(values<Row>({
      {"a broken rule without an alert", {.health = "err"}, Reason::RuleUnhealthy},
      {"a broken rule whose alert still fires",
       {.alerts = alert("web-1"), .health = "err"},
       Reason::RuleUnhealthy},
      {"a new rule",
       {.health = "unknown", .evaluated = "0001-01-01T00:00:00Z"},
       Reason::RuleUnhealthy},
      {"a rule that was last evaluated 130 s ago",
       {.evaluated = "2026-11-28T23:18:10Z"},
       Reason::RuleStale},
      {"an alert of a rule that was last evaluated 130 s ago",
       {.alerts = alert("web-1"), .evaluated = "2026-11-28T23:18:10Z"},
       Reason::RuleStale},
      {"an evaluation in the future", {.evaluated = "2026-11-28T23:22:00Z"}, Reason::ClockSkew},
      {"a rule of another name", {.name = "Other"}, Reason::RuleNotLoaded},
      {"a recording rule", {.type = "recording"}, Reason::RuleNotLoaded},
      {"an expression that removes the label pod",
       {.expression = "sum(errors) > 1"},
       Reason::LabelsRemoved},
  }));
  INFO(row.name);
  const auto found = measure(row.rule);
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK(found.reason == row.reason);
}

TEST_CASE("measure_alert waits three intervals of a slow group before the rule is stale") {
  CHECK(measure({.evaluated = "2026-11-28T23:06:00Z", .interval = 300}).result ==
        MeasurementResult::Pass);
  CHECK(measure({.evaluated = "2026-11-28T23:05:00Z", .interval = 300}).reason ==
        Reason::RuleStale);
}

TEST_CASE("measure_alert is Unknown when no rule has the name or the matchLabels of the check") {
  CHECK(measure("").reason == Reason::RuleNotLoaded);
  const auto found = measure(Rule{}, labelled({{"severity", "warning"}}));
  CHECK(found.reason == Reason::RuleNotLoaded);
  CHECK(found.message ==
        R"(alert HighErrorRate: no rule of this name has the labels {severity="warning"}; correct )"
        "matchLabels");
}

TEST_CASE("measure_alert reads only the rules that matchLabels selects") {
  const std::string two =
      json_of({.health = "err", .labels = R"({"severity":"warning"})"}) + "," + json_of({});
  CHECK(measure(two).reason == Reason::RuleUnhealthy);
  CHECK(measure(two, labelled({{"severity", "critical"}})).result == MeasurementResult::Pass);
}

TEST_CASE(
    "measure_alert counts only the alerts of pods when matchLabels has only labels of the rule") {
  const Placement critical = labelled({{"severity", "critical"}});
  CHECK(measure({.alerts = alert("cart-1")}, critical).result == MeasurementResult::Pass);
  CHECK(measure({.alerts = alert("web-1")}, critical).result == MeasurementResult::Fail);
}

TEST_CASE("measure_alert sets names_pods only when each firing alert names a pod of the revision") {
  const Placement by_app = labelled({{"app", "web"}});
  CHECK(measure({.alerts = alert("web-1")}, by_app).names_pods);
  CHECK_FALSE(measure({.alerts = alert("web-1") + "," + alert("exporter-1")}, by_app).names_pods);
}

TEST_CASE(
    "measure_alert fails when an alert of a healthy rule fires while another rule is broken") {
  const std::string two = json_of({.health = "err"}) + "," + json_of({.alerts = alert("web-1")});
  CHECK(measure(two).result == MeasurementResult::Fail);
}

TEST_CASE("alert_presence_query needs series for each rule that matchLabels selects") {
  const auto query_of = [](const std::string& groups, const Placement& placement) {
    return alert_presence_query(*answer_of(groups), placement);
  };
  const auto one = query_of(json_of({}), web);
  REQUIRE(one);
  CHECK(one->value == R"(((count(errors{namespace="shop",pod=~"web-1|web-2"}) or vector(0))))");
  const std::string two = json_of({}) + "," + json_of({.expression = "slow > 1"}) + "," +
                          json_of({.expression = "slow > 2"});
  CHECK(query_of(two, web)->value ==
        R"(((count(errors{namespace="shop",pod=~"web-1|web-2"}) or vector(0))) * )"
        R"(((count(slow{namespace="shop",pod=~"web-1|web-2"}) or vector(0))))");
  CHECK_FALSE(query_of(two, labelled({{"severity", "warning"}})));
  CHECK_FALSE(query_of(json_of({.expression = "vector(1) > 0"}), web));
}

TEST_CASE("measure_alert_data is Unknown when the expression names no metric") {
  const auto pass = measure({.expression = "vector(1) > 2"});
  const auto found = measure_alert_data(
      pass, web, fail(ErrorKind::BadInput, "the expression names no metric"), {});
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK(found.reason == Reason::NoSeries);
  CHECK_THAT(found.message, Catch::EndsWith("the expression names no metric"));
}

TEST_CASE("measure_alert has a failing baseline when the alert was active before the release") {
  const Placement by_app = labelled({{"app", "web"}});
  const auto found = measure(
      {.alerts = alert("web-1") + "," + alert("web-0", "firing", "2026-11-28T23:17:59Z")}, by_app);
  CHECK(found.result == MeasurementResult::Fail);
  REQUIRE(found.baseline);
  CHECK(found.baseline->result == MeasurementResult::Fail);
  CHECK(found.baseline->before);
  CHECK(found.baseline->consecutive_failures == 2);
  CHECK_FALSE(measure({.alerts = alert("web-1")}, by_app).baseline);
}

TEST_CASE("measure_alert has no failing baseline for a new pod when the release is seen late") {
  // `pods`: the pods that the release created.
  const auto baseline_with = [](const std::string& alerts, std::vector<std::string> pods) {
    return measure_alert("alerts", "HighErrorRate", labelled({{"app", "web"}}),
                         answer_of(json_of({.alerts = alerts})),
                         {.began = released, .pods = std::move(pods)}, now)
        .baseline;
  };
  const std::string of_pod = alert("web-1", "firing", "2026-11-28T23:17:50Z");
  const std::string of_exporter = alert("exporter-1", "firing", "2026-11-28T23:17:50Z");
  CHECK_FALSE(baseline_with(of_pod, {"web-1"}));
  CHECK(baseline_with(of_pod, {"web-2"}));
  CHECK(baseline_with(of_pod, {}));
  CHECK(baseline_with(of_pod + "," + of_exporter, {"web-1"}));
}

}  // namespace lastgood::checks::test
