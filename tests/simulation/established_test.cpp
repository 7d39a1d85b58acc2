// Two conditions for a rollback: its check has passed for a revision (the check is established),
// and the baseline, which is the revision before the release, does not fail in the same way.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

void set_path(Simulation& simulation, const std::string& path) {
  Json spec = quick_policy();
  spec["checks"][0]["http"]["path"] = path;
  simulation.merge_patch("rollbackpolicies", "web", {{"spec", spec}});
}

void use_recreate(Simulation& simulation) {
  simulation.merge_patch("deployments", "web", {{"spec", {{"strategy", {{"type", "Recreate"}}}}}});
}

bool is_held(const Simulation& simulation, Reason reason) {
  return simulation.state("web") == held(reason);
}

}  // namespace

//  v3 v4 v5   each rolls out; then the policy gets a wrong path
TEST_CASE("never rolls back when the path of a check becomes wrong during a bake") {
  Scenario scenario;
  scenario.start_controller();
  for (const char* image : {"app:v3", "app:v4", "app:v5"}) {
    set_path(scenario, "/health");
    scenario.ship("web", image);
    REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                               1min));
    scenario.run_for(5s);
    set_path(scenario, "/wrong");
    REQUIRE(
        scenario.run_until([&] { return is_held(scenario, Reason::CheckNotEstablished); }, 1min));
    scenario.run_for(3min);
    CHECK(is_held(scenario, Reason::CheckNotEstablished));
    CHECK(scenario.image("web") == image);
    CHECK(scenario.checks_established() == "False");
  }
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("reports a wrong path when nothing is released, and accepts the corrected path") {
  Scenario scenario;
  scenario.start_controller();
  REQUIRE(scenario.run_until([&] { return scenario.checks_established() == "True"; }, 4min));
  set_path(scenario, "/wrong");
  REQUIRE(scenario.run_until([&] { return scenario.checks_established() == "False"; }, 10min));
  CHECK(std::ranges::count(scenario.events(), Reason::CheckNotEstablished) == 1);
  const auto writes = scenario.writes_of_controllers().size();
  scenario.run_for(3h);
  CHECK(scenario.writes_of_controllers().size() == writes);
  CHECK(scenario.state("web") == idle(Reason::PresumedGood));
  set_path(scenario, "/health");
  CHECK(scenario.run_until([&] { return scenario.checks_established() == "True"; }, 4min));
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
}

//  v1   503 for the first 1.5 s of the evaluation, then 200
//  v2                     ready    503   503   503 -> rolled back
TEST_CASE("rolls back when the old revision fails for a moment as the bad release begins") {
  Scenario scenario;
  scenario.start_controller();
  scenario.cluster.health["app:v1"] = {.status = 503};
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Evaluating); }, 1min));
  scenario.run_for(1500ms);
  scenario.cluster.health["app:v1"] = {.status = 200};
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  outage              ------------------------------------------------>
//  web       v1 good   v3 is held    v4 is held too                       v4 becomes good
TEST_CASE("holds the next release too while a shared cause lasts") {
  Scenario scenario;
  scenario.start_controller();
  scenario.cluster.outage = true;
  scenario.ship("web", "app:v3");
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Held); }, 2min));
  scenario.run_for(1min);
  scenario.ship("web", "app:v4");
  scenario.run_for(5s);
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Held); }, 2min));
  scenario.run_for(3min);
  CHECK(is_held(scenario, Reason::AlreadyFailing));
  CHECK(scenario.image("web") == "app:v4");
  CHECK(scenario.template_changes() == 0);
  scenario.cluster.outage = false;
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 3min));
}

//  v3 bakes and passes; then an outage, and v4 is released. No pod of v1 is left.
TEST_CASE("compares with the revision before, although that revision has not ended its bake") {
  Scenario scenario;
  Json spec = quick_policy();
  spec["bakeTime"] = "10m";
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", spec}});
  scenario.start_controller();
  scenario.ship("web", "app:v3");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             1min));
  scenario.run_for(1min);
  scenario.cluster.outage = true;
  scenario.ship("web", "app:v4");
  scenario.run_for(3min);
  CHECK(is_held(scenario, Reason::AlreadyFailing));
  CHECK(scenario.image("web") == "app:v4");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release with strategy Recreate when the old one failed before the release") {
  Scenario scenario;
  use_recreate(scenario);
  scenario.start_controller();
  scenario.run_for(2min);
  scenario.cluster.outage = true;
  scenario.run_for(90s);
  scenario.ship("web", "app:v3");
  scenario.run_for(2min);
  CHECK(is_held(scenario, Reason::AlreadyFailing));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("rolls back a bad release with strategy Recreate after the old revision has passed") {
  Scenario scenario;
  use_recreate(scenario);
  scenario.start_controller();
  scenario.run_for(90s);
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.template_changes() == 1);
}

TEST_CASE("holds a release with strategy Recreate whose check never passed") {
  Scenario scenario;
  use_recreate(scenario);
  set_path(scenario, "/wrong");
  scenario.start_controller();
  scenario.ship("web", "app:v3");
  scenario.run_for(3min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.template_changes() == 0);
}
