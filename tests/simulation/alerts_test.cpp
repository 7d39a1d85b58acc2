// Releases that are evaluated by alerts: of a PrometheusRule, and of the metrics server.
#include "simulation/alert_scenarios.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

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

TEST_CASE("holds a release when the rule with matchLabels is true for the old pods too") {
  RuleScenario scenario(GENERATE(Json{{"severity", "critical"}}, Json{{"app", "web"}}));
  check_held_when_all_pods_fail(scenario);
}

TEST_CASE("holds a release when alerts that have the matchLabels fire for the old pods too") {
  ServerScenario scenario(GENERATE(Json{{"severity", "critical"}}, Json{{"namespace", shop}}));
  check_held_when_all_pods_fail(scenario);
}

TEST_CASE("keeps a release while the alert is true for a different pod at each evaluation") {
  RuleScenario scenario;
  scenario.moves_from_pod_to_pod = true;
  scenario.failing = {"app:v2"};
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.reason_of_check() == "AlertFiring");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does not call a release good when the rule finds no series of its pods") {
  RuleScenario scenario;
  scenario.has_series = false;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           5min));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing and gives the reason while the alert or its PrometheusRule is missing") {
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

TEST_CASE("holds a release when the alert was active before the release") {
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

TEST_CASE("does not call a release good when the server has no series of its pods") {
  ServerScenario scenario;
  scenario.has_series = false;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           5min));
  CHECK(scenario.reason_of_check() == "NoSeries");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("keeps the hold for an alert from before the release when the server loses its data") {
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

TEST_CASE("keeps the hold when an alert from before the release is pending again") {
  ServerScenario scenario(Json{{"namespace", shop}});
  scenario.failing = {"app:v1", "app:v2"};
  scenario.active_at = scenario.clock.now();
  scenario.run_for(1min);
  scenario.ship("web", "app:v2");
  scenario.run_for(1min);
  REQUIRE(scenario.is_in_state("web", State::Held));
  // The server has restarted, so the `for` of the rule begins again.
  scenario.active_at = scenario.clock.now();
  scenario.alert_state = "pending";
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "AlertNotConfirmed"; }, 10s));
  scenario.run_for(2min);
  scenario.alert_state = "firing";
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("keeps the hold when the server has lost its data and has scraped only once") {
  ServerScenario scenario(Json{{"namespace", shop}});
  scenario.failing = {"app:v1", "app:v2"};
  scenario.active_at = scenario.clock.now();
  scenario.run_for(1min);
  scenario.ship("web", "app:v2");
  scenario.run_for(1min);
  REQUIRE(scenario.is_in_state("web", State::Held));
  // The server has series again, but rate() needs two samples of each, so no alert is active yet.
  scenario.failing = {};
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "Passed"; }, 10s));
  scenario.run_for(15s);
  scenario.failing = {"app:v1", "app:v2"};
  scenario.active_at = scenario.clock.now();
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing for an alert whose rule the server cannot evaluate") {
  ServerScenario scenario;
  scenario.failing = {"app:v2"};
  scenario.rule_health = "err";
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
}
