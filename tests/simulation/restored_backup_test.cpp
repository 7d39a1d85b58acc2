// etcd is restored from a backup while a controller runs. The controller must forget all that
// happened after the backup.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;

namespace {

const std::vector<lastgood::Duration> moments{1s, 8s, 14s, 16s, 20s, 30s, 2min, 5min};

}  // namespace

//  v2 ships -- backup -- rolled back, or not yet -- restore: v2 runs again
TEST_CASE("rolls back the release of a backup once more, at whichever moment it is restored") {
  for (const lastgood::Duration moment : moments) {
    INFO("restored " << moment << " after the backup");
    Scenario scenario;
    scenario.start_controller();
    scenario.ship_bad_release();
    scenario.run_for(1s);
    const auto backup = scenario.server.backup();
    scenario.run_for(moment);
    scenario.restore(backup);
    CHECK(scenario.wait_for_rollback());
    scenario.run_for(15s);
    CHECK(scenario.image("web") == "app:v1");
    CHECK(scenario.is_rolled_out("web"));
    CHECK(scenario.rollbacks().size() == 1);
    CHECK(scenario.violations() == no_violations);
  }
}

//  v1 -- backup -- v2 ships -- rolled back, or not yet -- restore: v1 runs, and v2 is unknown
TEST_CASE("knows nothing of a release and its rollback that are not in the restored backup") {
  for (const lastgood::Duration moment : moments) {
    INFO("restored " << moment << " after the release");
    Scenario scenario;
    scenario.start_controller();
    const auto backup = scenario.server.backup();
    scenario.ship_bad_release();
    scenario.run_for(moment);
    scenario.restore(backup);
    scenario.run_for(2min);
    CHECK(scenario.state("web") == idle(Reason::PresumedGood));
    CHECK(scenario.rollbacks().empty());
    scenario.ship_bad_release();
    CHECK(scenario.wait_for_rollback());
    scenario.run_for(15s);
    CHECK(scenario.image("web") == "app:v1");
    CHECK(scenario.rollbacks().size() == 1);
    CHECK(scenario.violations() == no_violations);
  }
}
