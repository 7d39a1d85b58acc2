// The pods of the Deployments that are evaluated: which pods belong to a revision, and how the
// controller learns about them.
#include <map>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::MonotonicTime;
using lastgood::codec::Json;

namespace {

// Checks only the rollout, and bakes for 30 min.
struct RolloutOnly : Scenario {
  explicit RolloutOnly(int replicas = 2) : Scenario(replicas) {
    Json spec = quick_policy();
    spec["bakeTime"] = "30m";
    spec["checks"] = Json::array();
    merge_patch("rollbackpolicies", "web", {{"spec", spec}});
  }

  // The highest restart count of all pods.
  [[nodiscard]] int restarts() const {
    int most = 0;
    for (const Json* pod : server.all("pods", shop))
      most = std::max(
          most, pod->value(Json::json_pointer("/status/containerStatuses/0/restartCount"), 0));
    return most;
  }
};

// The container of each pod is in a crash loop.
void crash_all_pods(Simulation& simulation) {
  for (const Json* pod : simulation.server.all("pods", shop)) {
    const lastgood::Key key{.namespace_ = shop,
                            .name = (*pod)["metadata"]["name"].get<std::string>()};
    simulation.server.change("pods", key, [](Json& object) {
      Json& container = object["status"]["containerStatuses"][0];
      container["restartCount"] = 3;
      container["state"] = {{"waiting", {{"reason", "CrashLoopBackOff"}}}};
    });
  }
}

bool is_pod_watch(const Attempt& attempt) {
  return attempt.targets("/pods?") && attempt.targets("watch=true");
}
bool is_pod_list(const Attempt& attempt) {
  return attempt.targets("/pods?") && !attempt.targets("watch=true");
}

}  // namespace

//  v2 bakes ---- kubectl delete rs: the pods are replaced ---- their container crashes ---- v1
TEST_CASE("sees the pods of a ReplicaSet that was deleted and created again") {
  RolloutOnly scenario;
  scenario.cluster.health["app:v2"] = {};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             1min));
  scenario.cluster.health["app:v2"] = {.starts = false};
  for (const Json* set : scenario.server.all("replicasets", shop)) {
    if ((*set)["spec"]["replicas"] == 0) continue;
    scenario.server.remove(
        "replicasets", {.namespace_ = shop, .name = (*set)["metadata"]["name"].get<std::string>()});
    break;
  }
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  v2: crash, crash, crash -> the third restart is seen at once
TEST_CASE("sees a crash loop at most 0.2 s after the kubelet reports it") {
  RolloutOnly scenario;
  scenario.cluster.health["app:v2"] = {.starts = false};
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return scenario.restarts() == 3; }, 5min));
  const MonotonicTime reported = scenario.clock.monotonic_now();
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 1min));
  CHECK(scenario.clock.monotonic_now() - reported <= 200ms);
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

TEST_CASE("watches pods only while a Deployment is not Idle") {
  Scenario scenario;
  scenario.cluster.health["app:v2"] = {};
  std::map<std::string, int> watches;
  int lists = 0;
  scenario.script = [&](const Attempt& attempt) {
    if (is_pod_watch(attempt)) ++watches[attempt.call.target];
    if (is_pod_list(attempt)) ++lists;
    return Fault::None;
  };
  scenario.start_controller();
  scenario.run_for(1h);
  // Until the check is established, it is measured in state Idle, which lists the pods.
  lists = 0;
  const auto before = watches.size();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 3min));
  const auto after = watches.size();
  const int lists_after = lists;
  scenario.run_for(1h);
  CHECK(before == 0);
  CHECK(after == 1);
  CHECK(watches.size() == after);
  // A healthy release needs no list: the watch sends the pods that exist.
  CHECK(lists_after == 0);
  CHECK(lists == 0);
}

//  web is evaluated ---- api is released too: its pods are listed once
TEST_CASE("lists the pods of a release once when another one is already evaluated") {
  Scenario scenario;
  Json spec = quick_policy();
  spec["bakeTime"] = "30m";
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", spec}});
  scenario.deploy("api", "app:v1", {{"lastgood.dev/policy", "web"}}, 2);
  scenario.cluster.health["app:v2"] = {};
  scenario.run_for(10s);
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  scenario.run_for(30s);
  int lists = 0;
  int watches = 0;
  scenario.script = [&](const Attempt& attempt) {
    if (is_pod_list(attempt)) ++lists;
    if (is_pod_watch(attempt)) ++watches;
    return Fault::None;
  };
  scenario.ship("api", "app:v2");
  scenario.run_for(2min);
  CHECK(scenario.state("api") == evaluating(Reason::Baking));
  CHECK(lists == 1);
  CHECK(watches == 1);
  scenario.cluster.health["app:v2"] = {.status = 503};
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 2; }, 2min));
}

//  the watch of pods fails; lists succeed
TEST_CASE("rolls back by lists when the watch of pods is not possible") {
  RolloutOnly scenario;
  scenario.cluster.health["app:v2"] = {.starts = false};
  scenario.start_controller();
  scenario.script = [](const Attempt& attempt) {
    return is_pod_watch(attempt) ? Fault::InternalError : Fault::None;
  };
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  v2 bakes ---- the watch breaks ---- v2 crashes: the lists show it ---- v1
TEST_CASE("rolls back by lists when the watch of pods breaks during the bake") {
  RolloutOnly scenario;
  scenario.cluster.health["app:v2"] = {};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             1min));
  scenario.script = [](const Attempt& attempt) {
    return is_pod_watch(attempt) ? Fault::TooManyRequests : Fault::None;
  };
  scenario.server.watches().close_all();
  scenario.run_for(10s);
  crash_all_pods(scenario);
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.image("web") == "app:v1");
}

//  every read of pods fails: nothing is known, so nothing is done
TEST_CASE("does nothing while the pods are neither watched nor listed") {
  RolloutOnly scenario;
  scenario.cluster.health["app:v2"] = {.starts = false};
  scenario.start_controller();
  scenario.script = [](const Attempt& attempt) {
    return attempt.targets("/pods?") ? Fault::InternalError : Fault::None;
  };
  scenario.ship_bad_release();
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.rollbacks().empty());
  scenario.script = {};
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  the watch of pods is silent ---- v2 crashes ---- 90 s: another watch ---- v1
TEST_CASE("opens another watch of pods when the watch was silent for 90 s") {
  RolloutOnly scenario;
  scenario.cluster.health["app:v2"] = {};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             1min));
  scenario.server.watches().silence_open("pods");
  crash_all_pods(scenario);
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 100s));
}
