// Restarts of the controller. Between any two writes the process may end. The next leader reads the
// Rollback as it is, and any earlier write of the guard, or no guard. The result is always one
// Rollback and one change of the template.
#include <catch2/catch.hpp>

#include "guard/breaker.hpp"
#include "guard/failure_log.hpp"
#include "guard/load.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 is breached. The process ends after `writes_allowed` writes of the rollback.
DeploymentHarness breached_v2(int writes_allowed) {
  DeploymentHarness harness = baking_v2();
  harness.writes_allowed = writes_allowed;
  return harness.fail_three_times();
}

// The next leader completes one rollback to v1, after any earlier writes of the killed leader.
void check_rolled_back_once(DeploymentHarness& harness) {
  CAPTURE(harness.state(), harness.phase(), harness.events.size());
  // If nothing is written yet, the release still fails and is then rolled back.
  harness.reconcile();
  if (harness.deployed_template() == "v2") harness.fail_three_times();
  harness.reconcile_for(30s, {}).roll_out().pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.restorations == 1);
  CHECK(harness.rollbacks_created == 1);
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
  CHECK(harness.guard.last_good->snapshot == "web-v1");
}

}  // namespace

// writes of the rollback:  record │ patch │ status │ ownership   killed after one of them
// writes of the guard:     none │ g1 │ g2 │ ... │ gn             the next leader reads one of them
TEST_CASE(
    "ends with one rollback when the leader is killed after any write, with any earlier guard") {
  for (int writes = 0; writes <= 3; ++writes) {
    const DeploymentHarness before = breached_v2(writes);
    REQUIRE(before.rollbacks_created == 1);
    for (std::size_t i = 0; i <= before.guard_writes.size(); ++i) {
      CAPTURE(writes, i);
      DeploymentHarness harness = before;
      harness.restart_with(i == 0 ? api::GuardStatus{} : before.guard_writes[i - 1]);
      check_rolled_back_once(harness);
    }
  }
}

TEST_CASE(
    "ends with one rollback when the leader is killed as it verifies, with any earlier guard") {
  DeploymentHarness before = breached_v2(100);
  before.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(2min);
  REQUIRE(before.phase() == RollbackPhase::Verifying);
  for (std::size_t i = 0; i <= before.guard_writes.size(); ++i) {
    CAPTURE(i);
    DeploymentHarness harness = before;
    harness.restart_with(i == 0 ? api::GuardStatus{} : before.guard_writes[i - 1]);
    check_rolled_back_once(harness);
  }
}

TEST_CASE("follows a finished Rollback when the last write of the guard was lost") {
  DeploymentHarness before = breached_v2(100);
  before.pass_time(1s).reconcile();
  const std::size_t writes_before_rollout = before.guard_writes.size();
  before.roll_out().reconcile();
  SECTION("the Rollback succeeded") {
    before.pass_checks_for(6min);
    REQUIRE(before.phase() == RollbackPhase::Succeeded);
    for (std::size_t i = 1; i <= writes_before_rollout; ++i) {
      CAPTURE(i);
      DeploymentHarness harness = before;
      harness.restart_with(before.guard_writes[i - 1]).reconcile().reconcile();
      CHECK(harness.state() == idle(Reason::RolledBack));
      CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
      CHECK(harness.current()->hash == "v1");
      CHECK(harness.restorations == 1);
    }
  }
  SECTION("the Rollback failed") {
    before.fail_three_times();
    REQUIRE(before.phase() == RollbackPhase::Failed);
    for (std::size_t i = 1; i <= writes_before_rollout; ++i) {
      CAPTURE(i);
      DeploymentHarness harness = before;
      harness.restart_with(before.guard_writes[i - 1]).reconcile().reconcile();
      CHECK(harness.state() == frozen(Reason::VerificationFailed));
      CHECK(harness.restorations == 1);
    }
  }
}

TEST_CASE("supersedes a rollback in any phase when a newer template is found after a restart") {
  for (int writes = 0; writes <= 3; ++writes) {
    CAPTURE(writes);
    DeploymentHarness harness = breached_v2(writes);
    const int changes = harness.restorations;
    harness.ship("v3").restart().reconcile();
    CHECK(harness.phase() == RollbackPhase::Superseded);
    CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
    CHECK(harness.state() == evaluating(Reason::RollingOut));
    harness.roll_out().pass_checks_for(11min);
    CHECK(harness.state() == idle(Reason::Good));
    CHECK(harness.restorations == changes);
  }
}

