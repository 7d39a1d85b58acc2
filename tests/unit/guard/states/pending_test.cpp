// A recorded Rollback that has not changed the Deployment yet.
#include <catch2/catch.hpp>

#include "rollback/record.hpp"
#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

TEST_CASE("waits for approval when the mode becomes Approve before anything is written") {
  DeploymentHarness harness = pending_rollback();
  harness.policy.spec.mode = api::Mode::Approve;
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.restorations == 0);
  harness.approve().reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("cancels a pending rollback when its check is removed from the policy") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.policy.spec.checks.clear();
  harness.reconcile_for(10s, {pass("rollout")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK_THAT(harness.rollback->status.message, mentions({"revision 2 (web-v2)", "health"}));
  CHECK(harness.emitted(Reason::RollbackCancelled) == 1);
  CHECK(harness.restorations == 0);
}

TEST_CASE("holds an approved rollback while a reference of the old template is missing") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.preflight = failed_preflight(Reason::MissingReference, "ConfigMap app does not exist");
  harness.approve().reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::MissingReference));
  CHECK(harness.restorations == 0);
  harness.preflight->ready = api::ConditionStatus::True;
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("reports on a request that its preflight has no result, without rejecting the request") {
  DeploymentHarness harness = running_v1();
  harness.ship("v2").reconcile().roll_out().reconcile().pass_checks_for(11min);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::Unknown,
                                     .reason = Reason::NotChecked,
                                     .message = "etcd is down"};
  harness.request_rollback();
  harness.reconcile();
  REQUIRE(harness.last_plan.request.has_value());
  CHECK(harness.last_plan.request->phase == api::RollbackPhase::Pending);
  CHECK_THAT(harness.last_plan.request->message, mentions({"etcd is down"}));
  CHECK(harness.restorations == 0);
}

TEST_CASE("starts no rollback with a failed preflight while a user requests an unknown revision") {
  DeploymentHarness harness = baking_v2();
  harness.preflight =
      failed_preflight(Reason::AdmissionDenied, "an admission policy rejects the patch");
  harness.reconcile_for(20s, {fails("health")}).request_rollback({.to_revision = 99});
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.restorations == 0);
  CHECK(harness.rollbacks_created == 0);
}

TEST_CASE("holds a manual rollback while a reference is missing, unless it is forced") {
  DeploymentHarness harness = running_v1();
  harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile().pass_checks_for(11min);
  harness.writes_allowed = 0;
  const api::Preflight missing =
      failed_preflight(Reason::MissingReference, "ConfigMap app does not exist");
  SECTION("not forced") {
    harness.request_rollback().reconcile_for(20s, {});
    REQUIRE(harness.phase() == RollbackPhase::Pending);
    harness.preflight = missing;
    harness.writes_allowed = 100;
    harness.reconcile_for(20s, {});
    CHECK(harness.state() == held(Reason::MissingReference));
    CHECK(harness.restorations == 0);
    harness.preflight->ready = api::ConditionStatus::True;
    harness.reconcile_for(20s, {});
    CHECK(harness.deployed_template() == "v1");
  }
  SECTION("forced") {
    harness.request_rollback({.force = true}).reconcile_for(20s, {});
    REQUIRE(harness.phase() == RollbackPhase::Pending);
    harness.preflight = missing;
    harness.writes_allowed = 100;
    harness.reconcile_for(20s, {});
    CHECK(harness.deployed_template() == "v1");
  }
}

