// Releases that are evaluated by alerts that Alertmanager sends, while the metrics server does not
// respond.
#include "simulation/alert_scenarios.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// The check is breached when it has failed for 10 minutes. The metrics server is down, and v2 is
// evaluated.
struct TenMinuteAlertScenario : ServerScenario {
  TenMinuteAlertScenario() {
    Json checks = server.find("rollbackpolicies", {shop, "web"})->at("spec").at("checks");
    checks.back()["for"] = "10m";
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "20m"}, {"checks", checks}}}});
    run_for(1min);
    metrics.is_running = false;
    ship("web", "app:v2");
    run_for(20s);
  }
};

}  // namespace

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

TEST_CASE("does nothing when Alertmanager sends an alert once and `for` is 10 minutes") {
  TenMinuteAlertScenario scenario;
  const Json message = scenario.message_about(scenario.pod_of("app:v2"));
  REQUIRE(scenario.send_alerts("one", message) == 200);
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "AlertFiring"; }, 10s));
  scenario.run_for(15min);
  CHECK(scenario.reason_of_check() == "AlertNotConfirmed");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("rolls back when Alertmanager repeats an alert for the 10 minutes of `for`") {
  TenMinuteAlertScenario scenario;
  const Json message = scenario.message_about(scenario.pod_of("app:v2"));
  for (int minute = 0; minute < 11 && scenario.template_changes() == 0; ++minute) {
    REQUIRE(scenario.send_alerts("one", message) == 200);
    scenario.run_for(1min);
  }
  CHECK(scenario.image("web") == "app:v1");
}

TEST_CASE("does nothing when Alertmanager sends an alert that names no pod") {
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

TEST_CASE("does nothing for an alert about an old pod of a revision that is applied again") {
  ServerScenario scenario;
  scenario.cluster.health["app:v3"] = {};
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  scenario.merge_patch("deployments", "web", {{"spec", {{"minReadySeconds", 60}}}});
  const std::string old_pod = scenario.pod_of("app:v2");
  scenario.run_for(1min);
  scenario.ship("web", "app:v3");
  scenario.run_for(20s);
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  REQUIRE(scenario.server.find("pods", {shop, old_pod}));
  // The alert fires only after the `for` of the alert rule. Its cause may be older than the
  // release.
  const Json message = scenario.message_about(old_pod);
  REQUIRE(scenario.send_alerts("one", message) == 200);
  CHECK(scenario.run_until([&] { return scenario.reason_of_check() == "AlertNotConfirmed"; }, 10s));
  scenario.run_for(1min);
  REQUIRE(scenario.send_alerts("one", message) == 200);
  scenario.run_for(1min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does not count a resolved alert as a pass while the metrics server is down") {
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

TEST_CASE("answers 503 to Alertmanager on a standby, and 400 to another message version") {
  ServerScenario scenario;
  scenario.start("two");
  scenario.run_for(5s);
  const Json message = scenario.message_about("web-5d4b-x");
  CHECK(scenario.send_alerts("two", message) == 503);
  CHECK(scenario.send_alerts("one", Json{{"version", "3"}}) == 400);
  CHECK(scenario.send_alerts("one", message) == 200);
}
