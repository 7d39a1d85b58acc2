// Modes Observe and Approve, and checks that also fail for the baseline.
#include "guard/gates/release_gates.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/gates/golden.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

TEST_CASE(
    "reports on a pending Rollback why it waits while the policy is broken and after its repair") {
  DeploymentHarness harness = baking_v2(api::Mode::Approve);
  harness.fail_three_times().reconcile();
  const auto status = [&] { return harness.stored_rollbacks.at(harness.guard.rollback).status; };
  REQUIRE(status().waiting_for == Reason::AwaitingApproval);
  const auto working_policy = harness.policy;
  harness.break_policy().reconcile().reconcile();
  CHECK(status().waiting_for == Reason::PolicyNotFound);
  CHECK_THAT(status().message, mentions({"RollbackPolicy/web does not exist"}));
  harness.policy = working_policy;
  harness.reconcile().fail_three_times();
  CHECK(status().waiting_for == Reason::AwaitingApproval);
  CHECK(harness.restorations == 0);
}

TEST_CASE("end_of_limit returns the time when fewer rollbacks than the limit count") {
  const auto until = [](std::vector<Duration> ages, api::RollbackLimit limit = {}) {
    Inputs inputs = breached_inputs();
    inputs.policy.spec.limit = limit;
    for (const Duration age : ages)
      inputs.guard.rollbacks.push_back({.name = "earlier", .at = moment - age});
    return gates::end_of_limit(inputs, inputs.guard, moment);
  };
  CHECK(until({10min, 20min, 1h - 1ms}) == moment + 1ms);
  CHECK(until({9min}, {.count = 1, .within = 10min}) == moment + 1min);
  CHECK(until({0s, 10min, 20min}) == moment + 40min);
  CHECK(until({10min, 20min, 30min, 40min}) == moment + 30min);
  CHECK(until({10min, 20min}) == std::nullopt);
  CHECK(until({-1ms, 10min, 20min}) == std::nullopt);
  CHECK(until({10min, 20min, 1h}) == std::nullopt);
}

// v2 is breached ──▶ Held (Observing), one record ──▶ the check passes ──▶ Evaluating
TEST_CASE("records an observed rollback once and writes nothing to the Deployment") {
  DeploymentHarness harness = baking_v2(api::Mode::Observe);
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::Observing));
  CHECK(harness.action() == ActionKind::RecordObserved);
  REQUIRE(harness.stored_rollbacks.contains("web-2-1b4e-observed"));
  const api::Rollback& record = harness.stored_rollbacks.at("web-2-1b4e-observed");
  CHECK(record.status.phase == RollbackPhase::Observed);
  CHECK(record.status.finished == harness.now);
  CHECK(record.spec.mode == api::Mode::Observe);
  CHECK(record.spec.check == "health");
  CHECK(record.spec.to.hash == TemplateHash("v1"));
  CHECK(record.spec.policy == "RollbackPolicy/web");
  harness.reconcile_for(10min, {fails("health")});
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.stored_rollbacks.size() == 1);
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  CHECK(harness.restorations == 0);
  harness.pass_checks_for(10s);
  CHECK(harness.state() == evaluating(Reason::Baking));
}

TEST_CASE("rolls back when the mode becomes Enforce and the release still fails") {
  DeploymentHarness harness = baking_v2(api::Mode::Observe);
  harness.fail_three_times().policy.spec.mode = api::Mode::Enforce;
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("does not execute a pending rollback when the mode becomes Observe") {
  DeploymentHarness harness = baking_v2();
  harness.writes_allowed = 0;
  harness.fail_three_times().writes_allowed = 100;
  harness.policy.spec.mode = api::Mode::Observe;
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::Observing));
  CHECK(harness.restorations == 0);
}

