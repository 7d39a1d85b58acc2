// Scenarios with a check "errors" that follows an alert. The health endpoint always passes. The
// check is one of these:
// - prometheusRule (RuleScenario): Lastgood reads the expression of the alert from a
//   PrometheusRule, and queries the metrics server with this expression.
// - alert (ServerScenario): Lastgood reads the alerts of the metrics server, and receives alerts
//   that Alertmanager sends.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "simulation/scenario.hpp"

namespace lastgood::simulation {

using codec::Json;

inline const std::string expression = R"(rate(http_requests_total{status=~"5.."}[5m]) > 0.1)";

inline Json rule_with(const std::string& name, const std::string& expr) {
  return {{"alert", name}, {"expr", expr}, {"for", "8s"}, {"labels", {{"severity", "critical"}}}};
}

struct AlertScenario : Scenario {
  explicit AlertScenario(const Json& check) {
    cluster.health["app:v2"] = {};
    Json checks = quick_policy()["checks"];
    Json errors = {{"name", "errors"}, {"interval", "4s"}, {"failureThreshold", 2}};
    errors.update(check);
    checks.push_back(errors);
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "1m"}, {"checks", checks}}}});
    metrics.evaluate_series = [this](const MetricsQuery& sent) { return answer_to(sent); };
    metrics.rules = [this] { return groups(); };
  }

  // The image of each pod, by the name of the pod. Pods that are gone remain in the map.
  const std::map<std::string, std::string>& images() {
    for (const Json* pod : server.all("pods"))
      seen[(*pod)["metadata"]["name"]] = (*pod)["spec"]["containers"][0]["image"];
    return seen;
  }

  // The result of a query. The expression of the alert is true for the pods of the images in
  // `failing`. Any expression is true for pod cart-1, which belongs to another application. A query
  // with count() asks how many series the pods of web have.
  std::vector<MetricsSeries> answer_to(const MetricsQuery& sent) {
    if (sent.text.contains("count(")) return {{.value = has_series ? 4.0 : 0.0}};
    std::vector<MetricsSeries> all{{.labels = {{"namespace", "cart"}, {"pod", "cart-1"}}}};
    if (!sent.text.contains("http_requests_total")) return all;
    std::vector<MetricsSeries> own;
    for (const auto& [name, image] : images()) {
      if (!failing.contains(image) || sent.at < failing_since) continue;
      own.push_back({.labels = {{"namespace", shop}, {"pod", name}, {"app", "web"}}, .value = 0.5});
    }
    if (moves_from_pod_to_pod && !own.empty()) own = {own[evaluations++ % own.size()]};
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }

  // The answer of the rules API of the metrics server: the rule, and an alert for each pod of the
  // images in `failing`.
  Json groups() {
    Json alerts = Json::array();
    for (const auto& [name, image] : images()) {
      if (!failing.contains(image)) continue;
      Json labels = {{"alertname", "Errors"}, {"namespace", shop}};
      if (alerts_name_pods) labels["pod"] = name;
      alerts.push_back({{"state", alert_state},
                        {"labels", labels},
                        {"activeAt", format_rfc3339(active_at.value_or(clock.now()))},
                        {"value", "5e-01"}});
    }
    const Json rule = {{"name", "Errors"},
                       {"type", "alerting"},
                       {"query", expression},
                       {"health", rule_health},
                       {"lastEvaluation", format_rfc3339(clock.now())},
                       {"labels", {{"severity", "critical"}}},
                       {"alerts", alerts}};
    return Json::array({{{"name", "web"}, {"interval", 30}, {"rules", Json::array({rule})}}});
  }

  void write_rule(const Json& rule) {
    const Key key{.namespace_ = shop, .name = "web-rules"};
    const Json groups = Json::array({{{"name", "web"}, {"rules", Json::array({rule})}}});
    if (server.find("prometheusrules", key)) {
      server.change("prometheusrules", key,
                    [&](Json& object) { object["spec"]["groups"] = groups; });
    } else {
      server.create("prometheusrules", {{"metadata", {{"name", key.name}, {"namespace", shop}}},
                                        {"spec", {{"groups", groups}}}});
    }
  }

  [[nodiscard]] Json guard_status() const {
    return server.find("deploymentguards", {shop, "web"})->at("status");
  }
  [[nodiscard]] std::string reason_of_check() const {
    for (const Json& check : guard_status().value("checks", Json::array()))
      if (check["name"] == "errors") return check.value("reason", "");
    return "";
  }

  std::set<std::string> failing = {};  // images
  Time failing_since = {};             // before this time the expression is false
  bool moves_from_pod_to_pod = false;  // the expression is true for one pod at a time
  std::size_t evaluations = 0;
  bool has_series = true;  // false: the server has no series of the pods of web
  std::string rule_health = "ok";
  bool alerts_name_pods = true;  // false: the alerts have no label "pod"
  std::string alert_state = "firing";
  std::optional<Time> active_at = {};            // activeAt of all alerts; absent: now
  std::map<std::string, std::string> seen = {};  // see images()
};

struct RuleScenario : AlertScenario {
  explicit RuleScenario(const Json& labels = Json::object())
      : AlertScenario({{"prometheusRule",
                        {{"name", "web-rules"}, {"alert", "Errors"}, {"matchLabels", labels}}}}) {
    write_rule(rule_with("Errors", expression));
    start_controller();
  }
};

struct ServerScenario : AlertScenario {
  explicit ServerScenario(const Json& labels = {{"severity", "critical"}})
      : AlertScenario({{"alert", {{"name", "Errors"}, {"matchLabels", labels}}}}) {
    start_controller();
  }

  // A message of Alertmanager about one pod.
  Json message_about(const std::string& pod, const char* status = "firing") const {
    const std::string start = format_rfc3339(clock.now());
    const Json alert = {
        {"status", status},
        {"labels",
         {{"alertname", "Errors"}, {"namespace", shop}, {"pod", pod}, {"severity", "critical"}}},
        {"startsAt", start},
        {"endsAt", std::string(status) == "firing" ? "0001-01-01T00:00:00Z" : start},
        {"fingerprint", "f-" + pod}};
    return {{"version", "4"}, {"status", "firing"}, {"alerts", Json::array({alert})}};
  }

  // The name of a present pod with this image. Empty if there is none.
  std::string pod_of(const std::string& image) {
    for (const auto& [name, running] : images())
      if (running == image && server.find("pods", {shop, name})) return name;
    return "";
  }
};

}  // namespace lastgood::simulation
