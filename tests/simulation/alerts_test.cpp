// Releases that are evaluated by alerts: of a PrometheusRule, of the metrics server, and of
// Alertmanager. The health endpoint always passes.
#include <map>
#include <optional>
#include <set>

#include "base/time.hpp"
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

const std::string expression = R"(rate(http_requests_total{status=~"5.."}[5m]) > 0.1)";

Json rule_with(const std::string& name, const std::string& expr) {
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

  // The image that each pod runs, also of pods that are gone.
  const std::map<std::string, std::string>& images() {
    for (const Json* pod : server.all("pods"))
      seen[(*pod)["metadata"]["name"]] = (*pod)["spec"]["containers"][0]["image"];
    return seen;
  }

  // The expression is true for the pods of some images. The second query counts their series.
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

  Json groups() {
    Json alerts = Json::array();
    for (const auto& [name, image] : images()) {
      if (!failing.contains(image)) continue;
      Json labels = {{"alertname", "Errors"}, {"namespace", shop}};
      if (alerts_name_pods) labels["pod"] = name;
      alerts.push_back({{"state", "firing"},
                        {"labels", labels},
                        {"activeAt", lastgood::format_rfc3339(active_at.value_or(clock.now()))},
                        {"value", "5e-01"}});
    }
    const Json rule = {{"name", "Errors"},
                       {"type", "alerting"},
                       {"query", expression},
                       {"health", rule_health},
                       {"lastEvaluation", lastgood::format_rfc3339(clock.now())},
                       {"labels", {{"severity", "critical"}}},
                       {"alerts", alerts}};
    return Json::array({{{"name", "web"}, {"interval", 30}, {"rules", Json::array({rule})}}});
  }

  void write_rule(const Json& rule) {
    const lastgood::Key key{.namespace_ = shop, .name = "web-rules"};
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
  lastgood::Time failing_since = {};
  bool moves_from_pod_to_pod = false;  // the expression is true for one pod at a time
  std::size_t evaluations = 0;
  bool has_series = true;
  std::string rule_health = "ok";
  bool alerts_name_pods = true;
  std::optional<lastgood::Time> active_at = {};  // of all alerts; absent: now
  std::map<std::string, std::string> seen = {};
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
    const std::string start = lastgood::format_rfc3339(clock.now());
    const Json alert = {
        {"status", status},
        {"labels",
         {{"alertname", "Errors"}, {"namespace", shop}, {"pod", pod}, {"severity", "critical"}}},
        {"startsAt", start},
        {"endsAt", std::string(status) == "firing" ? "0001-01-01T00:00:00Z" : start},
        {"fingerprint", "f-" + pod}};
    return {{"version", "4"}, {"status", "firing"}, {"alerts", Json::array({alert})}};
  }

  std::string pod_of(const std::string& image) {
    for (const auto& [name, running] : images())
      if (running == image && server.find("pods", {shop, name})) return name;
    return "";
  }
};

}  // namespace

TEST_CASE("rolls back a release for which the alert of a PrometheusRule is true") {
  RuleScenario scenario;
  scenario.failing = {"app:v2"};
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
  const Json* record = scenario.server.all("rollbacks").at(0);
  CHECK((*record)["spec"]["check"] == "errors");
}

