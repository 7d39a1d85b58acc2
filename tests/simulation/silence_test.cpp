// Pods that do not respond to the controller.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// Release v2 bakes for 20 min, and its pods are on two nodes.
struct BakingScenario : Scenario {
  BakingScenario() : Scenario(4) {
    cluster.nodes.names = {"node-1", "node-2"};
    cluster.health["app:v2"] = {};
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "20m"}}}});
  }

  void add_readiness_probe() {
    const Json patch = Json::array({{{"op", "add"},
                                     {"path", "/spec/template/spec/containers/0/readinessProbe"},
                                     {"value", {{"httpGet", {{"port", 8080}}}}}}});
    call_as_user({.verb = lastgood::api::Verb::Patch,
                  .target = "/apis/apps/v1/namespaces/shop/deployments/web",
                  .body = patch.dump(),
                  .content_type = std::string(lastgood::api::json_patch)});
    REQUIRE(run_until([&] { return is_rolled_out("web"); }, 1min));
  }

  void start_baking() {
    start_controller();
    ship("web", "app:v2");
    REQUIRE(run_until([&] { return state("web") == evaluating(Reason::Baking); }, 2min));
    run_for(10s);
  }

  [[nodiscard]] Json health_check() const {
    const Json* guard = server.find("deploymentguards", {shop, "web"});
    for (const Json& check : (*guard)["status"]["checks"])
      if (check["name"] == "health") return check;
    return {};
  }

  void check_nothing_happened() const {
    CHECK(image("web") == "app:v2");
    CHECK(template_changes() == 0);
    CHECK(rollbacks().empty());
    CHECK(violations() == no_violations);
  }

  [[nodiscard]] bool is_rolled_back_within(lastgood::Duration limit) {
    return run_until([&] { return template_changes() == 1; }, limit);
  }
};

}  // namespace

//  controller --x--> pod <---- kubelet: ready
TEST_CASE("does nothing when a NetworkPolicy drops the probes of the controller") {
  BakingScenario scenario;
  scenario.add_readiness_probe();
  scenario.start_baking();
  scenario.cluster.health["app:v2"].is_blocked = true;
  scenario.run_for(5min);
  scenario.check_nothing_happened();
  CHECK(scenario.health_check()["reason"] == "ProbeBlocked");
}

TEST_CASE("rolls back when a release that responded before hangs") {
  BakingScenario scenario;
  SECTION("with a readiness probe") { scenario.add_readiness_probe(); }
  SECTION("without a readiness probe") {}
  scenario.start_baking();
  scenario.cluster.health["app:v2"].hangs = true;
  CHECK(scenario.is_rolled_back_within(17s));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("rolls back when a release refuses connections and an old pod on its node responds") {
  BakingScenario scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"startupGrace", "0s"}}}});
  scenario.cluster.health["app:v2"] = {.status = 0, .startup_status = 0};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.is_rolled_back_within(1min));
  CHECK(scenario.violations() == no_violations);
}

//  one: v2 passes ---x           v2 refuses connections, and no pod of v1 is left
//  two:               '---- leads: no pod has responded to this replica
TEST_CASE("rolls back when a release that passed refuses connections after a change of leader") {
  BakingScenario scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"startupGrace", "0s"}}}});
  scenario.start_baking();
  scenario.kill("one");
  scenario.cluster.health["app:v2"] = {.status = 0, .startup_status = 0};
  scenario.start("two");
  CHECK(scenario.is_rolled_back_within(1min));
  CHECK(scenario.violations() == no_violations);
}

//  one: v2 passes ---x
//  two:               '---- leads: no pod responds, so the network of this replica may be blocked
TEST_CASE("does nothing when the pods are unreachable only for the next leader") {
  BakingScenario scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"startupGrace", "0s"}}}});
  scenario.start_baking();
  scenario.kill("one");
  scenario.cluster.health["app:v2"].is_blocked = true;
  scenario.start("two");
  scenario.run_for(5min);
  scenario.check_nothing_happened();
  CHECK(scenario.health_check()["reason"] == "Unreachable");
}

//  node-2 dies: its pods are silent, and its Lease is not renewed
TEST_CASE("does nothing when one of two nodes dies, and names the node") {
  BakingScenario scenario;
  scenario.start_baking();
  scenario.cluster.nodes.dead.insert("node-2");
  scenario.run_for(1min);
  CHECK(scenario.health_check()["message"].get<std::string>().contains("node-2"));
  scenario.run_for(5min);
  scenario.check_nothing_happened();
}

// Three failures take 8 s to 12 s, and a probe has 1 s. The pods on node-1 are enough for a
// failure, so the check does not wait until the Lease of node-2 expires.
TEST_CASE("rolls back a failing release within 30 s while one of two nodes is dead") {
  BakingScenario scenario;
  scenario.start_baking();
  scenario.cluster.nodes.dead.insert("node-2");
  scenario.run_for(30s);
  scenario.cluster.health["app:v2"].status = 503;
  CHECK(scenario.is_rolled_back_within(30s));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does nothing when the controller is stopped for 3 s while its probes run") {
  BakingScenario scenario;
  scenario.cluster.health["app:v2"].latency = 400ms;
  scenario.merge_patch(
      "rollbackpolicies", "web",
      {{"spec",
        {{"checks",
          Json::array({{{"name", "health"},
                        {"interval", "4s"},
                        {"failureThreshold", 1},
                        {"http", {{"port", 8080}, {"path", "/health"}, {"timeout", "1s"}}}}})}}}});
  scenario.start_baking();
  for (int i = 0; i < 40; ++i) {
    scenario.suspend("one", 3s);
    scenario.run_for(3s + i * 100ms);
  }
  scenario.check_nothing_happened();
}
