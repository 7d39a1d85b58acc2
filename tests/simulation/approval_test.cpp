// Mode Approve: a user approves a Rollback, or declines it by deleting it.
#include "simulation/users.hpp"

using namespace lastgood::simulation;

namespace {

struct AwaitingApproval : Scenario {
  explicit AwaitingApproval(bool with_standby = false) {
    set_mode("Approve");
    start_controller();
    if (with_standby) start("two");
    ship_bad_release();
    REQUIRE(run_until([&] { return state("web") == held(Reason::AwaitingApproval); }, 3min));
    REQUIRE(rollbacks().size() == 1);
    record = rollbacks()[0].name;
  }

  std::string record;
};

// The Rollback is approved, the policy is suspended, and the watch of Rollbacks is stalled.
struct ApprovedUnderSuspension : AwaitingApproval {
  ApprovedUnderSuspension() {
    merge_patch("rollbackpolicies", "web", {{"spec", {{"suspend", true}}}});
    REQUIRE(run_until([&] { return state("web") == held(Reason::Suspended); }, 1min));
    approve(*this, record);
    run_for(10s);
    server.watches().stall("rollbacks");
  }
  void resume_policy() { merge_patch("rollbackpolicies", "web", {{"spec", {{"suspend", false}}}}); }
};

}  // namespace

//  one:  record (Pending) ........ approved by a user ---- patch      killed after any write
TEST_CASE("rolls back once after approval when the controller is killed after any write") {
  for (int k = 1; k <= 12; ++k) {
    INFO("killed after write " << k);  // not killed if there are fewer writes
    Scenario scenario;
    scenario.set_mode("Approve");
    scenario.start_controller();
    scenario.ship_bad_release();
    scenario.kill_after_write(k);
    scenario.run_for(1min);
    if (!scenario.is_running("one")) scenario.start("two");
    REQUIRE(scenario.run_until(
        [&] { return scenario.state("web") == held(Reason::AwaitingApproval); }, 3min));
    scenario.run_for(1min);
    CHECK(scenario.template_changes() == 0);
    const auto records = scenario.rollbacks();
    REQUIRE(records.size() == 1);
    approve(scenario, records[0].name);
    // Killed before the approval.
    if (!scenario.is_running("one") && !scenario.is_running("two")) scenario.start("three");
    scenario.run_until([&] { return !scenario.is_running("one"); }, 10s);
    // Killed after the approval.
    if (!scenario.is_running("one") && !scenario.is_running("two")) scenario.start("two");
    CHECK(scenario.wait_for_rollback());
    scenario.run_for(15s);
    CHECK(scenario.image("web") == "app:v1");
    CHECK(scenario.template_changes() == 1);
    CHECK(scenario.violations() == no_violations);
  }
}

//  AwaitingApproval ---- record deleted: Declined ---- the deleted name is approved
TEST_CASE("keeps the template when a user approves a Rollback that was deleted") {
  AwaitingApproval scenario;
  delete_rollback(scenario, scenario.record);
  REQUIRE(
      scenario.run_until([&] { return scenario.state("web") == held(Reason::Declined); }, 1min));
  scenario.run_for(2s);
  const bool is_restarted = GENERATE(false, true);
  if (is_restarted) {
    scenario.kill("one");
    scenario.start("two");
  }
  scenario.annotate("web", {{"lastgood.dev/approve", scenario.record}});
  scenario.run_for(3min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
}

//  one: AwaitingApproval   killed ---- record deleted, mode Enforce ---- two
TEST_CASE("stays Declined when the Rollback was deleted while no controller was running") {
  AwaitingApproval scenario;
  scenario.run_for(10s);
  scenario.kill("one");
  delete_rollback(scenario, scenario.record);
  scenario.set_mode("Enforce");
  scenario.start("two");
  scenario.run_for(3min);
  CHECK(scenario.state("web") == held(Reason::Declined));
  CHECK(scenario.template_changes() == 0);
}

//  one: AwaitingApproval   killed ---- record deleted, mode Enforce
//  two: standby, and its watch of Rollbacks is stalled ---- leads
TEST_CASE("stays Declined when the next leader's watch still shows the deleted Rollback") {
  AwaitingApproval scenario(/*with_standby=*/true);
  scenario.run_for(10s);
  scenario.server.watches().stall("rollbacks");
  scenario.kill("one");
  delete_rollback(scenario, scenario.record);
  scenario.set_mode("Enforce");
  scenario.run_for(3min);
  CHECK(scenario.state("web") == held(Reason::Declined));
  CHECK(scenario.template_changes() == 0);
}

//  record:   approved, policy suspended ---- deleted ---- policy active
//  watch:    approved ....................................................  deleted
TEST_CASE("keeps the template when the watch still shows an approved Rollback that was deleted") {
  ApprovedUnderSuspension scenario;
  delete_rollback(scenario, scenario.record);
  scenario.resume_policy();
  scenario.run_for(1min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  scenario.server.watches().resume("rollbacks");
  scenario.run_for(1min);
  CHECK(scenario.state("web") == held(Reason::Declined));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

//  record:   approved, policy suspended ---- approval withdrawn ---- policy active
//  watch:    approved ............................................................  withdrawn
TEST_CASE("waits for approval when the watch still shows an approval that was withdrawn") {
  ApprovedUnderSuspension scenario;
  scenario.merge_patch("rollbacks", scenario.record, {{"spec", {{"approved", false}}}});
  scenario.resume_policy();
  scenario.run_for(1min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.state("web") == held(Reason::AwaitingApproval));
  scenario.server.watches().resume("rollbacks");
  scenario.run_for(10s);
  approve(scenario, scenario.record);
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}