TEST_CASE("keeps a release while the alert is true only for another application") {
  RuleScenario scenario;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release when the alert is true for the old pods too") {
  RuleScenario scenario;
  scenario.merge_patch("deployments", "web", {{"spec", {{"minReadySeconds", 60}}}});
  scenario.failing = {"app:v1", "app:v2"};
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

namespace {

// Old and new pods begin to fail together. The old pods are available when the release begins, so
// they stay until the new ones have been ready for a minute.
void check_held_when_all_pods_fail(AlertScenario& scenario) {
  scenario.run_for(1min);
  scenario.merge_patch("deployments", "web", {{"spec", {{"minReadySeconds", 60}}}});
  scenario.ship("web", "app:v2");
  scenario.run_for(30s);
  scenario.failing_since = scenario.clock.now();
  scenario.failing = {"app:v1", "app:v2"};
  scenario.run_for(3min);
  CHECK(scenario.state("web") == held(Reason::SharedCause));
  CHECK(scenario.template_changes() == 0);
}

}  // namespace

TEST_CASE("holds a release when series of matchLabels are true for the old pods too") {
  RuleScenario scenario(GENERATE(Json{{"severity", "critical"}}, Json{{"app", "web"}}));
  check_held_when_all_pods_fail(scenario);
}

TEST_CASE("holds a release when alerts of matchLabels fire for the old pods too") {
  ServerScenario scenario(GENERATE(Json{{"severity", "critical"}}, Json{{"namespace", shop}}));
  check_held_when_all_pods_fail(scenario);
}

TEST_CASE("keeps a release while the alert is true for another pod at each evaluation") {
  RuleScenario scenario;
  scenario.moves_from_pod_to_pod = true;
  scenario.failing = {"app:v2"};
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.reason_of_check() == "AlertFiring");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does not call a release good when no series of its pods exist") {
  RuleScenario scenario;
  scenario.has_series = false;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           5min));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("says why a PrometheusRule is not evaluated, and does nothing") {
  RuleScenario scenario;
  scenario.failing = {"app:v2"};
  scenario.ship("web", "app:v2");
  const auto becomes = [&](const char* reason) {
    return scenario.run_until([&] { return scenario.reason_of_check() == reason; }, 30s);
  };
  scenario.write_rule(rule_with("Other", expression));
  CHECK(becomes("AlertNotFound"));
  scenario.server.remove("prometheusrules", {shop, "web-rules"});
  CHECK(becomes("RuleNotFound"));
  CHECK(scenario.template_changes() == 0);
  scenario.write_rule(rule_with("Errors", expression));
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does not count the failures of a rule that was replaced during the release") {
  RuleScenario scenario;
  scenario.failing = {"app:v2"};
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.reason_of_check() == "AlertFiring"; }, 1min));
  scenario.write_rule(rule_with("Errors", "other_total > 5"));
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("rolls back a release for which an alert of the metrics server is firing") {
  ServerScenario scenario;
  scenario.failing = {"app:v2"};
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

TEST_CASE("holds a release when the alert was active before it") {
  ServerScenario scenario(Json{{"namespace", shop}});
  scenario.failing = {"app:v1", "app:v2"};
  scenario.active_at = scenario.clock.now();
  scenario.run_for(1min);
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("waits for the end of an alert about all pods before it verifies a restored revision") {
  ServerScenario scenario(Json{{"namespace", shop}});
  scenario.alerts_name_pods = false;
  scenario.run_for(1min);
  scenario.ship("web", "app:v2");
  // An alert that fires before the pods have started would not be the fault of the release.
  scenario.run_for(15s);
  scenario.failing = {"app:v2"};
  REQUIRE(scenario.run_until([&] { return scenario.image("web") == "app:v1"; }, 2min));
  scenario.run_for(1min);
  CHECK(scenario.is_in_state("web", State::Verifying));
  scenario.failing = {};
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does not call a release good when the alert has no series of its pods") {
  ServerScenario scenario;
  scenario.has_series = false;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           5min));
  CHECK(scenario.reason_of_check() == "NoSeries");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release that failed before it while the server has lost its data") {
  ServerScenario scenario(Json{{"namespace", shop}});
  scenario.failing = {"app:v1", "app:v2"};
  scenario.active_at = scenario.clock.now();
  scenario.run_for(1min);
  scenario.ship("web", "app:v2");
  scenario.run_for(1min);
  REQUIRE(scenario.is_in_state("web", State::Held));
  scenario.failing = {};
  scenario.has_series = false;
  scenario.run_for(30s);
  scenario.failing = {"app:v1", "app:v2"};
  scenario.has_series = true;
  scenario.active_at = scenario.clock.now();
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing for an alert whose rule is broken") {
  ServerScenario scenario;
  scenario.failing = {"app:v2"};
  scenario.rule_health = "err";
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("rolls back for an alert that Alertmanager sends while the server is down") {
  ServerScenario scenario;
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  REQUIRE(scenario.send_alerts("one", scenario.message_about(scenario.pod_of("app:v2"))) == 200);
  CHECK(scenario.guard_status()["alerts"].size() == 1);
  CHECK(scenario.run_until([&] { return scenario.image("web") == "app:v1"; }, 1min));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does nothing for an alert that Alertmanager sent once and that must last longer") {
  ServerScenario scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "20m"}}}});
  Json checks = scenario.server.find("rollbackpolicies", {shop, "web"})->at("spec").at("checks");
  checks.back()["for"] = "10m";
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"checks", checks}}}});
  scenario.run_for(1min);
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  const Json message = scenario.message_about(scenario.pod_of("app:v2"));
  REQUIRE(scenario.send_alerts("one", message) == 200);
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "AlertFiring"; }, 10s));
  scenario.run_for(15min);
  CHECK(scenario.reason_of_check() == "AlertNotConfirmed");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("counts an alert that Alertmanager sends again as long as it must last") {
  ServerScenario scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "20m"}}}});
  Json checks = scenario.server.find("rollbackpolicies", {shop, "web"})->at("spec").at("checks");
  checks.back()["for"] = "10m";
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"checks", checks}}}});
  scenario.run_for(1min);
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  const Json message = scenario.message_about(scenario.pod_of("app:v2"));
  for (int minute = 0; minute < 11 && scenario.template_changes() == 0; ++minute) {
    REQUIRE(scenario.send_alerts("one", message) == 200);
    scenario.run_for(1min);
  }
  CHECK(scenario.image("web") == "app:v1");
}

