// The breaker: while more Deployments fail than a limit, none of them is rolled back, because the
// failures probably have a common cause.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

std::string name_of(int i) { return "web-" + std::to_string(i); }

// Deployments web and web-0 ... web-8 have the same policy and are presumed good.
struct Fleet : Scenario {
  Fleet() : Scenario(1) {
    breaker = {.rollbacks = 5, .percent = 10};
    for (int i = 0; i < 9; ++i) deploy(name_of(i), "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
    run_for(1min);
    start_controller();
    // Within 3 minutes the check has passed for each Deployment, so it may cause a rollback.
    run_for(4min);
  }
};

}  // namespace

//  a shared dependency of nine Deployments is down ---- it recovers
TEST_CASE("holds Deployments that fail together, and evaluates them again when they recover") {
  Fleet scenario;
  for (int i = 0; i < 9; ++i) scenario.ship(name_of(i), "app:v2");
  scenario.run_for(3min);
  for (int i = 0; i < 9; ++i) CHECK(scenario.state(name_of(i)) == held(Reason::BreakerOpen));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
  scenario.cluster.health["app:v2"] = {.status = 200};
  CHECK(scenario.run_until([&] { return scenario.state("web-8") == idle(Reason::Good); }, 3min));
  CHECK(scenario.template_changes() == 0);
}

//  nine fail one after the other ---- they recover one after the other
TEST_CASE("keeps the breaker open while Deployments recover one after the other") {
  Fleet scenario;
  for (int i = 0; i < 9; ++i) {
    scenario.ship(name_of(i), "app:v2");
    scenario.run_for(700ms);
  }
  REQUIRE(scenario.run_until([&] { return scenario.state("web-8") == held(Reason::BreakerOpen); },
                             3min));
  const bool is_restarted = GENERATE(false, true);
  if (is_restarted) {
    scenario.run_for(6min);
    scenario.kill("one");
    scenario.start("two");
    REQUIRE(scenario.run_until([&] { return scenario.lease_holder() == "two"; }, 1min));
    scenario.run_for(30s);
  }
  scenario.cluster.health["app:v2"] = {.status = 200};
  CHECK(scenario.run_until([&] { return scenario.state("web-8") == idle(Reason::Good); }, 5min));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

//  guards without a Deployment are in state Held, reason BreakerOpen
TEST_CASE("rolls back when only guards of deleted Deployments are held by the breaker") {
  Scenario scenario;
  scenario.breaker = {.rollbacks = 1, .percent = 1};
  for (const char* name : {"gone-1", "gone-2", "gone-3"}) {
    const Json guard{{"apiVersion", "lastgood.dev/v1alpha1"},
                     {"kind", "DeploymentGuard"},
                     {"metadata", {{"name", name}, {"namespace", shop}}},
                     {"status",
                      {{"deploymentUid", "gone"},
                       {"policy", "RollbackPolicy/web"},
                       {"state", "Held"},
                       {"reason", "BreakerOpen"},
                       {"checks",
                        {{{"name", "health"},
                          {"result", "Fail"},
                          {"consecutiveFailures", 3},
                          {"failureThreshold", 3},
                          {"breached", true}}}}}}};
    scenario.server.create("deploymentguards", guard);
  }
  scenario.start_controller();
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}
