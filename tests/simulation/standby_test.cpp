// A replica that does not lead does no work: it watches, and waits for the Lease.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;

//  one: leads        ... killed
//  two: standby ............... leads
TEST_CASE("queues no Deployment until the replica leads, and then all of them") {
  Scenario scenario;
  scenario.start_controller("one");
  scenario.start("two");
  scenario.run_for(10s);
  scenario.deploy("short-lived", "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  scenario.run_for(10s);
  scenario.delete_deployment("short-lived");
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "21s"}}}});
  scenario.run_for(10s);
  CHECK(scenario.keys_added("one") > 0);
  CHECK(scenario.keys_added("two") == 0);
  scenario.kill("one");
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}
