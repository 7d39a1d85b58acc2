// A Deployment that opts out, whose policy breaks, or that is deleted and created again.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

TEST_CASE("evaluates from the start when a Deployment opts out and in again") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(20s, {fails("health")}).opt_out().reconcile_for(1h, {fails("health")});
  CHECK(harness.state() == idle(Reason::NotOptedIn));
  CHECK_FALSE(harness.current().has_value());
  CHECK(harness.restorations == 0);
  harness.opt_in().reconcile();
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  harness.reconcile_for(20s, {fails("health")});
  CHECK(harness.restorations == 0);
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("supersedes a pending rollback when the Deployment opts out") {
  DeploymentHarness harness = pending_rollback();
  harness.opt_out().reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  harness.pass_time(24h).opt_in().pass_checks_for(11min);
  CHECK(harness.restorations == 0);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("keeps the verdicts of a rollback that restored v1 when the Deployment opts out") {
  DeploymentHarness harness = restored_v1();
  harness.opt_out().reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  harness.roll_out().opt_in().reconcile();
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  CHECK(harness.emitted(Reason::RolledBack) == 1);
}

TEST_CASE("evaluates a breached revision again when the Deployment opts out and in") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 24h;
  harness.fail_three_times().opt_out().reconcile().opt_in().reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

TEST_CASE("bakes from the start when the policy breaks during a bake and is repaired") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(9min).break_policy().pass_checks_for(1h);
  CHECK(harness.state() == evaluating(Reason::PolicyNotFound));
  CHECK(harness.emitted(Reason::PolicyNotFound) == 1);
  harness.repair_policy().pass_checks_for(9min);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.pass_checks_for(2min);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("requires a new breach when the policy breaks while a release is held") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1min;
  harness.fail_three_times();
  REQUIRE(harness.state() == held(Reason::PausedUntil));
  harness.break_policy().reconcile_for(10min, {}).repair_policy().reconcile();
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.restorations == 0);
  harness.fail_three_times();
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("pauses a rollback while the policy is broken, and resumes it afterwards") {
  DeploymentHarness harness = pending_rollback();
  SECTION("before the patch") {
    harness.break_policy().reconcile_for(1h, {});
    CHECK(harness.restorations == 0);
  }
  SECTION("after the patch") {
    harness.reconcile().break_policy().roll_out().reconcile_for(1h, {});
    CHECK(harness.state() == rolling_back(Reason::PolicyNotFound));
  }
  SECTION("during the verification") {
    harness.reconcile().roll_out().reconcile().pass_checks_for(4min).break_policy().reconcile_for(
        1h, {});
    CHECK(harness.state() == verifying(Reason::PolicyNotFound));
  }
  harness.repair_policy().reconcile_for(20s, {});
  // If v2 is still deployed, it must fail again before it is rolled back.
  if (harness.deployed_template() == "v2") harness.fail_three_times();
  harness.reconcile_for(20s, {}).roll_out().pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.restorations == 1);
}

TEST_CASE("sets RollbackReady to False, with the reason, when no policy applies") {
  DeploymentHarness harness = running_v1();
  harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile().pass_checks_for(11min);
  const auto ready = [&] {
    return *api::find_condition(harness.guard.conditions, "RollbackReady");
  };
  REQUIRE(ready().status == api::ConditionStatus::True);
  harness.break_policy().reconcile();
  CHECK(ready().status == api::ConditionStatus::False);
  CHECK(ready().reason == to_string(Reason::PolicyNotFound));
  CHECK(ready().message == "RollbackPolicy/web does not exist");
  harness.opt_out().reconcile();
  CHECK(ready().status == api::ConditionStatus::False);
  CHECK(ready().reason == to_string(Reason::NotOptedIn));
}

TEST_CASE(
    "reports a broken policy, and the running revision again after the repair of the policy") {
  DeploymentHarness harness = running_v1();
  const auto break_and_repair = [&] {
    const auto [reason, current] = std::pair(harness.guard.reason, harness.current());
    const int emitted = harness.emitted(Reason::PolicyNotFound);
    harness.break_policy().reconcile().reconcile();
    CHECK(harness.state() == idle(Reason::PolicyNotFound));
    CHECK(harness.guard.message == "RollbackPolicy/web does not exist");
    CHECK(harness.emitted(Reason::PolicyNotFound) == emitted + 1);
    harness.repair_policy().reconcile();
    CHECK(harness.state() == idle(reason));
    CHECK(harness.current() == current);
    return harness.guard.message;
  };
  SECTION("presumed good") {
    CHECK_THAT(break_and_repair(), mentions({"revision 1 (web-v1)", "presumed good"}));
  }
  SECTION("good") {
    harness.ship("v2").reconcile().roll_out().reconcile().pass_checks_for(11min);
    CHECK_THAT(break_and_repair(), mentions({"revision 2 (web-v2)", "good"}));
  }
  SECTION("inconclusive") {
    harness.ship("v2").reconcile().roll_out().reconcile().reconcile_for(
        11min, {pass("rollout"), unknown("health")});
    REQUIRE(harness.state() == idle(Reason::Inconclusive));
    CHECK_THAT(break_and_repair(), mentions({"revision 2 (web-v2)", "not proven good"}));
  }
  SECTION("restored") {
    harness = restored_v1();
    harness.reconcile().roll_out().pass_checks_for(6min);
    REQUIRE(harness.state() == idle(Reason::RolledBack));
    CHECK(break_and_repair() == harness.rollback->status.message);
    SECTION("restored, and good again by its own bake") {
      harness.ship("v3").reconcile().ship("v1").reconcile().roll_out().reconcile().pass_checks_for(
          11min);
      REQUIRE(harness.state() == idle(Reason::Good));
      CHECK_THAT(break_and_repair(), mentions({"revision 4 (web-v1)", "good"}));
    }
  }
}

TEST_CASE("forgets everything when the Deployment is created again under the same name") {
  DeploymentHarness harness = baking_v2();
  harness.fail_three_times();
  REQUIRE(harness.rollbacks_created == 1);
  REQUIRE(harness.restorations == 1);
  harness.recreate().ship("v2").roll_out_partly().reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK_FALSE(harness.verdict("v1").has_value());
  harness.reconcile_for(1min, {fails_immediately("rollout")});
  CHECK(harness.state() == held(Reason::NoLastGood));
  CHECK(harness.restorations == 1);
}

TEST_CASE("ignores a Rollback of an earlier Deployment of the same name") {
  DeploymentHarness harness = pending_rollback();
  const auto leftover_rollback = harness.rollback;
  harness.recreate().ship("v2").roll_out();
  harness.rollback = leftover_rollback;
  harness.reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::PresumedGood});
  CHECK_FALSE(harness.last_plan.rollback.has_value());
}
