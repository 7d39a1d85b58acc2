// When an evaluation, a verification and the rollout of a restored revision end, to the
// millisecond.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Measurements all_pass{pass("rollout"), pass("health")};
const Measurements health_unknown{pass("rollout"), unknown("health")};

// Both checks have passed since v2 rolled out, at `rolled_out`.
struct BakingHarness {
  DeploymentHarness web = baking_v2().reconcile(all_pass);
  Time rolled_out = *web.guard.rolled_out;

  StateAndReason reconcile_after(Duration time, const Measurements& measurements = {}) {
    web.now = rolled_out + time;
    web.reconcile(measurements);
    return web.state();
  }

  // Both checks pass every 10 s until `time` after the rollout.
  StateAndReason bake_for(Duration time) {
    while (web.now + 10s < rolled_out + time) web.pass_time(10s).reconcile(all_pass);
    return reconcile_after(time);
  }
};

// v1 was restored, has rolled out at `rolled_out`, and is verified for 5 minutes.
struct VerifyingHarness {
  DeploymentHarness web = restored_v1().roll_out().pass_time(1s).reconcile();
  Time rolled_out = *web.guard.rolled_out;

  StateAndReason reconcile_after(Duration time, const Measurements& measurements = {}) {
    web.now = rolled_out + time;
    web.reconcile(measurements);
    return web.state();
  }
};

}  // namespace

TEST_CASE("bakes until the last millisecond of bakeTime, then becomes good") {
  CHECK(BakingHarness().bake_for(10min - 1ms) == evaluating(Reason::Baking));
  CHECK(BakingHarness().bake_for(10min) == idle(Reason::Good));
}

TEST_CASE("reconciles again when bakeTime ends") {
  BakingHarness given;
  given.web.policy.spec.bake_time = 4min;
  given.bake_for(1min);
  CHECK(given.web.requeue_after() == 3min);
}

TEST_CASE("waits two intervals of a check for its first pass when bakeTime is shorter") {
  for (const auto& [time, state] : {std::pair(20s - 1ms, evaluating(Reason::Baking)),
                                    std::pair(20s + 0ms, idle(Reason::Inconclusive))}) {
    BakingHarness given;
    given.web.policy.spec.bake_time = 5s;
    given.web.guard.checks[1].passed_once = false;
    given.web.guard.checks[1].bake_passes = 0;
    given.web.guard.checks[1].consecutive_unknowns = 2;
    given.web.guard.checks[1].result = api::MeasurementResult::Unknown;
    CHECK(given.reconcile_after(time) == state);
  }
}

TEST_CASE("does not end a bake as inconclusive while pods may start or a check fails") {
  BakingHarness given;
  given.web.policy.spec.bake_time = 5s;
  api::CheckStatus& health = given.web.guard.checks[1];
  health.passed_once = false;
  health.bake_passes = 0;
  SECTION("the pods have never been ready") {
    health.consecutive_unknowns = 2;
    health.result = api::MeasurementResult::Unknown;
    health.reason = Reason::PodsStarting;
    CHECK(given.reconcile_after(5min) == evaluating(Reason::Baking));
  }
  SECTION("the first failure, below the threshold") {
    health.bake_failures = 1;
    health.result = api::MeasurementResult::Fail;
    health.consecutive_failures = 1;
    health.first_failure = health.last_failure = given.web.now;
    CHECK(given.reconcile_after(15s) == evaluating(Reason::CheckFailing));
  }
}

TEST_CASE("reconciles again when the two intervals for a first pass end") {
  BakingHarness given;
  given.web.policy.spec.bake_time = 5s;
  given.web.guard.checks[1].passed_once = false;
  given.reconcile_after(5s);
  CHECK(given.web.requeue_after() == 15s);
  given.reconcile_after(20s);
  CHECK(given.web.requeue_after() > 15s);
}

TEST_CASE("waits for a missing replica when bakeTime has ended, not before") {
  BakingHarness early;
  early.web.roll_out_partly();
  CHECK(early.bake_for(10min - 1ms) == evaluating(Reason::Baking));
  BakingHarness late;
  late.web.roll_out_partly();
  CHECK(late.bake_for(10min) == evaluating(Reason::AwaitingReplicas));
  CHECK(late.web.requeue_after() > Duration{0});
}

