// The process ends between any two writes; the next one has the guard as it was written at some
// earlier point, or none at all, and the Rollback object as it stands. The end is always the same:
// one rollback, one template change by us.
#include <catch2/catch.hpp>

#include "guard/breaker.hpp"
#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

DeploymentHarness breached(int steps_allowed) {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.steps_allowed = steps_allowed;
  return harness.fail_thrice();
}

// However far the one before came, the next leader brings it to this end.
void check_end(DeploymentHarness& harness) {
  CAPTURE(harness.state(), harness.phase(), harness.events.size());
  // Where nothing is touched yet, the release goes on failing: it is put back once that is seen.
  harness.look();
  if (harness.on_deployment() == "v2") harness.fail_thrice();
  harness.watch(30s, {}).roll_out().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.template_changes == 1);
  CHECK(harness.records == 1);
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
  CHECK(harness.guard.last_good->snapshot == "web-v1");
}

}  // namespace

//  written: g0 ─ g1 ─ g2 ─ ... ─ gn          steps:  record │ patch │ status │ ownership │
//           └──── any of these ────┘                        ▲ killed behind any of these
TEST_CASE(
    "Killed behind any write, with the guard of any earlier moment, the next leader ends with one "
    "rollback") {
  for (int steps = 0; steps <= 3; ++steps) {
    const DeploymentHarness before = breached(steps);
    REQUIRE(before.records == 1);
    for (std::size_t i = 0; i <= before.persisted.size(); ++i) {
      CAPTURE(steps, i);
      DeploymentHarness harness = before;
      harness.restart_with(i == 0 ? api::GuardStatus{} : before.persisted[i - 1]);
      check_end(harness);
    }
  }
}

TEST_CASE(
    "Killed while it is verified, with the guard of any earlier moment, the end is the same") {
  DeploymentHarness before = breached(100);
  before.pass_time(1s).look().roll_out().look().watch_well(2min);
  REQUIRE(before.phase() == RollbackPhase::Verifying);
  for (std::size_t i = 0; i <= before.persisted.size(); ++i) {
    CAPTURE(i);
    DeploymentHarness harness = before;
    harness.restart_with(i == 0 ? api::GuardStatus{} : before.persisted[i - 1]);
    check_end(harness);
  }
}

TEST_CASE("The guard's last write was lost, the Rollback's was not: it is believed") {
  DeploymentHarness before = breached(100);
  before.pass_time(1s).look();
  const std::size_t known = before.persisted.size();
  before.roll_out().look();
  SECTION("it succeeded") {
    before.watch_well(6min);
    REQUIRE(before.phase() == RollbackPhase::Succeeded);
    for (std::size_t i = 1; i <= known; ++i) {
      CAPTURE(i);
      DeploymentHarness harness = before;
      harness.restart_with(before.persisted[i - 1]).look().look();
      CHECK(harness.state() == idle(Reason::RolledBack));
      CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
      CHECK(harness.current()->hash == "v1");
      CHECK(harness.template_changes == 1);
    }
  }
  SECTION("it failed") {
    before.fail_thrice();
    REQUIRE(before.phase() == RollbackPhase::Failed);
    for (std::size_t i = 1; i <= known; ++i) {
      CAPTURE(i);
      DeploymentHarness harness = before;
      harness.restart_with(before.persisted[i - 1]).look().look();
      CHECK(harness.state() == frozen(Reason::RollbackFailed));
      CHECK(harness.template_changes == 1);
    }
  }
}

TEST_CASE("A newer template than the record's, found after a restart, supersedes it at any phase") {
  for (int steps = 0; steps <= 3; ++steps) {
    CAPTURE(steps);
    DeploymentHarness harness = breached(steps);
    const int changes = harness.template_changes;
    harness.ship("v3").restart().look();
    CHECK(harness.phase() == RollbackPhase::Superseded);
    CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
    CHECK(harness.state() == evaluating(Reason::RollingOut));
    harness.roll_out().watch_well(11min);
    CHECK(harness.state() == idle(Reason::Good));
    CHECK(harness.template_changes == changes);
  }
}

TEST_CASE("Where the watch is behind what was read, nothing is gone on with yet") {
  DeploymentHarness harness = breached(1);
  harness.restart_with({});
  auto inputs = harness.inputs();
  REQUIRE(inputs.replica_sets.has_value());
  inputs.replica_sets.reset();
  const auto plan = guard::decide(inputs, harness.now);
  CHECK(plan.action.index() == 0);
  CHECK_FALSE(plan.rollback.has_value());
  CHECK(plan.requeue_at == harness.now + 1s);
}

//  bakes ── process gone for an hour, in which it fails ── back
TEST_CASE("A bake that ended while nobody looked is decided by what is seen now") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .watch_well(5min);
  harness.restart().pass_time(1h).look();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  SECTION("it fails: it is not good") {
    harness.watch(10s, {pass("rollout"), fails("health")});
    CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
    harness.watch(20s, {fails("health")});
    CHECK(harness.on_deployment() == "v1");
  }
  SECTION("it passes: it is good") {
    harness.watch_well(10s);
    CHECK(harness.state() == idle(Reason::Good));
  }
}

