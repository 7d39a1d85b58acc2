// The scenario that most tests begin with: revision app:v1 of Deployment web runs and is presumed
// good. Image app:v2 answers its health endpoint with 503.
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
    owners = owners_of_template("web");
  }

  // Starts a controller. It presumes v1 good, takes the snapshot and writes the status.
  void settle(const std::string& controller = "one", LeaseTimings lease = {}) {
    start(controller, lease);
    REQUIRE(run_until([&] { return state("web") == idle(Reason::PresumedGood); }, 2min));
    run_for(10s);
  }

  void set_mode(const char* mode) {
    merge_patch("rollbackpolicies", "web", {{"spec", {{"mode", mode}}}});
  }

  void ship_bad() { ship("web", "app:v2"); }

  bool rolls_back_within(Duration limit = 10min) {
    return run_until([&] { return state("web") == idle(Reason::RolledBack); }, limit);
  }

  // v1 runs, and each of its fields has the same owner as before. The template was changed once,
  // and the record says so.
  void check_rolled_back_once() const {
    CHECK(state("web") == idle(Reason::RolledBack));
    CHECK(image("web") == "app:v1");
    CHECK(is_rolled_out("web"));
    CHECK(template_changes() == 1);
    const auto records = rollbacks();
    CHECK(records.size() == 1);
    for (const NameAndPhase& record : records) CHECK(record.phase == RollbackPhase::Succeeded);
    CHECK(owners_of_template("web") == owners);
    CHECK(violations() == no_violations);
  }

  codec::Json owners;  // of the fields of v1, before any rollback
};

}  // namespace lastgood::simulation
