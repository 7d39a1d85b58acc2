// Releases that start slowly. Kubernetes sends no traffic to a pod that is not ready, so a slow
// start hurts nobody.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::Duration;
using lastgood::codec::Json;

namespace {

// The container of web has a readiness probe on the port of the health check.
struct ProbedScenario : Scenario {
  ProbedScenario() {
    const Json probe{{"httpGet", {{"path", "/health"}, {"port", 8080}}}};
    const Json patch = Json::array({{{"op", "add"},
                                     {"path", "/spec/template/spec/containers/0/readinessProbe"},
                                     {"value", probe}}});
    patch_deployment(patch);
    REQUIRE(run_until([&] { return is_rolled_out("web"); }, 1min));
    owners_of_v1 = owners_of_template("web");
    cluster.health["app:v2"] = {};
  }

  void bake_for(const char* time) {
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", time}}}});
  }

  void ship_and_wait_until_good(Duration limit) {
    ship("web", "app:v2");
    CHECK(run_until([&] { return state("web") == idle(Reason::Good); }, limit));
    check_nothing_happened();
  }

  void check_nothing_happened() const {
    CHECK(image("web") == "app:v2");
    CHECK(template_changes() == 0);
    CHECK(rollbacks().empty());
    CHECK(violations() == no_violations);
  }

  void patch_deployment(const Json& patch) {
    call_as_user({.verb = lastgood::api::Verb::Patch,
                  .target = "/apis/apps/v1/namespaces/shop/deployments/web",
                  .body = patch.dump(),
                  .content_type = std::string(lastgood::api::json_patch)});
  }

  // Like an eviction: the ReplicaSet replaces the pod.
  void evict_one_pod() {
    const auto pods = server.all("pods");
    const Json meta = (*pods.front())["metadata"];
    server.remove("pods", {.namespace_ = shop, .name = meta["name"].get<std::string>()});
  }
};

}  // namespace

//  v2: 503 for 45 s, not ready | ready, 200
TEST_CASE("does nothing when a release returns 503 for 45 s behind its readiness probe") {
  ProbedScenario scenario;
  scenario.cluster.health["app:v2"] = {.startup = 45s, .startup_status = 503};
  scenario.start_controller();
  scenario.ship_and_wait_until_good(10min);
}

TEST_CASE("does nothing when the port of a release opens late and the progress deadline is long") {
  ProbedScenario scenario;
  scenario.merge_patch("deployments", "web", {{"spec", {{"progressDeadlineSeconds", 1800}}}});
  scenario.cluster.health["app:v2"] = {.startup = 345s, .startup_status = 0};
  scenario.start_controller();
  scenario.ship_and_wait_until_good(30min);
}

//  v2 bakes ---- a pod is replaced: starting for 6 min ---- good
TEST_CASE("does nothing when pods that need 6 min are replaced or added while a release bakes") {
  ProbedScenario scenario;
  scenario.bake_for("20m");
  scenario.cluster.health["app:v2"] = {.startup = 6min, .startup_status = 503};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             30min));
  SECTION("a pod is evicted") { scenario.evict_one_pod(); }
  SECTION("the Deployment is scaled up") {
    scenario.merge_patch("deployments", "web", {{"spec", {{"replicas", 5}}}});
  }
  scenario.run_for(15min);
  scenario.check_nothing_happened();
}

TEST_CASE("rolls back when a release behind a readiness probe is ready and then fails") {
  ProbedScenario scenario;
  scenario.bake_for("20m");
  scenario.cluster.health["app:v2"] = {.startup = 45s, .startup_status = 503};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             5min));
  scenario.run_for(10s);
  scenario.cluster.health["app:v2"].status = 500;
  // Three failures at an interval of 4 s.
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 14s));
  CHECK(scenario.violations() == no_violations);
}

//  v2: init container fails for 90 s | starts
TEST_CASE("counts the restarts of an init container only when the policy says so") {
  ProbedScenario scenario;
  scenario.cluster.health["app:v2"] = {.init_fails_for = 90s};
  SECTION("by default the release waits") {
    scenario.start_controller();
    scenario.ship_and_wait_until_good(10min);
  }
  SECTION("the policy has a limit") {
    scenario.merge_patch("rollbackpolicies", "web",
                         {{"spec", {{"rollout", {{"initCrashLoopRestarts", 3}}}}}});
    scenario.start_controller();
    scenario.ship("web", "app:v2");
    CHECK(scenario.wait_for_rollback());
    CHECK(scenario.template_changes() == 1);
  }
}