// check health ✗✗✗ ──▶ Rollback recorded ──▶ in one reconcile: check health ✓, check errors ✗
TEST_CASE("does not start a new rollback in the reconcile that cancels a pending rollback") {
  DeploymentHarness harness = pending_rollback();
  harness.policy.spec.checks.push_back({.name = "errors", .interval = 10s, .failure_threshold = 2});
  harness.breaker = {.is_open = true, .message = "too many releases fail"};
  harness.reconcile({fails("health")});
  REQUIRE(harness.state() == held(Reason::BreakerOpen));
  harness.breaker = {};
  harness.reconcile({pass("health"), fails("errors")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.requeue_after() == Duration{0});
  harness.reconcile();
  CHECK(harness.guard.state == api::State::Evaluating);
  CHECK(harness.restorations == 0);
  harness.reconcile_for(10s, {fails("errors")});
  CHECK(harness.rollback->spec.check == "errors");
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("records a rollback for another check when the check of the first Rollback is removed") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.policy.spec.checks = {{.name = "errors", .interval = 10s, .failure_threshold = 2}};
  harness.reconcile_for(1min, {fails("errors")});
  CHECK(harness.emitted(Reason::RollbackCancelled) == 1);
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.rollback->spec.check == "errors");
  CHECK(harness.restorations == 0);
  harness.approve().reconcile_for(10s, {fails("errors")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("freezes 15 minutes after the first rejection, however old the Rollback is") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.reconcile_for(1h, {fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.preflight =
      failed_preflight(Reason::AdmissionDenied, "an admission policy rejects the patch");
  harness.approve().reconcile_for(10min, {fails("health")});
  CHECK(harness.state() == held(Reason::AdmissionDenied));
  harness.reconcile_for(6min, {fails("health")});
  CHECK(harness.state() == frozen(Reason::PatchRejected));
  CHECK_THAT(harness.guard.message,
             mentions({"revision 2 (web-v2)", "15m", "an admission policy rejects the patch"}));
}

TEST_CASE("rolls back the next release when a user declined the rollback of the release before") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.rollback->status = rollback::advance(
      harness.rollback->status, api::RollbackPhase::Superseded, "deleted", harness.now);
  harness.guard.declined =
      api::Declined{.rollback = harness.rollback->meta.key.name, .at = harness.now};
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::Declined));
  CHECK(harness.rollbacks_created == 1);
  harness.policy.spec.mode = api::Mode::Enforce;
  harness.ship("v3").reconcile().roll_out().reconcile({pass("rollout")}).fail_three_times();
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("stores the name of a pending automatic Rollback, but not of a manual one") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.reconcile({fails("health")});
  CHECK(harness.guard.pending == harness.rollback->meta.key.name);
  CHECK(harness.stored_guard.pending == harness.guard.pending);
  harness.pass_checks_for(10s).reconcile();
  CHECK(harness.guard.pending.empty());
  harness.writes_allowed = 0;
  harness.request_rollback().reconcile_for(20s, {});
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  CHECK(harness.guard.pending.empty());
}

TEST_CASE("leaves a pending rollback unchanged until a newer template has its ReplicaSet") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.executes_actions = false;
  harness.ship_without_replica_set("v3").reconcile().reconcile();
  const std::size_t writes = harness.guard_writes.size();
  for (int i = 0; i < 4; ++i) harness.reconcile();
  CHECK(harness.state() == held(Reason::WaitingForReplicaSet));
  CHECK(harness.guard_writes.size() == writes);
  harness.ship("v3").reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
}

TEST_CASE("cancels a pending rollback when its snapshot is deleted") {
  DeploymentHarness harness = pending_rollback(api::Mode::Approve);
  harness.preflight = failed_preflight(Reason::SnapshotMissing, "web-v1 does not exist");
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.stored_rollbacks.begin()->second.status.phase == api::RollbackPhase::Superseded);
  CHECK_THAT(harness.stored_rollbacks.begin()->second.status.message,
             mentions({"revision 2 (web-v2)"}));
  CHECK(harness.restorations == 0);
}

// Rollback recorded ──▶ a user ships v3 before the patch
TEST_CASE("supersedes a pending rollback when a newer template is shipped") {
  DeploymentHarness harness = pending_rollback();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  SECTION("the ReplicaSet of v3 exists") { harness.ship("v3").reconcile(); }
  SECTION("the ReplicaSet of v3 is created later") {
    harness.ship_without_replica_set("v3").reconcile();
    CHECK(harness.action() == ActionKind::None);
    CHECK(harness.state() == held(Reason::WaitingForReplicaSet));
    CHECK(harness.requeue_after() == Duration{1s});
    harness.pass_time(1s).ship("v3").reconcile();
  }
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.restorations == 0);
}

TEST_CASE("supersedes a pending rollback when a user applies its target first") {
  DeploymentHarness harness = pending_rollback();
  harness.ship("v1").reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Evaluating});
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
}

TEST_CASE("freezes when a pending Rollback failed because its snapshot does not exist") {
  DeploymentHarness harness = pending_rollback();
  harness.rollback->status.phase = api::RollbackPhase::Failed;
  harness.rollback->status.message = "ControllerRevision web-v1 does not exist";
  harness.reconcile();
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.emitted(Reason::RollbackFailed) == 1);
  CHECK(harness.verdict("v2") == RevisionVerdict::Breached);
}

TEST_CASE("requeues after a second when a rollback is executed") {
  DeploymentHarness harness = pending_rollback();
  CHECK(harness.requeue_after() == Duration{1s});
  harness.pass_time(1s).reconcile();
  CHECK(harness.action() == ActionKind::ResumeRollback);
  CHECK(harness.requeue_after() == Duration{1s});
}

TEST_CASE("rolls a release back at most once, even if scaling changes the generation") {
  DeploymentHarness harness = pending_rollback();
  harness.rollback->status.phase = api::RollbackPhase::Rejected;
  harness.reconcile();
  CHECK(harness.state() == held(Reason::AlreadyRolledBack));
  harness.scale(6).roll_out().reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AlreadyRolledBack));
  CHECK(harness.rollbacks_created == 1);
}

// The policy is edited to a wrong path while the Rollback waits.
TEST_CASE("holds a pending rollback when its check was changed and never passed since") {
  DeploymentHarness web = pending_rollback(api::Mode::Approve);
  api::http_of(web.policy.spec.checks[0]).path = "/wrong";
  web.approve();
  for (int i = 0; i < 4; ++i) web.pass_time(10s).reconcile({pass("rollout"), fails("health")});
  CHECK(web.state() == held(Reason::CheckNotEstablished));
  CHECK(web.restorations == 0);
}
