// A recorded Rollback that has not changed the Deployment yet: the state after it is cancelled, and
// the Events and records of its approval.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// A user requested a rollback of the present revision. It is recorded and not executed yet.
DeploymentHarness with_pending_request(DeploymentHarness web) {
  web.writes_allowed = 0;
  web.request_rollback().reconcile_for(20s, {});
  REQUIRE(web.phase() == RollbackPhase::Pending);
  return web;
}

DeploymentHarness& delete_snapshot(DeploymentHarness& web) {
  web.preflight = failed_preflight(Reason::SnapshotMissing, "web-v1 does not exist");
  return web.reconcile();
}

// v2 was rolled out while no policy applied.
DeploymentHarness presumed_good_v2() {
  DeploymentHarness web = running_v1();
  web.opt_out().reconcile().ship("v2").roll_out().opt_in().reconcile();
  REQUIRE(web.state() == idle(Reason::PresumedGood));
  return web;
}

// Check health of v2 never had a result.
DeploymentHarness inconclusive_v2() {
  DeploymentHarness web = baking_v2().reconcile_for(11min, {pass("rollout"), unknown("health")});
  REQUIRE(web.state() == idle(Reason::Inconclusive));
  return web;
}

// The pending Rollback follows Rollback api-3-9c2d, which has restored its Deployment.
DeploymentHarness pending_member_rollback() {
  DeploymentHarness web = pending_rollback();
  web.rollback->spec.check.clear();
  web.rollback->spec.reason = Reason::GroupRolledBack;
  web.rollback->spec.caused_by = "api-3-9c2d";
  web.initiator = api::Rollback{.meta = {.key = {.namespace_ = "shop", .name = "api-3-9c2d"}}};
  web.initiator->spec.deployment = "api";
  web.initiator->status.phase = RollbackPhase::Restored;
  web.initiator->status.template_restored = noon;
  return web;
}

// The Rollback waits for approval.
DeploymentHarness awaiting_approval() {
  DeploymentHarness web = pending_rollback(api::Mode::Approve);
  web.reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::AwaitingApproval));
  return web;
}

}  // namespace

TEST_CASE("evaluates the release again when its pending Rollback is cancelled") {
  SECTION("the rollout is complete") {
    DeploymentHarness web = pending_rollback().reconcile({pass("health")});
    REQUIRE(web.phase() == RollbackPhase::Superseded);
    CHECK(web.state() == evaluating(Reason::Baking));
  }
  SECTION("the rollout is not complete") {
    DeploymentHarness web = running_v1();
    web.writes_allowed = 0;
    web.pass_time(1h).ship("v2").reconcile().fail_three_times();
    REQUIRE(web.phase() == RollbackPhase::Pending);
    web.reconcile({pass("health")});
    REQUIRE(web.phase() == RollbackPhase::Superseded);
    CHECK(web.state() == evaluating(Reason::RollingOut));
  }
}

TEST_CASE("keeps the verdict of a revision when a manual rollback of it is cancelled") {
  SECTION("presumed good") {
    DeploymentHarness web = with_pending_request(presumed_good_v2());
    CHECK(delete_snapshot(web).phase() == RollbackPhase::Superseded);
    CHECK(web.state() == idle(Reason::PresumedGood));
    CHECK(web.current() == HashAndVerdict{"v2", RevisionVerdict::PresumedGood});
  }
  SECTION("inconclusive") {
    DeploymentHarness web = with_pending_request(inconclusive_v2());
    CHECK(delete_snapshot(web).phase() == RollbackPhase::Superseded);
    CHECK(web.state() == idle(Reason::Inconclusive));
    CHECK(web.current() == HashAndVerdict{"v2", RevisionVerdict::Inconclusive});
  }
}

TEST_CASE("executes a pending rollback when its check passes but another check is breached") {
  DeploymentHarness web = pending_rollback();
  web.policy.spec.checks.push_back({.name = "errors", .interval = 10s, .failure_threshold = 1});
  web.reconcile({pass("health"), fails("errors")});
  CHECK(web.emitted(Reason::RollbackCancelled) == 0);
  CHECK(web.deployed_template() == "v1");
}

