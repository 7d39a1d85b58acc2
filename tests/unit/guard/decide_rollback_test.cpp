// Which Rollback a plan follows, when it handles a manual request, and what it writes on the record
// of a Rollback that is held.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v3 is deployed after v2 was rolled back to v1, and bakes.
DeploymentHarness baking_v3() {
  DeploymentHarness web = restored_v1().roll_out().reconcile().pass_checks_for(6min);
  REQUIRE(web.state() == idle(Reason::RolledBack));
  return web.pass_time(1h).ship("v3").reconcile().roll_out().reconcile({pass("rollout")});
}

DeploymentHarness verifying_v1() {
  DeploymentHarness web = restored_v1().roll_out().reconcile();
  REQUIRE(web.phase() == RollbackPhase::Verifying);
  return web.reconcile();
}

DeploymentHarness suspended_rollback() {
  DeploymentHarness web = pending_rollback().suspend();
  web.reconcile();
  REQUIRE(web.state() == held(Reason::Suspended));
  return web;
}

}  // namespace

TEST_CASE("holds a release, although the last Rollback of the Deployment has succeeded") {
  DeploymentHarness web = baking_v3();
  web.policy.pause_until = web.now + 1h;
  web.fail_three_times().reconcile({fails("health")});
  CHECK(web.state() == held(Reason::PausedUntil));
  CHECK(web.current() == HashAndVerdict{"v3", RevisionVerdict::Breached});
}

TEST_CASE("ignores a finished Rollback while the present template has no ReplicaSet") {
  DeploymentHarness web = restored_v1();
  web.ship_without_replica_set("v3");
  web.rollback->status.phase = RollbackPhase::Succeeded;
  web.reconcile();
  CHECK(web.state() == rolling_back(Reason::RollingOut));
  CHECK(web.requeue_after() == 1s);
}

TEST_CASE("measures nothing while the present template has no ReplicaSet and no Rollback") {
  DeploymentHarness web = restored_v1();
  web.guard.rollback = "web-1-1b4e";
  web.guard.checks.clear();
  web.ship_without_replica_set("v3").reconcile({fails("health")});
  CHECK(web.guard.checks.empty());
}

TEST_CASE("does not finish a verification while the present template has no ReplicaSet") {
  DeploymentHarness web = verifying_v1();
  web.pass_checks_for(4min).ship_without_replica_set("v3").pass_checks_for(1h);
  CHECK(web.phase() == RollbackPhase::Verifying);
}

TEST_CASE(
    "resumes a held Rollback by its annotation when the restored template has no ReplicaSet") {
  for (const bool is_marked : {true, false}) {
    CAPTURE(is_marked);
    DeploymentHarness web = suspended_rollback().unsuspend();
    web.ship_without_replica_set("v1");
    if (is_marked)
      web.deployment.meta.annotations["lastgood.dev/rolled-back-by"] = web.rollback->meta.key.name;
    web.executes_actions = false;
    web.reconcile();
    CHECK(web.action() == (is_marked ? ActionKind::ResumeRollback : ActionKind::None));
  }
}

TEST_CASE("starts the automatic rollback before it answers a manual request") {
  DeploymentHarness web = baking_v2().reconcile_for(20s, {fails("health")});
  web.executes_actions = false;
  web.request_rollback().pass_time(10s).reconcile({fails("health")});
  CHECK(web.action() == ActionKind::StartRollback);
  CHECK_FALSE(web.last_plan.request.has_value());
}

TEST_CASE("answers a manual request in the plan that creates a snapshot") {
  DeploymentHarness web;
  web.ship("v1").roll_out().reconcile().request_rollback({.to_revision = 99});
  web.guard.current->snapshot.clear();
  web.reconcile();
  CHECK(web.action() == ActionKind::CreateSnapshot);
  REQUIRE(web.last_plan.request.has_value());
  CHECK(web.last_plan.request->phase == RollbackPhase::Rejected);
}

TEST_CASE("answers a manual request after the plan that finishes a Rollback") {
  DeploymentHarness web = verifying_v1().pass_checks_for(290s);
  REQUIRE(web.phase() == RollbackPhase::Verifying);
  web.request_rollback({.to_revision = 99}).pass_checks_for(10s);
  REQUIRE(web.phase() == RollbackPhase::Succeeded);
  CHECK(web.last_plan.rollback.has_value());
  CHECK_FALSE(web.last_plan.request.has_value());
  web.reconcile();
  CHECK(web.last_plan.request.has_value());
}

TEST_CASE("evaluates a release under each kind of policy") {
  for (const auto kind :
       {policy::EffectivePolicy::Kind::RollbackPolicy, policy::EffectivePolicy::Kind::ConfigMap,
        policy::EffectivePolicy::Kind::BuiltIn}) {
    DeploymentHarness web = running_v1();
    web.policy.kind = kind;
    web.ship("v2").reconcile();
    CHECK(web.state() == evaluating(Reason::RollingOut));
  }
}

TEST_CASE("says why a Deployment blocks its group only when the Deployment is in a group") {
  for (const char* group : {"", "shop"}) {
    DeploymentHarness web;
    web.policy.group = group;
    web.ship("v1").reconcile();
    CHECK(web.last_plan.blocked_because.empty() == std::string(group).empty());
  }
}

