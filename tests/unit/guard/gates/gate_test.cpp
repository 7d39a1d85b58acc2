// Tests of a Deployment that must not be changed or evaluated: its policy is suspended, or it is
// paused, scaled to zero or being deleted.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

TEST_CASE("waits for a paused Deployment to resume before it evaluates a new template") {
  DeploymentHarness harness = running_v1();
  harness.pause().ship_without_replica_set("v2").reconcile();
  CHECK(harness.state() == idle(Reason::DeploymentPaused));
  CHECK_THAT(harness.guard.message, mentions({"kubectl rollout resume deployment/web -n shop"}));
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  SECTION("after the Deployment resumes, the new template is a release") {
    harness.unpause().ship("v2").reconcile();
    CHECK(harness.state() == evaluating(Reason::RollingOut));
  }
  SECTION("after a revert to v1, the running revision is reported again") {
    harness.ship("v1").reconcile();
    CHECK(harness.state() == idle(Reason::DeploymentPaused));
    CHECK_THAT(harness.guard.message, mentions({"revision 1 (web-v1) is presumed good"}));
    harness.unpause().reconcile();
    CHECK(harness.state() == idle(Reason::PresumedGood));
    CHECK(harness.emitted(Reason::ReleaseSeen) == 0);
  }
}

TEST_CASE(
    "bakes from the start after a suspension, after a pause and after a scaling to 0 replicas") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(5min);
  const std::string blocker = GENERATE(as<std::string>{}, "suspended", "paused", "scaled to zero");
  if (blocker == "suspended") harness.suspend();
  if (blocker == "paused") harness.pause();
  if (blocker == "scaled to zero") harness.scale(0);
  harness.pass_checks_for(1h);
  CHECK(harness.guard.state == api::State::Evaluating);
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  if (blocker == "suspended") harness.unsuspend();
  if (blocker == "paused") harness.unpause();
  if (blocker == "scaled to zero") harness.scale(3);
  harness.roll_out().pass_checks_for(9min);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.pass_checks_for(2min);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("holds a breach while the Deployment is paused, and rolls back when it resumes") {
  DeploymentHarness harness = baking_v2();
  harness.pause().fail_three_times();
  CHECK(harness.state() == held(Reason::DeploymentPaused));
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  harness.unpause().reconcile();
  CHECK(harness.action() == ActionKind::StartRollback);
}

TEST_CASE(
    "requires a new failure when a held breach had no measurement during an hour of suspension") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1min;
  harness.fail_three_times().suspend().reconcile_for(1h, {});
  CHECK(harness.state() == held(Reason::Suspended));
  harness.unsuspend().reconcile();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.restorations == 0);
}

TEST_CASE(
    "holds a pending rollback until the Deployment may be changed and its check fails again") {
  DeploymentHarness harness = pending_rollback();
  const std::string blocker =
      GENERATE(as<std::string>{}, "suspended", "paused", "scaled to zero", "pause-until");
  if (blocker == "suspended") harness.suspend();
  if (blocker == "paused") harness.pause();
  if (blocker == "scaled to zero") harness.scale(0);
  if (blocker == "pause-until") harness.policy.pause_until = harness.now + 1h;
  harness.reconcile_for(30min, {});
  CHECK(harness.guard.state == api::State::Held);
  CHECK(harness.restorations == 0);
  if (blocker == "suspended") harness.unsuspend();
  if (blocker == "paused") harness.unpause();
  if (blocker == "scaled to zero") harness.scale(3);
  if (blocker == "pause-until") {
    CHECK(harness.requeue_after().value() <= Duration{30min});
    harness.pass_time(30min);
  }
  harness.reconcile();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.restorations == 0);
  SECTION("the check fails again") {
    harness.reconcile({fails("health")});
    CHECK(harness.restorations == 1);
  }
  SECTION("the check passes") {
    harness.reconcile({pass("health")});
    CHECK(harness.phase() == RollbackPhase::Superseded);
    harness.reconcile();
    CHECK(harness.guard.state == api::State::Evaluating);
    CHECK(harness.restorations == 0);
    const std::string cancelled = harness.rollback->meta.key.name;
    if (GENERATE(false, true)) harness.restart().reconcile();
    harness.fail_three_times();
    CHECK(harness.rollback->meta.key.name != cancelled);
    CHECK(harness.restorations == 1);
  }
}

TEST_CASE("starts the verification again when a suspension ends") {
  DeploymentHarness harness = restored_v1();
  harness.roll_out().reconcile().pass_checks_for(4min).suspend().reconcile_for(1h, {});
  CHECK(harness.state() == verifying(Reason::Suspended));
  harness.unsuspend().pass_checks_for(4min);
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.pass_checks_for(2min);
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE("starts the verification again when all replicas are available after a scale to zero") {
  DeploymentHarness harness = restored_v1();
  harness.roll_out().reconcile().pass_checks_for(4min).scale(0);
  harness.deployment.updated_replicas = harness.deployment.available_replicas =
      harness.deployment.status_replicas = 0;
  harness.reconcile_for(1h, {});
  REQUIRE(harness.state() == verifying(Reason::ScaledToZero));
  harness.scale(3).reconcile_for(14min, {unknown("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingReplicas));
  CHECK_FALSE(harness.guard.rolled_out);
  SECTION("when all replicas are available, the verification starts again") {
    harness.roll_out().pass_checks_for(4min);
    CHECK(harness.state() == verifying(Reason::RolledOut));
    harness.pass_checks_for(2min);
    CHECK(harness.state() == idle(Reason::RolledBack));
  }
  SECTION("when the replicas never become available, the rollback ends unverified") {
    harness.reconcile_for(1h, {unknown("rollout"), unknown("health")});
    CHECK(harness.state() == idle(Reason::RolledBack));
    CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  }
  SECTION("when a check fails while the replicas start, the verification fails") {
    harness.reconcile_for(1min, {fails_immediately("rollout")});
    CHECK(harness.state() == frozen(Reason::VerificationFailed));
  }
}

TEST_CASE("creates no snapshot while the policy is suspended") {
  DeploymentHarness harness;
  harness.suspend().ship("v1").roll_out().reconcile().reconcile();
  CHECK(harness.action() == ActionKind::None);
  harness.unsuspend().reconcile();
  CHECK(harness.action() == ActionKind::CreateSnapshot);
}

TEST_CASE("does nothing when the Deployment is being deleted") {
  DeploymentHarness harness = pending_rollback();
  harness.deployment.meta.deleting = true;
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.restorations == 0);
  CHECK(harness.action() == ActionKind::None);
}