// v2 is breached ──▶ a Rollback, Held (AwaitingApproval) ──▶ approved ──▶ v1 is restored
TEST_CASE("records the rollback and waits until a user approves it when the mode is Approve") {
  DeploymentHarness harness = baking_v2(api::Mode::Approve);
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.action() == ActionKind::StartRollback);
  CHECK(harness.phase() == RollbackPhase::Pending);
  CHECK(harness.rollback->spec.mode == api::Mode::Approve);
  harness.reconcile_for(1h, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.restorations == 0);
  CHECK(harness.rollback->status.waiting_for == Reason::AwaitingApproval);
  CHECK_THAT(harness.rollback->status.message, mentions({"web-2-1b4e", "kubectl"}));
  CHECK(harness.emitted(Reason::RollbackStarted) == 0);
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  std::string approval;
  SECTION("on the Rollback") {
    harness.approve();
    approval = "spec.approved of the Rollback";
  }
  SECTION("on the Deployment, after another Rollback was named there") {
    harness.policy.approve = "web-1-1b4e";
    harness.reconcile_for(10s, {fails("health")});
    CHECK(harness.state() == held(Reason::AwaitingApproval));
    CHECK_THAT(harness.rollback->status.message, mentions({"lastgood.dev/approve", "web-1-1b4e"}));
    CHECK(harness.emitted(Reason::RollbackHeld) == 2);
    harness.policy.approve = "web-2-1b4e";
    approval = "lastgood.dev/approve on the Deployment";
  }
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  CHECK(harness.rollback->status.approved_by == approval);
  const auto names_approval = [&](const api::TimelineEntry& entry) {
    return entry.message.contains(approval);
  };
  CHECK(std::ranges::count_if(harness.rollback->status.timeline, names_approval) == 1);
  CHECK(harness.deployed_template() == "v1");
  harness.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.restorations == 1);
}

TEST_CASE("approval_of returns nothing when no approval is needed or none was given") {
  Inputs inputs = pending_inputs();
  inputs.rollback->spec.approved = true;
  CHECK(gates::approval_of(inputs).empty());
  inputs.policy.spec.mode = api::Mode::Approve;
  CHECK(gates::approval_of(inputs) == "spec.approved of the Rollback");
  inputs.rollback->spec.approved = false;
  CHECK(gates::approval_of(inputs).empty());
  SECTION("a member whose initiator is gone") {
    inputs.rollback->spec.caused_by = "api-2-9f";
    CHECK(gates::approval_of(inputs).empty());
    inputs.rollback->status.approved_by = "spec.approved of the Rollback";
    CHECK(gates::approval_of(inputs).contains("api-2-9f"));
  }
}

TEST_CASE(
    "reports only the commands of the approval when the Deployment approves no other Rollback") {
  Inputs inputs = pending_inputs();
  inputs.policy.spec.mode = api::Mode::Approve;
  CHECK(gates::awaiting_approval(inputs, inputs.guard, moment)->message ==
        gates::approval_hold(*inputs.rollback).message);
}

TEST_CASE("cancels a rollback that awaits approval when the release recovers") {
  DeploymentHarness harness = baking_v2(api::Mode::Approve);
  harness.fail_three_times().pass_checks_for(10s);
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.emitted(Reason::RollbackCancelled) == 1);
  harness.reconcile();
  CHECK(harness.guard.state == api::State::Evaluating);
}

TEST_CASE("requires a new failure when the check had no result before the approval") {
  DeploymentHarness harness = baking_v2(api::Mode::Approve);
  harness.fail_three_times().reconcile_for(1h, {unknown("health")}).approve().reconcile();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.restorations == 0);
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("supersedes a rollback that awaits approval when a newer template is shipped") {
  DeploymentHarness harness = baking_v2(api::Mode::Approve);
  harness.fail_three_times().ship("v3").reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  harness.approve().reconcile_for(1min, {});
  CHECK(harness.restorations == 0);
}

TEST_CASE("keeps waiting for approval when the controller restarts") {
  DeploymentHarness harness = baking_v2(api::Mode::Approve);
  harness.fail_three_times().restart().reconcile_for(10s, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  harness.approve().reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.rollbacks_created == 1);
}

TEST_CASE("holds a release whose check failed before the release, until only the release fails") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(30s, {failed_before_release("health")});
  CHECK(harness.state() == held(Reason::AlreadyFailing));
  api::Measurement own = fails("health");
  own.baseline = api::BaselineResult{.result = api::MeasurementResult::Pass};
  harness.reconcile_for(10s, {own});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("holds a release whose check fails for the baseline too, until the check passes") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(30s, {fails_like_baseline("health")});
  CHECK(harness.state() == held(Reason::SharedCause));
  harness.pass_checks_for(10s);
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK_FALSE(harness.guard.checks[1].baseline.has_value());
  CHECK(harness.restorations == 0);
}