TEST_CASE("holds the Rollback of a group member when its snapshot does not exist") {
  DeploymentHarness web = pending_member_rollback();
  delete_snapshot(web);
  CHECK(web.state() == held(Reason::SnapshotMissing));
  CHECK(web.phase() == RollbackPhase::Pending);
}

TEST_CASE("reports Suspended, not Unconfirmed, when both hold a pending Rollback") {
  DeploymentHarness web = pending_rollback().suspend().pass_time(1min).reconcile();
  CHECK(web.state() == held(Reason::Suspended));
}

TEST_CASE("freezes exactly 15 minutes after the first rejection of the patch") {
  DeploymentHarness web = pending_rollback();
  web.executes_actions = false;
  web.rollback->status.last_error = "denied by a webhook";
  web.rollback->status.waiting_for = Reason::AdmissionDenied;
  web.reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::AdmissionDenied));
  web.reconcile_for(14min + 50s, {fails("health")}).pass_time(9s).reconcile({fails("health")});
  CHECK(web.state() == held(Reason::AdmissionDenied));
  web.pass_time(1s).reconcile({fails("health")});
  CHECK(web.state() == frozen(Reason::PatchRejected));
}

TEST_CASE("records an approval once") {
  DeploymentHarness web = awaiting_approval();
  web.preflight = failed_preflight(Reason::MissingReference, "ConfigMap app does not exist");
  web.approve().reconcile_for(1min, {fails("health")});
  REQUIRE(web.state() == held(Reason::MissingReference));
  const auto approvals = std::ranges::count_if(
      web.rollback->status.timeline,
      [](const api::TimelineEntry& entry) { return entry.message.starts_with("Approved by"); });
  CHECK(approvals == 1);
}

TEST_CASE("emits RollbackStarted once more when a recorded Rollback is approved") {
  DeploymentHarness web = pending_rollback();
  REQUIRE(web.emitted(Reason::RollbackStarted) == 1);
  web.policy.spec.mode = api::Mode::Approve;
  web.reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::AwaitingApproval));
  web.approve().reconcile({fails("health")});
  CHECK(web.state() == rolling_back(Reason::WrongStatus));
  CHECK(web.emitted(Reason::RollbackStarted) == 2);
}

TEST_CASE("emits no second RollbackStarted when a Rollback resumes without an approval") {
  DeploymentHarness web = pending_rollback().suspend().reconcile();
  REQUIRE(web.state() == held(Reason::Suspended));
  web.unsuspend().reconcile({fails("health")});
  CHECK(web.action() == ActionKind::ResumeRollback);
  CHECK(web.emitted(Reason::RollbackStarted) == 1);
}

TEST_CASE("emits no second RollbackStarted when the approval of its group resumes a Rollback") {
  DeploymentHarness web = pending_member_rollback();
  web.policy.spec.mode = api::Mode::Approve;
  web.initiator->spec.mode = api::Mode::Approve;
  web.suspend().reconcile();
  REQUIRE(web.state() == held(Reason::Suspended));
  web.unsuspend().reconcile();
  CHECK(web.action() == ActionKind::ResumeRollback);
  CHECK(web.emitted(Reason::RollbackStarted) == 1);
}

TEST_CASE("emits RollbackStarted once when the patch of an approved Rollback is tried again") {
  DeploymentHarness web = awaiting_approval();
  web.executes_actions = false;
  web.approve().reconcile({fails("health")});
  REQUIRE(web.state() == rolling_back(Reason::WrongStatus));
  REQUIRE(web.emitted(Reason::RollbackStarted) == 1);
  web.reconcile({fails("health")});
  CHECK(web.action() == ActionKind::ResumeRollback);
  CHECK(web.emitted(Reason::RollbackStarted) == 1);

  web.rollback->status.last_error = "denied by a webhook";
  web.rollback->status.waiting_for = Reason::AdmissionDenied;
  web.reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::AdmissionDenied));
  web.reconcile({fails("health")});
  CHECK(web.emitted(Reason::RollbackStarted) == 1);
}
