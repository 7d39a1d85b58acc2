// Outages of something that all revisions need. Nothing is rolled back, or there is one rollback
// and the freeze that follows it ends with the outage.
#include <fmt/format.h>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::Duration;
using lastgood::codec::Json;

namespace {

struct LongBake : Scenario {
  LongBake() : Scenario(2) {
    Json spec = quick_policy();
    spec["bakeTime"] = "10m";
    spec["rollback"]["verifyFor"] = "30s";
    merge_patch("rollbackpolicies", "web", {{"spec", spec}});
    cluster.health["app:v2"] = {.status = 200};
  }

  void ship_and_bake(const std::string& name) {
    ship(name, "app:v2");
    REQUIRE(run_until([&] { return state(name) == evaluating(Reason::Baking); }, 2min));
  }

  void suffer_outage(Duration time) {
    cluster.outage = true;
    run_for(time);
    cluster.outage = false;
  }

  [[nodiscard]] Json status(const std::string& name = "web") const {
    return server.find("deploymentguards", {.namespace_ = shop, .name = name})->at("status");
  }

  [[nodiscard]] std::string verdict(int number) const {
    const Json guard = status();
    for (const Json& revision : guard.at("revisions")) {
      if (revision.at("number") == number) return revision.at("verdict");
    }
    return "";
  }
};

std::vector<Json> copies(const std::vector<const Json*>& objects) {
  std::vector<Json> found;
  for (const Json* object : objects) found.push_back(*object);
  return found;
}

}  // namespace

//  v2 bakes ---- outage ---- v1 is restored and fails too: Frozen ---- the outage ends: Idle
TEST_CASE("ends the freeze when an outage in a bake ends, and forgives both revisions") {
  LongBake scenario;
  scenario.start_controller();
  scenario.ship_and_bake("web");
  scenario.run_for(2min);
  scenario.suffer_outage(5min);
  CHECK(scenario.state("web") == frozen(Reason::VerificationFailed));
  CHECK_FALSE(scenario.status().contains("lastGood"));
  const bool is_restarted = GENERATE(false, true);
  if (is_restarted) {
    scenario.kill("one");
    scenario.start("two");
  }
  scenario.run_for(2min);
  CHECK(scenario.state("web") == idle(Reason::OutageEnded));
  CHECK(scenario.verdict(2) == "Inconclusive");
  CHECK(scenario.status().at("lastGood").at("number") == 3);
  CHECK(scenario.template_changes() == 1);
  CHECK(scenario.violations() == no_violations);
  const std::string message = scenario.status().at("message");
  CHECK(message.contains("alike"));

  // v2 is not quarantined: it is evaluated as any other release.
  scenario.ship_and_bake("web");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 12min));
}

//  v2 starts for 60 s ---- outage ---- v2 is ready, and the pods of v1 are gone
TEST_CASE("holds a release when the outage began while its pods were starting") {
  Scenario scenario;
  scenario.start_controller();
  scenario.cluster.health["app:v2"] = {.startup = 60s, .startup_status = 503};
  scenario.ship("web", "app:v2");
  scenario.run_for(15s);
  scenario.cluster.outage = true;
  scenario.run_for(10min);
  CHECK(scenario.state("web") == held(Reason::SharedCause));
  scenario.cluster.outage = false;
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 20min));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

//  v2 bakes in four Deployments ---- outage: all are held ---- the outage ends: all bake on
TEST_CASE("holds a release without a baseline when three other Deployments begin to fail too") {
  LongBake scenario;
  for (int i = 0; i < 3; ++i)
    scenario.deploy(fmt::format("other-{}", i), "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  scenario.run_for(30s);
  scenario.start_controller();
  // Within 3 minutes the check has passed for each Deployment, so it may cause a rollback.
  scenario.run_for(4min);
  scenario.ship_and_bake("web");
  for (int i = 0; i < 3; ++i) scenario.ship_and_bake(fmt::format("other-{}", i));
  scenario.run_for(2min);
  scenario.cluster.outage = true;
  scenario.run_for(5min);
  CHECK(scenario.state("web") == held(Reason::SharedCause));
  for (int i = 0; i < 3; ++i)
    CHECK(scenario.state(fmt::format("other-{}", i)) == held(Reason::SharedCause));
  scenario.cluster.outage = false;
  scenario.run_for(12min);
  CHECK(scenario.state("web") == idle(Reason::Good));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

//  three idle Deployments lose their replicas when v2 of web begins to fail
TEST_CASE("holds a release without a baseline when idle Deployments lose their replicas") {
  LongBake scenario;
  for (int i = 0; i < 3; ++i)
    scenario.deploy(fmt::format("other-{}", i), "app:v3", {{"lastgood.dev/policy", "web"}}, 1);
  scenario.run_for(30s);
  scenario.start_controller();
  scenario.run_for(30s);
  scenario.ship_and_bake("web");
  scenario.run_for(2min);
  scenario.cluster.outage = true;
  scenario.cluster.health["app:v3"] = {.ready = false};
  for (const Json& pod : copies(scenario.server.all("pods", shop))) {
    const std::string name = pod.at("metadata").at("name");
    if (name.starts_with("other-")) scenario.server.remove("pods", {shop, name});
  }
  scenario.run_for(3min);
  CHECK(scenario.state("web") == held(Reason::SharedCause));
  CHECK(scenario.template_changes() == 0);
}

//  six Deployments are broken for two hours ---- a bad release of web
TEST_CASE("rolls back a bad release while six Deployments have been broken for hours") {
  LongBake scenario;
  scenario.breaker = {.rollbacks = 5, .percent = 10};
  scenario.cluster.health["app:broken"] = {.status = 503};
  for (int i = 0; i < 6; ++i)
    scenario.deploy(fmt::format("dev-{}", i), "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  scenario.run_for(30s);
  scenario.start_controller();
  scenario.run_for(30s);
  for (int i = 0; i < 6; ++i) scenario.ship(fmt::format("dev-{}", i), "app:broken");
  scenario.run_for(2h);
  CHECK(scenario.state("dev-5") == held(Reason::BreakerOpen));
  scenario.cluster.health["app:v2"] = {.status = 503};
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.state("dev-5") == held(Reason::BreakerOpen));
  CHECK(scenario.violations() == no_violations);
}