TEST_CASE("verifies until the last millisecond of verifyFor, then succeeds") {
  CHECK(VerifyingHarness().reconcile_after(5min - 1ms, all_pass) == verifying(Reason::RolledOut));
  CHECK(VerifyingHarness().reconcile_after(5min, all_pass) == idle(Reason::RolledBack));
}

TEST_CASE("reconciles again when verifyFor ends, and 15 minutes after that") {
  VerifyingHarness given;
  given.reconcile_after(1min, {pass("rollout")});
  CHECK(given.web.requeue_after() == 4min);
  given.reconcile_after(5min, {pass("rollout")});
  CHECK(given.web.state() == verifying(Reason::AwaitingPass));
  CHECK(given.web.requeue_after() == 15min);
  given.reconcile_after(6min);
  CHECK(given.web.requeue_after() == 14min);
}

TEST_CASE("ends a verification when verifyFor ends, not before, if a check only returned Unknown") {
  VerifyingHarness given;
  given.reconcile_after(1min, health_unknown);
  CHECK(given.reconcile_after(5min - 1ms, health_unknown) == verifying(Reason::RolledOut));
  CHECK(given.reconcile_after(5min, health_unknown) == idle(Reason::RolledBack));
}

TEST_CASE("waits 15 minutes after verifyFor for a missing replica of the restored revision") {
  VerifyingHarness given;
  given.reconcile_after(1min, all_pass);
  given.web.deployment.available_replicas -= 1;
  CHECK(given.reconcile_after(20min - 1ms, all_pass) == verifying(Reason::AwaitingReplicas));
  CHECK(given.reconcile_after(20min, all_pass) == idle(Reason::RolledBack));
}

TEST_CASE("continues a verification without a time limit when a check has not run yet") {
  VerifyingHarness given;
  CHECK(given.reconcile_after(21min, {pass("rollout")}) == verifying(Reason::AwaitingPass));
}

TEST_CASE("fails the rollout of a restored revision after 15 minutes, not before") {
  const DeploymentHarness restored = restored_v1();
  const Time began = restored.now;
  DeploymentHarness early = restored;
  early.now = began + 15min - 1ms;
  CHECK(early.reconcile().state() == rolling_back(Reason::RollingOut));
  CHECK(early.requeue_after() == 1ms);
  DeploymentHarness late = restored;
  late.now = began + 15min;
  CHECK(late.reconcile().state() == frozen(Reason::RollbackFailed));
}

TEST_CASE("starts the 15 minutes of a restored rollout again when a pause of the Deployment ends") {
  DeploymentHarness web = restored_v1();
  web.pass_time(14min).pause().reconcile();
  CHECK(web.state() == rolling_back(Reason::DeploymentPaused));
  web.pass_time(1h).unpause().reconcile();
  CHECK(web.state() == rolling_back(Reason::RollingOut));
  web.pass_time(15min - 1ms).reconcile();
  CHECK(web.state() == rolling_back(Reason::RollingOut));
  web.pass_time(1ms).reconcile();
  CHECK(web.state() == frozen(Reason::RollbackFailed));
}

TEST_CASE("waits for replicas after a pause of the verification, at most 15 minutes") {
  VerifyingHarness given;
  given.web.pause().reconcile();
  CHECK_FALSE(given.web.guard.rolled_out.has_value());
  given.web.unpause().roll_out_partly().reconcile();
  CHECK(given.web.state() == verifying(Reason::AwaitingReplicas));
  CHECK(given.web.requeue_after() == 15min);
  const Time began = given.web.now;
  given.web.now = began + 15min - 1ms;
  given.web.reconcile();
  CHECK(given.web.requeue_after() == 1ms);
  CHECK_FALSE(given.web.guard.rolled_out.has_value());
  given.web.now = began + 15min;
  given.web.reconcile();
  CHECK(given.web.guard.rolled_out == given.web.now);
}

TEST_CASE("tries for 15 minutes to restore the field ownership, then continues without it") {
  DeploymentHarness web = baking_v2();
  web.writes_allowed = 2;  // the template and the status, not the field ownership
  web.fail_three_times();
  REQUIRE(web.phase() == RollbackPhase::TemplateRestored);
  const Time restored = *web.rollback->status.template_restored;
  web.writes_allowed = 0;
  web.now = restored + 15min - 1ms;
  web.reconcile();
  CHECK(web.action() == ActionKind::ResumeRollback);
  web.now = restored + 15min;
  web.reconcile();
  CHECK(web.action() == ActionKind::None);
  CHECK(web.phase() == RollbackPhase::Restored);
}