TEST_CASE("waits a second without an action when the watch is behind the live read") {
  DeploymentHarness harness = breached_v2(1);
  harness.restart_with({});
  auto inputs = harness.inputs();
  REQUIRE(inputs.replica_sets.has_value());
  inputs.replica_sets.reset();
  const auto plan = guard::decide(inputs, harness.now);
  CHECK(plan.action.index() == 0);
  CHECK_FALSE(plan.rollback.has_value());
  CHECK(plan.requeue_at == harness.now + 1s);
}

// v2 bakes ── no process for an hour, in which v2 fails ── the next leader
TEST_CASE("requires new results when bakeTime ended while no leader ran") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(5min);
  harness.restart().pass_time(1h).reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  SECTION("the check fails") {
    harness.reconcile_for(10s, {pass("rollout"), fails("health")});
    CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
    harness.reconcile_for(20s, {fails("health")});
    CHECK(harness.deployed_template() == "v1");
  }
  SECTION("the check passes") {
    harness.pass_checks_for(10s);
    CHECK(harness.state() == evaluating(Reason::Baking));
    harness.pass_checks_for(6min);
    CHECK(harness.state() == idle(Reason::Good));
  }
}

TEST_CASE("continues to count consecutive failures when the controller restarts") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(20s, {fails("health")}).restart().reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("rolls back a release that was held before a restart only when its check fails again") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 10min;
  harness.fail_three_times().restart().pass_time(1h).reconcile();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.restorations == 0);
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("stays frozen when the controller restarts") {
  DeploymentHarness harness = breached_v2(100);
  harness.pass_time(1s).reconcile().reconcile_for(10s, {fails_immediately("rollout")});
  REQUIRE(harness.state() == frozen(Reason::RollbackFailed));
  harness.restart().reconcile_for(1h, {pass("rollout"), pass("health")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.restorations == 1);
}

TEST_CASE("remembers a failure from before the release over a restart or a broken policy") {
  DeploymentHarness harness = running_v1();
  harness.pass_time(1h).ship("v2").reconcile();
  api::Measurement baseline_failed = failed_before_release("health");
  baseline_failed.result = api::MeasurementResult::Unknown;
  harness.reconcile({baseline_failed});
  SECTION("a restart") { harness.restart(); }
  SECTION("a broken policy") {
    harness.break_policy().reconcile();
    harness.repair_policy();
  }
  harness.reconcile().roll_out().reconcile().reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AlreadyFailing));
  CHECK(harness.restorations == 0);
}

TEST_CASE("knows after a restart since when a breached release fails") {
  DeploymentHarness harness;
  harness.breaker = {.is_open = true, .message = "too many releases fail"};
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .pass_time(1h)
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")})
      .fail_three_times();
  REQUIRE(harness.state() == held(Reason::BreakerOpen));
  const Time began = *harness.guard.checks[1].first_failure;
  harness.reconcile_for(1h, {fails("health")}).restart();
  CHECK(failing_since(harness.guard, harness.now) == began);
  CHECK_FALSE(failing_since(harness.guard, harness.now + 5min).has_value());
  CHECK_FALSE(counts_as_failing(harness.guard, began, {}, {}, harness.now));
}

// v1 is restored and fails ✗ ── killed, no leader for 30 min ── fails again ✗ ✗
TEST_CASE("waits after a restart for a new result of a check that failed during verification") {
  DeploymentHarness harness = breached_v2(100);
  harness.pass_time(1s).reconcile().roll_out().reconcile();
  harness.policy.spec.checks[0].failure_threshold = 50;
  harness.reconcile_for(5min, {pass("rollout"), fails("health")});
  REQUIRE(harness.state() == verifying(Reason::AwaitingPass));
  harness.restart().pass_time(30min).reconcile();
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.reconcile_for(10min, {pass("rollout"), fails("health")});
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
}

