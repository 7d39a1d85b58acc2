// A verification that fails, and the freeze that follows. If an outage was the cause, the freeze
// ends with the outage.
#include "guard/states/outage.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Measurements all_pass{pass("rollout"), pass("health")};
const Measurements health_fails{pass("rollout"), fails("health")};

// v2 ✗✗✗ ──▶ v1 is restored ──▶ v1 ✗✗✗ ──▶ Frozen
DeploymentHarness frozen_by_outage() {
  DeploymentHarness web = restored_v1();
  web.roll_out().pass_time(1s).reconcile().fail_three_times();
  REQUIRE(web.state() == frozen(Reason::VerificationFailed));
  return web;
}

}  // namespace

TEST_CASE("does not call a restored revision good any more when its verification fails") {
  const DeploymentHarness web = frozen_by_outage();
  CHECK(web.verdict("v1") == RevisionVerdict::Breached);
  CHECK(web.current() == HashAndVerdict{"v1", RevisionVerdict::Breached});
  CHECK_FALSE(web.guard.last_good.has_value());
  CHECK(web.guard.freeze->check == "health");
  CHECK(web.guard.freeze->verdict_before == RevisionVerdict::PresumedGood);
  CHECK_THAT(web.guard.message, mentions({"not good any more", "same check failed for revision 2",
                                          "the freeze ends"}));
}

TEST_CASE("does not roll a later release back to a revision whose verification failed") {
  DeploymentHarness web = frozen_by_outage();
  web.ship("v3").reconcile().roll_out().reconcile().fail_three_times();
  CHECK(web.state() == held(Reason::NoLastGood));
  CHECK(web.restorations == 1);
}

