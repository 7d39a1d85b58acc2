// RollingBack: from the patch of the template until the restored revision is rolled out.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

// v2 ✗✗✗ ──▶ patch to v1 ──▶ v1 rolls out ──▶ v1 is verified for 5m ──▶ Idle
TEST_CASE("succeeds when the restored revision rolls out and passes the same checks") {
  DeploymentHarness harness = restored_v1();
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  CHECK(harness.emitted(Reason::RolledBack) == 1);
  CHECK(harness.emitted(Reason::ReleaseSeen) == 1);
  harness.roll_out().pass_time(1s).reconcile();
  CHECK(harness.state() == verifying(Reason::RolledOut));
  CHECK(harness.phase() == RollbackPhase::Verifying);
  CHECK(harness.requeue_after() == Duration{5min});
  harness.pass_checks_for(4min);
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.pass_checks_for(2min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
  CHECK(harness.emitted(Reason::RollbackVerified) == 1);
  CHECK(harness.restorations == 1);
}

TEST_CASE("freezes at once when the rollout check of the restored revision fails immediately") {
  DeploymentHarness harness = restored_v1();
  harness.reconcile_for(10s, {fails_immediately("rollout")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.phase() == RollbackPhase::Failed);
}

TEST_CASE("does not fail a rollback for a health check while the restored revision rolls out") {
  DeploymentHarness harness = restored_v1();
  harness.reconcile_for(2min, {unknown("rollout"), fails("health")});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  SECTION("its rollout completes and it passes: the failures are forgotten") {
    harness.roll_out().reconcile().pass_checks_for(6min);
    CHECK(harness.state() == idle(Reason::RolledBack));
  }
  SECTION("a release replaces v1: its baseline fails, so the release is held") {
    harness.ship("v3").roll_out().reconcile_for(2min, {pass("rollout"), fails("health")});
    CHECK(harness.state() == held(Reason::AlreadyFailing));
    CHECK(harness.restorations == 1);
  }
  SECTION("its rollout makes no progress: an outage is likely, and the freeze ends with it") {
    harness.reconcile_for(15min, {unknown("rollout"), fails("health")});
    CHECK(harness.state() == frozen(Reason::VerificationFailed));
    CHECK(harness.guard.freeze->check == "health");
  }
}

TEST_CASE("freezes when the restored revision has not rolled out after 15 minutes") {
  DeploymentHarness harness = restored_v1();
  harness.reconcile();
  CHECK(harness.requeue_after().value() > Duration{14min});
  harness.reconcile_for(14min, {unknown("rollout")});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  harness.reconcile_for(2min, {unknown("rollout")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
}

TEST_CASE("waits 15 minutes from the last progress of the restored rollout") {
  DeploymentHarness harness = restored_v1();
  const auto report_progressing = [&](api::ConditionStatus status) {
    harness.deployment.conditions = {
        {.type = "Progressing", .status = status, .last_update = harness.now}};
    harness.reconcile_for(14min, {unknown("rollout")});
  };
  for (int i = 0; i < 3; ++i) report_progressing(api::ConditionStatus::True);
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  SECTION("no progress follows") {
    harness.reconcile_for(2min, {unknown("rollout")});
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
    CHECK_THAT(harness.guard.message, mentions({"15m"}));
  }
  SECTION("Progressing is False, which is no progress") {
    report_progressing(api::ConditionStatus::False);
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
  SECTION("progress never ends, but the limit is an hour") {
    report_progressing(api::ConditionStatus::True);
    CHECK(harness.state() == rolling_back(Reason::RollingOut));
    report_progressing(api::ConditionStatus::True);
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
  SECTION("a condition of another type is no progress") {
    harness.deployment.conditions = {
        {.type = "Available", .status = api::ConditionStatus::True, .last_update = harness.now}};
    harness.reconcile_for(2min, {unknown("rollout")});
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
  SECTION("a time in the future is no progress") {
    harness.deployment.conditions = {{.type = "Progressing",
                                      .status = api::ConditionStatus::True,
                                      .last_update = harness.now + 24h}};
    harness.reconcile_for(2min, {unknown("rollout")});
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
}

TEST_CASE("counts only progress since the restored rollout began, up to now") {
  DeploymentHarness harness = restored_v1();
  api::DeploymentCondition progressing{
      .type = "Progressing", .status = api::ConditionStatus::True, .last_update = noon};
  harness.deployment.conditions = {progressing};
  harness.reconcile();
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  CHECK(harness.requeue_after() == Duration{15min});
  harness.pass_time(1min);
  progressing.last_update = harness.now;
  harness.deployment.conditions = {progressing};
  harness.reconcile();
  CHECK(harness.requeue_after() == Duration{15min});
}

TEST_CASE("ignores the checks and replicas of v2 while the restored v1 has no ReplicaSet") {
  DeploymentHarness harness = baking_v2().fail_three_times();
  REQUIRE(harness.phase() == RollbackPhase::Restored);
  const auto checks = harness.guard.checks;
  harness.replica_sets.erase(harness.replica_sets.begin());
  harness.roll_out().pass_time(1s).reconcile({fails_immediately("rollout")});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  CHECK(harness.guard.checks == checks);
}

TEST_CASE("stores no failures of v2 as the verification of v1 when v1 never gets a ReplicaSet") {
  DeploymentHarness harness = baking_v2().fail_three_times();
  harness.replica_sets.erase(harness.replica_sets.begin());
  harness.reconcile_for(16min, {});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.rollback->status.verification.empty());
}

TEST_CASE("clears the results of the rollout when the verification starts") {
  DeploymentHarness harness = restored_v1();
  harness.reconcile({unknown("rollout")});
  REQUIRE(harness.guard.checks.at(0).reason == Reason::NoPodsToProbe);
  harness.roll_out().reconcile();
  REQUIRE(harness.state() == verifying(Reason::RolledOut));
  REQUIRE(harness.guard.checks.size() == 2);
  CHECK(harness.guard.checks[0].reason == Reason::Pending);
}

TEST_CASE("starts the verification when the restored rollout is complete, even after a day") {
  DeploymentHarness harness = restored_v1();
  harness.roll_out().pass_time(24h).reconcile();
  CHECK(harness.state() == verifying(Reason::RolledOut));
}

TEST_CASE("starts the timeout of the restored rollout again when a user ends the pause") {
  DeploymentHarness harness = restored_v1();
  harness.pause().reconcile_for(1h, {unknown("rollout")});
  CHECK(harness.state() == rolling_back(Reason::DeploymentPaused));
  harness.unpause().reconcile();
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  harness.reconcile_for(14min, {});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  harness.reconcile_for(2min, {});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
}

TEST_CASE("continues a rollback when the Deployment is scaled") {
  DeploymentHarness harness = restored_v1();
  harness.scale(6)
      .reconcile()
      .roll_out()
      .reconcile()
      .pass_checks_for(1min)
      .scale(2)
      .roll_out()
      .pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.restorations == 1);
}

TEST_CASE("retries when the Rollback cannot be created, and emits RollbackStarted once") {
  DeploymentHarness harness = baking_v2();
  harness.can_record = false;
  harness.fail_three_times().reconcile_for(30s, {fails("health")});
  CHECK(harness.state() == rolling_back(Reason::WrongStatus));
  CHECK(harness.action() == ActionKind::StartRollback);
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  SECTION("the Rollback can be created again") {
    harness.can_record = true;
    harness.reconcile_for(10s, {fails("health")});
    CHECK(harness.deployed_template() == "v1");
  }
  SECTION("the check passes before the Rollback is created") {
    harness.can_record = true;
    harness.reconcile_for(10s, {pass("rollout"), pass("health")});
    CHECK(harness.state() == evaluating(Reason::Baking));
    CHECK(harness.restorations == 0);
  }
  SECTION("a newer template is shipped before the Rollback is created") {
    harness.can_record = true;
    harness.ship_without_replica_set("v3").reconcile();
    CHECK(harness.action() == ActionKind::None);
    harness.ship("v3").reconcile();
    CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
    CHECK(harness.restorations == 0);
  }
}

TEST_CASE("ignores a failure of the bad revision that arrives after the patch") {
  DeploymentHarness harness = baking_v2();
  harness.fail_three_times();
  REQUIRE(harness.deployed_template() == "v1");
  harness.reconcile({fails_immediately("rollout")});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE("ignores an earlier failure when a user applies the bad template again") {
  DeploymentHarness harness = baking_v2();
  harness.fail_three_times();
  REQUIRE(harness.deployed_template() == "v1");
  harness.ship("v2").pass_time(1s).reconcile({fails_immediately("rollout")});
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.guard.checks[0].consecutive_failures == 0);
}