// v2 bakes ✓✓✓ ── killed ── the first result after the restart is unknown
TEST_CASE("does not end a bake as inconclusive for the first unknown results after a restart") {
  DeploymentHarness harness = running_v1();
  harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile();
  harness.reconcile_for(9min, {pass("rollout"), pass("health")});
  harness.restart().pass_time(2min).reconcile({pass("rollout"), unknown("health")});
  CHECK(harness.state() == evaluating(Reason::Baking));
  SECTION("the check passes again") {
    harness.pass_checks_for(3min);
    CHECK(harness.state() == idle(Reason::Good));
  }
  SECTION("more unknown results") {
    harness.reconcile_for(5min, {pass("rollout"), unknown("health")});
    CHECK(harness.state() == evaluating(Reason::Baking));
    harness.reconcile_for(6min, {pass("rollout"), unknown("health")});
    CHECK(harness.state() == idle(Reason::Inconclusive));
  }
}

TEST_CASE("rolls back when a user ends the freeze of a rollback that changed nothing") {
  DeploymentHarness harness = breached_v2(0);
  harness.preflight =
      failed_preflight(Reason::AdmissionDenied, "an admission policy rejects the patch");
  harness.reconcile_for(16min, {fails("health")});
  REQUIRE(harness.state() == frozen(Reason::PatchRejected));
  const std::string first_name = harness.rollback->meta.key.name;
  harness.preflight->ready = api::ConditionStatus::True;
  harness.writes_allowed = 100;
  harness.guard.freeze.reset();
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.rollback->meta.key.name == first_name + "-2");
  CHECK(harness.restorations == 1);
}

// Held AdmissionDenied ── Failed is written ── killed before the guard is written
TEST_CASE("freezes after a restart when the Rollback failed but the guard was not written") {
  DeploymentHarness harness = breached_v2(0);
  harness.preflight =
      failed_preflight(Reason::AdmissionDenied, "an admission policy rejects the patch");
  harness.reconcile_for(14min, {fails("health")});
  const api::GuardStatus before = harness.guard_writes.back();
  REQUIRE(before.state == api::State::Held);
  harness.reconcile_for(2min, {fails("health")});
  REQUIRE(harness.phase() == RollbackPhase::Failed);
  harness.preflight->ready = api::ConditionStatus::True;
  harness.writes_allowed = 100;
  harness.restart_with(before).reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.rollbacks_created == 1);
  CHECK(harness.restorations == 0);
}

TEST_CASE("rolls back when an earlier Rollback of the same name failed without any change") {
  DeploymentHarness harness = breached_v2(0);
  harness.preflight =
      failed_preflight(Reason::AdmissionDenied, "an admission policy rejects the patch");
  harness.reconcile_for(16min, {fails("health")});
  REQUIRE(harness.state() == frozen(Reason::PatchRejected));
  harness.preflight->ready = api::ConditionStatus::True;
  harness.writes_allowed = 100;
  // A manual Rollback has finished since then, so it is the last Rollback.
  harness.rollback->meta.key.name = "manual";
  harness.guard.freeze.reset();
  harness.reconcile_for(2min, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("does not end a verification for one unknown result after a restart") {
  DeploymentHarness harness = breached_v2(100);
  harness.pass_time(1s).reconcile().roll_out().reconcile();
  harness.policy.spec.checks[0].failure_threshold = 50;
  harness.reconcile_for(5min, {pass("rollout"), fails("health")});
  harness.restart().pass_time(30min).reconcile({pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.reconcile({unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
}

TEST_CASE("a Deployment that is evaluated or has a new template comes first after a restart") {
  const api::Deployment deployment{.template_digest = TemplateDigest("v2")};
  const auto guard_with = [](api::State state, const char* digest) {
    return api::DeploymentGuard{.status =
                                    api::GuardStatus{.policy = "RollbackPolicy/web",
                                                     .state = state,
                                                     .template_digest = TemplateDigest(digest)}};
  };
  const auto idle_guard = guard_with(api::State::Idle, "v2");
  CHECK_FALSE(comes_first(deployment, &idle_guard));
  CHECK_FALSE(comes_first(deployment, nullptr));
  const auto held = guard_with(api::State::Held, "v2");
  CHECK(comes_first(deployment, &held));
  const auto old = guard_with(api::State::Idle, "v1");
  CHECK(comes_first(deployment, &old));
}