TEST_CASE("ends the freeze when an outage ends, and does not quarantine the release") {
  DeploymentHarness web = frozen_by_outage();
  web.reconcile_for(5min, health_fails);
  CHECK(web.state() == frozen(Reason::VerificationFailed));
  web.pass_time(10s).reconcile(all_pass).pass_time(10s).reconcile(all_pass);
  CHECK(web.state() == frozen(Reason::VerificationFailed));
  web.pass_time(10s).reconcile(all_pass);
  CHECK(web.state() == idle(Reason::OutageEnded));
  CHECK_FALSE(web.guard.freeze.has_value());
  CHECK(web.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  CHECK(web.verdict("v2") == RevisionVerdict::Inconclusive);
  CHECK(web.guard.last_good->hash.value == "v1");
  CHECK(web.emitted(Reason::OutageEnded) == 1);
  CHECK_THAT(web.guard.message, mentions({"health", "revision 2 (web-v2)", "revision 1 (web-v1)",
                                          "alike", "Inconclusive"}));
  web.reconcile_for(1h, {});
  CHECK(web.state() == idle(Reason::OutageEnded));
  CHECK(web.restorations == 1);
}

TEST_CASE("stays frozen while the outage has not ended for every check and replica") {
  DeploymentHarness web = frozen_by_outage();
  SECTION("another check has no result") {
    web.reconcile_for(10min, {unknown("rollout"), pass("health")});
  }
  SECTION("another check fails") { web.reconcile_for(10min, {fails("rollout"), pass("health")}); }
  SECTION("the check fails one of three times") {
    for (int i = 0; i < 20; ++i) {
      web.pass_time(10s).reconcile(all_pass).pass_time(10s).reconcile(all_pass);
      web.pass_time(10s).reconcile(health_fails);
    }
  }
  SECTION("a replica is missing") {
    web.deployment.available_replicas -= 1;
    web.reconcile_for(10min, all_pass);
  }
  SECTION("the Deployment is paused") { web.pause().reconcile_for(10min, all_pass); }
  SECTION("its Rollback was deleted") {
    web.rollback.reset();
    web.reconcile_for(10min, all_pass);
  }
  CHECK(web.state() == frozen(Reason::VerificationFailed));
  CHECK(web.verdict("v1") == RevisionVerdict::Breached);
}

TEST_CASE("stays frozen when different checks failed for the release and the restored revision") {
  DeploymentHarness web = baking_v2();
  web.reconcile({fails_immediately("rollout")}).pass_time(1s).reconcile();
  web.roll_out().pass_time(1s).reconcile().fail_three_times();
  REQUIRE(web.state() == frozen(Reason::VerificationFailed));
  CHECK(web.guard.freeze->check.empty());
  web.reconcile_for(1h, all_pass);
  CHECK(web.state() == frozen(Reason::VerificationFailed));
}

TEST_CASE("ends the freeze after a restart between the writes of the Rollback and the guard") {
  DeploymentHarness web = restored_v1();
  web.roll_out().pass_time(1s).reconcile();
  const api::GuardStatus verifying = web.stored_guard;
  web.fail_three_times();
  REQUIRE(web.phase() == RollbackPhase::Failed);
  web.restart_with(verifying).reconcile();
  CHECK(web.state() == frozen(Reason::VerificationFailed));
  CHECK(web.verdict("v1") == RevisionVerdict::Breached);
  web.reconcile_for(1min, all_pass);
  CHECK(web.state() == idle(Reason::OutageEnded));
}

TEST_CASE("failed_verification prefers the check of the Rollback when two checks are breached") {
  api::Rollback rollback;
  rollback.spec.check = "health";
  rollback.status = {.phase = RollbackPhase::Failed, .template_restored = noon, .rolled_out = noon};
  rollback.status.verification = {{.name = "wrong", .breached = true},
                                  {.name = "health", .breached = true}};
  CHECK(failed_verification(rollback)->name == "health");
  rollback.status.verification[1].breached = false;
  CHECK(failed_verification(rollback)->name == "wrong");
}

TEST_CASE("evaluates v1 again when a user ends the freeze of its failed verification") {
  DeploymentHarness web = frozen_by_outage();
  web.guard.freeze.reset();
  web.reconcile();
  CHECK(web.state() == evaluating(Reason::Resumed));
  CHECK(web.verdict("v1") == RevisionVerdict::Evaluating);
}

// v2 crashes ──▶ v1 is restored and crashes too ──▶ Frozen ──▶ v1 runs
TEST_CASE("ends the freeze when both revisions crashed in an outage and the outage ends") {
  DeploymentHarness web = baking_v2();
  web.reconcile({fails_immediately("rollout")}).pass_time(1s).reconcile();
  REQUIRE(web.deployed_template() == "v1");
  web.pass_time(10s).reconcile({fails_immediately("rollout")});
  CHECK(web.state() == frozen(Reason::VerificationFailed));
  CHECK(web.verdict("v1") == RevisionVerdict::Breached);
  SECTION("in the same term") {}
  SECTION("after a restart") { web.restart().reconcile(); }
  web.roll_out().reconcile_for(1min, all_pass);
  CHECK(web.state() == idle(Reason::OutageEnded));
  CHECK(web.verdict("v2") == RevisionVerdict::Inconclusive);
  CHECK(web.restorations == 1);
}

TEST_CASE("stays frozen when the rollout of the restored revision failed in another way") {
  api::Measurement crash = fails_immediately("rollout");
  crash.reason = Reason::CrashLoop;
  DeploymentHarness web = baking_v2();
  web.reconcile({crash}).pass_time(1s).reconcile();
  REQUIRE(web.deployed_template() == "v1");
  api::Measurement no_image = fails_immediately("rollout");
  no_image.reason = Reason::ImagePull;
  web.pass_time(10s).reconcile({no_image});
  CHECK(web.state() == frozen(Reason::RollbackFailed));
  web.roll_out().reconcile_for(1min, all_pass);
  CHECK(web.state() == frozen(Reason::RollbackFailed));
  CHECK(web.verdict("v2") == RevisionVerdict::RolledBack);
}

TEST_CASE("ends the freeze although a check fails, if that check has never passed") {
  DeploymentHarness web = frozen_by_outage();
  api::Check wrong = web.policy.spec.checks[0];
  wrong.name = "wrong";
  api::http_of(wrong).path = "/wrong";
  web.policy.spec.checks.push_back(wrong);
  web.reconcile_for(1min, {pass("rollout"), pass("health"), fails("wrong")});
  CHECK(web.state() == idle(Reason::OutageEnded));
}

TEST_CASE("ends the freeze of a verification that was paused and failed before all pods ran") {
  DeploymentHarness web = restored_v1();
  web.roll_out().pass_time(1s).reconcile().pause().reconcile().unpause();
  web.deployment.available_replicas = 0;
  web.reconcile().fail_three_times();
  REQUIRE(web.state() == frozen(Reason::VerificationFailed));
  REQUIRE_FALSE(web.guard.rolled_out.has_value());
  web.roll_out().reconcile_for(1min, all_pass);
  CHECK(web.state() == idle(Reason::OutageEnded));
}

TEST_CASE("does not call a restored revision bad because the cluster creates no pods of it") {
  DeploymentHarness web = restored_v1();
  web.roll_out().pass_time(1s).reconcile();
  api::Measurement quota = fails_immediately("rollout");
  quota.reason = Reason::PodsNotCreated;
  web.pass_time(10s).reconcile({quota, pass("health")});
  CHECK(web.guard.state == api::State::Verifying);
  CHECK(web.verdict("v1") == RevisionVerdict::PresumedGood);
  web.reconcile_for(10min, all_pass);
  CHECK(web.state() == idle(Reason::RolledBack));
}

TEST_CASE("stays frozen when the release lacked its image and the restored revision crashed") {
  DeploymentHarness web = baking_v2();
  api::Measurement missing_image = fails_immediately("rollout");
  missing_image.reason = Reason::ImagePull;
  web.reconcile({missing_image}).pass_time(1s).reconcile();
  REQUIRE(web.deployed_template() == "v1");
  web.pass_time(10s).reconcile({fails_immediately("rollout")});
  CHECK(web.state() == frozen(Reason::RollbackFailed));
  web.roll_out().reconcile_for(1min, all_pass);
  CHECK(web.state() == frozen(Reason::RollbackFailed));
  CHECK(web.verdict("v2") == RevisionVerdict::RolledBack);
}