TEST_CASE("does nothing for an alert about all pods that Alertmanager sends") {
  ServerScenario scenario;
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  Json message = scenario.message_about("");
  message["alerts"][0]["labels"].erase("pod");
  REQUIRE(scenario.send_alerts("one", message) == 200);
  scenario.run_for(2min);
  CHECK(scenario.reason_of_check() == "AlertNotConfirmed");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing for an alert about an old pod or another application") {
  ServerScenario scenario;
  scenario.metrics.is_running = false;
  const std::string old_pod = scenario.pod_of("app:v1");
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  CHECK(scenario.send_alerts("one", scenario.message_about(old_pod)) == 200);
  CHECK(scenario.send_alerts("one", scenario.message_about("cart-5d4b-x")) == 200);
  scenario.run_for(1min);
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("a resolved alert is no recovery while the server cannot be asked") {
  ServerScenario scenario;
  scenario.set_mode("Observe");
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  const std::string pod = scenario.pod_of("app:v2");
  REQUIRE(scenario.send_alerts("one", scenario.message_about(pod)) == 200);
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "AlertFiring"; }, 10s));
  REQUIRE(scenario.send_alerts("one", scenario.message_about(pod, "resolved")) == 200);
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "AlertNotConfirmed"; }, 10s));
}

TEST_CASE("stores an alert once, and keeps it when the controller is killed") {
  ServerScenario scenario;
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  const Json message = scenario.message_about(scenario.pod_of("app:v2"));
  REQUIRE(scenario.send_alerts("one", message) == 200);
  const auto writes = scenario.writes_of_controllers().size();
  CHECK(scenario.send_alerts("one", message) == 200);
  CHECK(scenario.writes_of_controllers().size() == writes);
  scenario.kill("one");
  scenario.start("two");
  CHECK(scenario.run_until([&] { return scenario.image("web") == "app:v1"; }, 2min));
}

TEST_CASE("answers 503 to Alertmanager on a standby, and 400 to another message") {
  ServerScenario scenario;
  scenario.start("two");
  scenario.run_for(5s);
  const Json message = scenario.message_about("web-5d4b-x");
  CHECK(scenario.send_alerts("two", message) == 503);
  CHECK(scenario.send_alerts("one", Json{{"version", "3"}}) == 400);
  CHECK(scenario.send_alerts("one", message) == 200);
}