TEST_CASE("writes on a pending Rollback why it is held, once for each reason") {
  DeploymentHarness web = pending_rollback().suspend().reconcile();
  REQUIRE(web.last_plan.rollback.has_value());
  CHECK(web.last_plan.rollback->waiting_for == Reason::Suspended);
  CHECK(web.last_plan.rollback->phase == RollbackPhase::Pending);
  web.pass_time(10s).reconcile();
  CHECK_FALSE(web.last_plan.rollback.has_value());
  web.unsuspend().policy.pause_until = web.now + 1h;
  web.reconcile();
  REQUIRE(web.last_plan.rollback.has_value());
  CHECK(web.last_plan.rollback->waiting_for == Reason::PausedUntil);
}

TEST_CASE("writes on a pending Rollback that the policy is broken") {
  DeploymentHarness web = pending_rollback().break_policy().reconcile();
  REQUIRE(web.last_plan.rollback.has_value());
  CHECK(web.last_plan.rollback->waiting_for == web.guard.reason);
}

TEST_CASE("writes no hold on a pending Rollback while the ReplicaSets are not known") {
  DeploymentHarness web = pending_rollback();
  Inputs inputs = web.inputs();
  inputs.guard.state = api::State::Evaluating;
  inputs.replica_sets.reset();
  const Plan plan = decide(inputs, web.now);
  CHECK_FALSE(plan.rollback.has_value());
}

TEST_CASE("keeps the error of the API server on the record only while admission denies the patch") {
  const auto with_error = [] {
    DeploymentHarness web = pending_rollback();
    web.rollback->status.last_error = "denied by a webhook";
    web.rollback->status.waiting_for = Reason::AdmissionDenied;
    web.rollback->status.message = "The API server rejected the patch: denied by a webhook";
    web.executes_actions = false;
    return web;
  };
  DeploymentHarness denied = with_error().reconcile({fails("health")});
  REQUIRE(denied.state() == held(Reason::AdmissionDenied));
  CHECK_FALSE(denied.last_plan.rollback.has_value());

  DeploymentHarness suspended = with_error().suspend().reconcile();
  REQUIRE(suspended.last_plan.rollback.has_value());
  CHECK(suspended.last_plan.rollback->waiting_for == Reason::Suspended);
  CHECK(suspended.last_plan.rollback->last_error.empty());
}

TEST_CASE("writes on a pending Rollback that the dry run of its patch is denied") {
  DeploymentHarness web = pending_rollback();
  web.preflight = failed_preflight(Reason::AdmissionDenied, "denied by a webhook");
  web.reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::AdmissionDenied));
  REQUIRE(web.last_plan.rollback.has_value());
  CHECK(web.last_plan.rollback->waiting_for == Reason::AdmissionDenied);
}

TEST_CASE("warns once when lastgood.dev/approve names another Rollback than the one that waits") {
  DeploymentHarness web = pending_rollback(api::Mode::Approve);
  web.reconcile({fails("health")});
  REQUIRE(web.rollback->status.waiting_for == Reason::AwaitingApproval);
  const int emitted = web.emitted(Reason::RollbackHeld);
  web.policy.approve = "web-1-1b4e";
  web.pass_time(10s).reconcile({fails("health")}).pass_time(10s).reconcile({fails("health")});
  CHECK(web.emitted(Reason::RollbackHeld) == emitted + 1);
  web.policy.approve.clear();
  web.pass_time(10s).reconcile({fails("health")});
  CHECK(web.emitted(Reason::RollbackHeld) == emitted + 1);
}

TEST_CASE("does not warn of lastgood.dev/approve when another reason holds the Rollback") {
  DeploymentHarness web = pending_rollback(api::Mode::Approve);
  web.reconcile({fails("health")});
  REQUIRE(web.rollback->status.waiting_for == Reason::AwaitingApproval);
  const int emitted = web.emitted(Reason::RollbackHeld);
  web.policy.approve = "web-1-1b4e";
  web.suspend().pass_time(10s).reconcile();
  REQUIRE(web.state() == held(Reason::Suspended));
  // The Event of the hold, and none of the annotation.
  CHECK(web.emitted(Reason::RollbackHeld) == emitted + 1);
  web.unsuspend().pass_time(10s).reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::AwaitingApproval));
  CHECK(web.emitted(Reason::RollbackHeld) == emitted + 2);
}

TEST_CASE("keeps an approval that is recorded in the same plan as another hold") {
  DeploymentHarness web = pending_rollback(api::Mode::Approve);
  web.reconcile({fails("health")});
  web.preflight = failed_preflight(Reason::MissingReference, "ConfigMap app is gone");
  web.approve().pass_time(10s).reconcile({fails("health")});
  REQUIRE(web.state() == held(Reason::MissingReference));
  CHECK_FALSE(web.rollback->status.approved_by.empty());
}

TEST_CASE("requeues at once when the restoration of the field ownership is given up") {
  DeploymentHarness web = baking_v2();
  web.writes_allowed = 2;
  web.fail_three_times();
  REQUIRE(web.phase() == RollbackPhase::TemplateRestored);
  web.executes_actions = false;
  web.pass_time(15min).reconcile();
  REQUIRE(web.phase() == RollbackPhase::Restored);
  CHECK(web.requeue_after() == 0s);
}
