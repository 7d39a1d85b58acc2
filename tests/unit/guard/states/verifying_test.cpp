// The verification of the restored revision by the same checks.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

DeploymentHarness verifying_v1() { return restored_v1().roll_out().pass_time(1s).reconcile(); }

}  // namespace

// v1 is restored ──▶ v1 ✗✗✗ ──▶ Frozen ──▶ v3 is shipped ──▶ Evaluating
TEST_CASE("freezes when the restored revision fails, until a newer template is shipped") {
  DeploymentHarness harness = verifying_v1();
  harness.fail_three_times();
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
  CHECK(harness.phase() == RollbackPhase::Failed);
  CHECK(harness.emitted(Reason::RollbackFailed) == 1);
  const Measurements health_fails{pass("rollout"), fails("health")};
  harness.reconcile_for(1h, health_fails).scale(6).roll_out().reconcile_for(1h, health_fails);
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
  harness.ship("v3").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
}

TEST_CASE("ends unverified when a check of the restored revision has no result") {
  DeploymentHarness harness = verifying_v1();
  harness.reconcile_for(4min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.reconcile_for(2min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE("waits for the first result of a check before it ends the verification") {
  DeploymentHarness harness = verifying_v1();
  harness.reconcile_for(1h, {pass("rollout")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.reconcile_for(10s, {pass("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE("rolls a later release back to v1 again, not to v2, which was rolled back") {
  DeploymentHarness harness = verifying_v1();
  harness.pass_checks_for(6min).ship("v3").reconcile().roll_out().reconcile().fail_three_times();
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.restorations == 2);
}

TEST_CASE("supersedes the verification and evaluates when a newer template is shipped") {
  DeploymentHarness harness = verifying_v1();
  harness.pass_checks_for(1min).ship("v3").reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
}

TEST_CASE("ends unverified when a replica of the restored revision is missing for too long") {
  DeploymentHarness harness = verifying_v1();
  harness.deployment.available_replicas -= 1;
  harness.pass_checks_for(6min);
  CHECK(harness.state() == verifying(Reason::AwaitingReplicas));
  CHECK_THAT(harness.guard.message, mentions({"revision 1 (web-v1)", "every replica"}));
  harness.pass_checks_for(15min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK_THAT(harness.rollback->status.message, mentions({"replica"}));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
}

TEST_CASE("waits for a missing replica when a check of the restored revision has no result") {
  DeploymentHarness harness = verifying_v1();
  harness.deployment.available_replicas -= 1;
  harness.reconcile_for(6min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingReplicas));
}

TEST_CASE("waits without a limit when a replica is missing and a check has not run yet") {
  DeploymentHarness harness = verifying_v1();
  harness.deployment.available_replicas -= 1;
  harness.reconcile_for(1h, {pass("rollout")});
  CHECK(harness.state() == verifying(Reason::AwaitingReplicas));
}

TEST_CASE("ends the verification when a user deletes its Rollback") {
  DeploymentHarness harness = verifying_v1();
  harness.rollback.reset();
  harness.reconcile();
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE("ends unverified when a check failed once and then has no result") {
  DeploymentHarness harness = verifying_v1();
  harness.reconcile({fails("health")}).reconcile_for(6min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.reconcile_for(15min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK_THAT(harness.rollback->status.message,
             mentions({"check health failed at", "no result since (NoPodsToProbe)"}));
}

TEST_CASE("does not requeue at once while the restored revision has no results") {
  DeploymentHarness harness = verifying_v1();
  for (int i = 0; i < 30; ++i) {
    harness.pass_time(1min).reconcile();
    CHECK(harness.requeue_after().value_or(Duration{1h}) > Duration{0});
  }
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.pass_checks_for(10s);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackVerified) == 1);
}

TEST_CASE("does not succeed while the restored revision fails below the threshold") {
  DeploymentHarness harness = verifying_v1();
  harness.policy.spec.checks[0].failure_threshold = 150;
  harness.reconcile_for(24min, {pass("rollout"), fails("health")});
  CHECK(harness.guard.state == api::State::Verifying);
  harness.reconcile_for(2min, {pass("rollout"), fails("health")});
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
}

TEST_CASE("waits for two intervals of the rollout check when verifyFor is shorter") {
  DeploymentHarness harness = verifying_v1();
  harness.policy.spec.verify_for = 2s;
  harness.policy.spec.checks.clear();
  harness.reconcile({unknown("rollout")}).pass_time(2s).reconcile({unknown("rollout")});
  CHECK(harness.guard.state == api::State::Verifying);
  harness.pass_time(1s).reconcile({pass("rollout")});
  CHECK(harness.emitted(Reason::RollbackVerified) == 1);
}

// A check that never passed may be wrong, so its failure does not fail the rollback.
TEST_CASE("does not fail the verification by a check that has not passed for any revision") {
  DeploymentHarness harness = verifying_v1();
  harness.guard.passed_checks.clear();
  harness.fail_three_times();
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.reconcile_for(6min, {pass("rollout"), fails("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK_THAT(harness.guard.message, mentions({"health", "has not passed for any revision"}));
}

TEST_CASE("is not verified by one pass when no result follows") {
  DeploymentHarness harness = verifying_v1();
  harness.reconcile({pass("rollout"), pass("health")});
  harness.reconcile_for(6min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.reconcile_for(15min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK_THAT(harness.guard.message, mentions({"health", "no result any more"}));
}

TEST_CASE("is not verified when a check passes less than 75% of its measurements") {
  DeploymentHarness harness = verifying_v1();
  for (int i = 0; i < 60; ++i) {
    harness.reconcile_for(20s, {pass("rollout"), pass("health")});
    harness.reconcile_for(10s, {pass("rollout"), fails("health")});
  }
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK_THAT(harness.guard.message, mentions({"health", "limit 75%"}));
}

// Only the rollout check is still measured.
TEST_CASE("ends the verification with the name of the check without a result since its last pass") {
  DeploymentHarness harness = verifying_v1();
  harness.pass_checks_for(1min).reconcile_for(25min, {pass("rollout")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  CHECK_THAT(harness.guard.message,
             mentions({"check health has had no result since it passed at"}));
}

TEST_CASE("is not verified by passes that are old when verifyFor ends") {
  DeploymentHarness harness = verifying_v1();
  harness.pass_checks_for(1min).reconcile_for(10min, {});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  SECTION("results come again") {
    harness.pass_checks_for(10s);
    CHECK(harness.emitted(Reason::RollbackVerified) == 1);
  }
  SECTION("no results come") {
    harness.reconcile_for(15min, {});
    CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  }
  CHECK(harness.state() == idle(Reason::RolledBack));
}
