// The clock of the controller jumps back by an hour.
#include "simulation/users.hpp"

using namespace lastgood::simulation;

//  v2 (bad) ---- the clock jumps ---- v1
TEST_CASE("rolls back a bad release once when the clock of the controller is an hour late") {
  for (int after = 0; after <= 40; after += 4) {
    INFO(after << " s after the release");
    Scenario scenario;
    scenario.start_controller();
    scenario.ship_bad_release();
    scenario.run_for(std::chrono::seconds(after));
    scenario.clock_offsets["one"] = -60min;
    scenario.wait_for_rollback(90min);
    scenario.run_for(30s);
    scenario.check_rolled_back_once();
  }
}

//  v2 starts for a minute, with 503 ---- the clock jumps ---- v2 is good
TEST_CASE("keeps a good release that starts slowly when the clock becomes an hour late") {
  for (int after = 0; after <= 60; after += 6) {
    INFO(after << " s after the release");
    Scenario scenario;
    scenario.start_controller();
    scenario.cluster.health["app:v2"] = {.startup = 60s, .startup_status = 503};
    scenario.ship("web", "app:v2");
    scenario.run_for(std::chrono::seconds(after));
    scenario.clock_offsets["one"] = -60min;
    scenario.run_for(10min);
    CHECK(scenario.image("web") == "app:v2");
    CHECK(scenario.template_changes() == 0);
    CHECK(scenario.violations() == no_violations);
  }
}
