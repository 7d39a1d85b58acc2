// The scenario that most tests begin with: Deployment web runs image app:v1, which is healthy. The
// health endpoint of image app:v2 returns 503.
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

  // Starts a controller, and waits until it has presumed v1 good, stored the snapshot, and measured
  // the checks of v1. At most 4 minutes, because the checks of some tests never pass.
  void start_controller(const std::string& controller = "one", LeaseTimings lease = {}) {
    start(controller, lease);
    REQUIRE(run_until([&] { return state("web") == idle(Reason::PresumedGood); }, 2min));
    run_until([&] { return checks_established() == "True"; }, 4min);
    run_for(10s);
  }

  // The status of the condition ChecksEstablished.
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

  // False if web is not rolled back within `limit`.
  bool wait_for_rollback(Duration limit = 10min) {
    return run_until([&] { return state("web") == idle(Reason::RolledBack); }, limit);
  }

  // v1 runs, and each of its fields has the same owner as before. Controllers changed the template
  // once, and there is one Rollback, which succeeded.
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
