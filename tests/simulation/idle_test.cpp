// A cluster without new releases.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;

//  after a rollback, a pod is deleted and replaced each hour
TEST_CASE("writes nothing but the Lease in 24 hours when only pods are replaced") {
  Scenario scenario;
  // 720 renewals of the Lease in 24 hours, instead of 43200.
  scenario.start_controller("one",
                            {.duration = 10min, .renew_deadline = 8min, .retry_period = 2min});
  scenario.ship_bad_release();
  REQUIRE(scenario.wait_for_rollback());
  scenario.run_for(5min);
  const auto writes = scenario.writes_of_controllers().size();  // without those of the Lease
  for (int hour = 0; hour < 24; ++hour) {
    const auto& pod = *scenario.server.all("pods", shop).front();
    scenario.server.remove(
        "pods", {.namespace_ = shop, .name = pod["metadata"]["name"].get<std::string>()});
    scenario.run_for(1h);
  }
  CHECK(scenario.is_rolled_out("web"));
  CHECK(scenario.writes_of_controllers().size() == writes);
  CHECK(scenario.state("web") == idle(Reason::RolledBack));
  CHECK(scenario.violations() == no_violations);
}

//  a0 ... a149: not opted in      web: opted in, and last in the queue
TEST_CASE("reconciles a guarded Deployment when 150 others are not opted in") {
  Scenario scenario;
  for (int i = 0; i < 150; ++i)
    scenario.deploy("a" + std::to_string(i), "app:v1", lastgood::codec::Json::object(), 0);
  scenario.start_controller();
  CHECK(scenario.state("web") == idle(Reason::PresumedGood));
}
