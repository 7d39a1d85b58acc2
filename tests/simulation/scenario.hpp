// The scenario that most tests begin with: Deployment web runs image app:v1, which is healthy. The
// health endpoint of image app:v2 returns 503.
//
// Words of the tests:
// - presumed good: the revision was completely available when Lastgood first saw the Deployment.
// - bake: the evaluation of a release after its rollout is complete, for the bakeTime of the
// policy.
// - snapshot: the stored pod template of a good revision. A rollback restores a snapshot.
// - established: the check has passed for another revision than the release. Until then it causes
// no rollback of the release.
// - record: the Rollback object, which Lastgood creates before it patches the Deployment.
//
// In the diagrams above the tests, time runs from left to right. "one" and "two" are controllers,
// and "v1" and "v2" are the images app:v1 and app:v2.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "simulation/simulation.hpp"

namespace lastgood::simulation {

using namespace std::chrono_literals;
using namespace testing;
using api::Reason;
using api::RollbackPhase;
using api::State;

struct Scenario : Simulation {
  explicit Scenario(int replicas = 2) {
    write_policy("web", quick_policy());
    deploy("web", "app:v1", {{"lastgood.dev/policy", "web"}}, replicas);
    cluster.health["app:v2"] = {.status = 503};
    REQUIRE(run_until([&] { return is_rolled_out("web"); }, 1min));
    owners_of_v1 = owners_of_template("web");
  }

  // Starts a controller, and waits until it has presumed v1 good, stored the snapshot, and
  // established the checks. Waits at most 4 minutes for the checks: in some tests they never pass.
  void start_controller(const std::string& controller = "one", LeaseTimings lease = {}) {
    start(controller, lease);
    REQUIRE(run_until([&] { return state("web") == idle(Reason::PresumedGood); }, 2min));
    run_until([&] { return checks_established() == "True"; }, 4min);
    run_for(10s);
  }

  // The status of the condition ChecksEstablished: "True", "False" or "Unknown". Empty if the guard
  // has no status.
  [[nodiscard]] std::string checks_established(const std::string& name = "web") const {
    const codec::Json* guard = server.find("deploymentguards", {.namespace_ = shop, .name = name});
    if (!guard || !guard->contains("status")) return "";
    for (const codec::Json& condition : guard->at("status").at("conditions"))
      if (condition["type"] == "ChecksEstablished") return condition["status"];
    return "";
  }

  void set_mode(const char* mode) {
    merge_patch("rollbackpolicies", "web", {{"spec", {{"mode", mode}}}});
  }

  void ship_bad_release() { ship("web", "app:v2"); }

  // Waits until the rollback of web has ended. False if this takes longer than `limit`.
  bool wait_for_rollback(Duration limit = 10min) {
    return run_until([&] { return state("web") == idle(Reason::RolledBack); }, limit);
  }

  // Checks that v1 runs, and that each field of the template has the same owner as before. Checks
  // also that controllers changed the template once, and that the only Rollback has succeeded.
  void check_rolled_back_once() const {
    CHECK(state("web") == idle(Reason::RolledBack));
    CHECK(image("web") == "app:v1");
    CHECK(is_rolled_out("web"));
    CHECK(template_changes() == 1);
    const auto records = rollbacks();
    CHECK(records.size() == 1);
    for (const NameAndPhase& record : records) CHECK(record.phase == RollbackPhase::Succeeded);
    CHECK(owners_of_template("web") == owners_of_v1);
    CHECK(violations() == no_violations);
  }

  codec::Json owners_of_v1;  // the field owners of the template before any rollback
};

}  // namespace lastgood::simulation
