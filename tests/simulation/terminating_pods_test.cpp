// Pods that are terminated while a probe of them is in flight.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// The check probes every 4 s, with a timeout of 3 s.
struct SlowProbes : Scenario {
  SlowProbes(int replicas, int failure_threshold) : Scenario(replicas) {
    Json spec = quick_policy();
    spec["bakeTime"] = "30m";
    spec["checks"][0]["http"]["timeout"] = "3s";
    spec["checks"][0]["failureThreshold"] = failure_threshold;
    merge_patch("rollbackpolicies", "web", {{"spec", spec}});
    start_controller();
  }
};

}  // namespace

//  v1   probed ......... terminated: the connection is refused
//  v2      pending    ready   503   503   503 -> rolled back
TEST_CASE("rolls back when the last pod of the baseline terminates during a probe") {
  SlowProbes scenario(/*replicas=*/1, /*failure_threshold=*/3);
  scenario.cluster.health["app:v1"] = {.latency = 2500ms};
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  v3   probed ......... 200
//          4 pods -> 1 pod
TEST_CASE("ignores a probe that fails because its pod was scaled down") {
  SlowProbes scenario(/*replicas=*/4, /*failure_threshold=*/1);
  scenario.cluster.health["app:v3"] = {.latency = 2500ms};
  scenario.ship("web", "app:v3");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             1min));
  for (int i = 0; i < 8; ++i) {
    scenario.merge_patch("deployments", "web", {{"spec", {{"replicas", i % 2 == 0 ? 1 : 4}}}});
    scenario.run_for(5s);
  }
  CHECK(scenario.state("web") == evaluating(Reason::Baking));
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.rollbacks().empty());
}