TEST_CASE("Failures in a row are counted on over a restart") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  harness.watch(20s, {fails("health")}).restart().watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("A breach that was held before a restart is acted upon only when it is seen again") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  harness.policy.pause_until = harness.now + 10min;
  harness.fail_thrice().restart().pass_time(1h).look();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.template_changes == 0);
  harness.watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("A rollback that failed stays frozen over a restart") {
  DeploymentHarness harness = breached(100);
  harness.pass_time(1s).look().watch(10s, {fails_at_once("rollout")});
  REQUIRE(harness.state() == frozen(Reason::RollbackFailed));
  harness.restart().watch(1h, {pass("rollout"), pass("health")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.template_changes == 1);
}

TEST_CASE(
    "What failed before the release had a pod is remembered over a restart and over a policy that "
    "cannot be read") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look();
  api::Measurement before = fails_as_before("health", true);
  before.result = api::MeasurementResult::Unknown;
  harness.look({before});
  SECTION("a restart") { harness.restart(); }
  SECTION("a policy that cannot be read") {
    harness.break_policy().look();
    harness.policy = web_policy();
  }
  harness.look().roll_out().look().watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AlreadyFailing));
  CHECK(harness.template_changes == 0);
}

TEST_CASE(
    "A restart does not make the fleet look well: what was breached counts as failing until it is "
    "seen") {
  DeploymentHarness harness;
  harness.breaker = {.is_open = true, .message = "too many"};
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .pass_time(1h)
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice();
  REQUIRE(harness.state() == held(Reason::BreakerOpen));
  harness.watch(1h, {fails("health")}).restart();
  CHECK(guard::is_troubled(harness.guard, {}, {}, harness.now));
  CHECK_FALSE(guard::is_troubled(harness.guard, {}, {}, harness.now + 5min));
}

//  v1 put back, fails ✗ ... killed, and nobody leads for 20 min ... asked again ✗ ✗      it is no
//  success
TEST_CASE(
    "What failed while it was verified is asked again after a restart before anything is said of "
    "it") {
  DeploymentHarness harness = breached(100);
  harness.pass_time(1s).look().roll_out().look();
  harness.policy.spec.checks[0].failure_threshold = 50;
  harness.watch(5min, {pass("rollout"), fails("health")});
  REQUIRE(harness.state() == verifying(Reason::AwaitingPass));
  harness.restart().pass_time(30min).look();
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.watch(10min, {pass("rollout"), fails("health")});
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
}

//  bakes ✓✓✓ killed ... the first answer afterwards is none
TEST_CASE("What had passed before a restart is not called silent for one missing answer") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look();
  harness.watch(9min, {pass("rollout"), pass("health")});
  harness.restart().pass_time(2min).look({pass("rollout"), unknown("health")});
  CHECK(harness.state() == evaluating(Reason::Baking));
  SECTION("and is good once it passes again") {
    harness.look({pass("health")});
    CHECK(harness.state() == idle(Reason::Good));
  }
  SECTION("but for two it is") {
    harness.look({unknown("health")});
    CHECK(harness.state() == idle(Reason::Inconclusive));
  }
}

TEST_CASE(
    "Failed before anything was touched, a release may be put back when a person has ended the "
    "freeze") {
  DeploymentHarness harness = breached(0);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::AdmissionDenied,
                                     .message = "a policy says no"};
  harness.watch(16min, {fails("health")});
  REQUIRE(harness.state() == frozen(Reason::PatchRejected));
  const std::string first = harness.rollback->meta.key.name;
  harness.preflight->ready = api::ConditionStatus::True;
  harness.steps_allowed = 100;
  harness.guard.freeze.reset();
  harness.watch(1min, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.rollback->meta.key.name == first + "-2");
  CHECK(harness.template_changes == 1);
}

//  Held Refused ---- Failed is written, and the process dies before the guard is
TEST_CASE(
    "A Rollback that was given up is frozen although the guard was not written, and is not tried "
    "under another name") {
  DeploymentHarness harness = breached(0);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::AdmissionDenied,
                                     .message = "a policy says no"};
  harness.watch(14min, {fails("health")});
  const api::GuardStatus before = harness.persisted.back();
  REQUIRE(before.state == api::State::Held);
  harness.watch(2min, {fails("health")});
  REQUIRE(harness.phase() == RollbackPhase::Failed);
  harness.preflight->ready = api::ConditionStatus::True;
  harness.steps_allowed = 100;
  harness.restart_with(before).watch(1min, {fails("health")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.records == 1);
  CHECK(harness.template_changes == 0);
}

TEST_CASE("An older Rollback of the same name that failed untouched is no answer to a new one") {
  DeploymentHarness harness = breached(0);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::AdmissionDenied,
                                     .message = "a policy says no"};
  harness.watch(16min, {fails("health")});
  REQUIRE(harness.state() == frozen(Reason::PatchRejected));
  harness.preflight->ready = api::ConditionStatus::True;
  harness.steps_allowed = 100;
  // A rollback by hand has come and gone since, so that the last record is another one.
  harness.rollback->meta.key.name = "by-hand";
  harness.guard.freeze.reset();
  harness.watch(2min, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("One turn without an answer after a restart ends no verification of what had failed") {
  DeploymentHarness harness = breached(100);
  harness.pass_time(1s).look().roll_out().look();
  harness.policy.spec.checks[0].failure_threshold = 50;
  harness.watch(5min, {pass("rollout"), fails("health")});
  harness.restart().pass_time(30min).look({pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.look({unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
}
