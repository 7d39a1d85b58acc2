// The harness of a release, emitted from its first template to its verdict: Idle, Evaluating, Held,
// and how each is left.
#include <catch2/catch.hpp>

#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v1 runs, was presumed good, and is kept.
DeploymentHarness running() {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  return harness;
}

// v2 is shipped over it, rolled out completely, and bakes.
DeploymentHarness baking() {
  DeploymentHarness harness = running();
  harness.pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  return harness;
}

}  // namespace

//  v1 ────────────────────────────▶
//     ▲ first look: complete
TEST_CASE("What runs completely available when first seen is presumed good and is kept") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look();
  CHECK(harness.state() == idle(Reason::PresumedGood));
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  CHECK(harness.action() == ActionKind::CreateSnapshot);
  CHECK(harness.emitted(Reason::PresumedGood) == 1);
  harness.look();
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.guard.last_good->snapshot == "web-v1");
}

//  v1 ▁▂▃▅ first look: scaling up ▇▇▇ bakes ▶ good
TEST_CASE("What is only being scaled up when first seen is judged, not presumed good") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().scale(6).look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK_FALSE(harness.guard.last_good.has_value());
  harness.roll_out().watch_well(11min);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
}

TEST_CASE("A breach of what was never proven is held, because there is nothing to go back to") {
  DeploymentHarness harness;
  harness.ship("v1").half_roll_out().look().pass_time(10s).look({fails_at_once("rollout")});
  CHECK(harness.state() == held(Reason::NoLastGood));
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  harness.pass_time(10s).look({fails_at_once("rollout")});
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
}

//  v1 ──▶ v2 ▁▃▅▇ ── bakes 10m ──▶ good, and the new last good
TEST_CASE("A release that bakes without a breach is good, kept, and the next release's target") {
  DeploymentHarness harness = baking();
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch_well(9min + 50s);
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  harness.watch_well(20s);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.emitted(Reason::ReleaseGood) == 1);
  CHECK(harness.guard.current->snapshot == "web-v2");
  CHECK(harness.guard.last_good->hash == TemplateHash("v2"));
  harness.ship("v3").look();
  CHECK(harness.guard.last_good->hash == TemplateHash("v2"));
}

TEST_CASE("A new watch wakes itself, so that its checks are asked although nothing else happens") {
  DeploymentHarness harness = running();
  harness.ship("v2").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.requeue_at() == Duration{0});
}

TEST_CASE("A template whose ReplicaSet is not there yet is looked for again in a second") {
  DeploymentHarness harness = running();
  harness.ship_without_set("v2").look();
  CHECK(harness.state() == idle(Reason::WaitingForReplicaSet));
  CHECK(harness.requeue_at() == Duration{1s});
  harness.pass_time(1s).ship("v2").look();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

//  v1 ──▶ v2 ✗✗✗ ──▶ v1
TEST_CASE("Three failures in a row are a breach, and v1 is put back") {
  DeploymentHarness harness = baking();
  harness.watch(20s, {fails("health")});
  CHECK(harness.state() == evaluating(Reason::CheckFailing));
  CHECK(harness.emitted(Reason::CheckFailing) == 1);
  harness.watch(10s, {fails("health")});
  CHECK(harness.state() == rolling_back(Reason::WrongStatus));
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.template_changes == 1);
}

TEST_CASE("A pass between failures begins the row again") {
  DeploymentHarness harness = baking();
  harness.watch(20s, {fails("health")}).watch(10s, {pass("health")}).watch(20s, {fails("health")});
  CHECK(harness.state() == evaluating(Reason::CheckFailing));
  CHECK(harness.template_changes == 0);
}

//  v2 bakes while its only answers are "unknown"
TEST_CASE(
    "A release that never got an answer ends its bake as unjudged: current, but never a target") {
  DeploymentHarness harness = baking();
  harness.watch(11min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::Inconclusive));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Inconclusive});
  CHECK(harness.emitted(Reason::ReleaseInconclusive) == 1);
  CHECK(harness.guard.last_good->hash == TemplateHash("v1"));
  harness.ship("v3").look().roll_out().look().fail_thrice();
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.verdict("v2") == RevisionVerdict::Inconclusive);
}

TEST_CASE("A check that is asked less often than the bake lasts has two turns to answer") {
  DeploymentHarness harness = running();
  harness.policy.spec.bake_time = 1min;
  harness.policy.spec.checks[0].interval = 5min;
  harness.ship("v2").look().roll_out().look({pass("rollout")});
  CHECK(harness.requeue_at() == Duration{1min});
  harness.watch(4min, {pass("rollout")});
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("Nothing is called unjudged as long as a check has not been asked at all") {
  DeploymentHarness harness = baking();
  harness.watch(1h, {pass("rollout")});
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

//  v2 bakes, and is scaled up in the middle of it
TEST_CASE("Scaling up during the bake neither loses nor wins anything") {
  DeploymentHarness harness = baking();
  harness.watch_well(5min).scale(6).watch_well(4min);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch_well(2min);
  CHECK(harness.state() == evaluating(Reason::AwaitingReplicas));
  CHECK(harness.emitted(Reason::ReleaseSeen) == 1);
  harness.roll_out().watch_well(10s);
  CHECK(harness.state() == idle(Reason::Good));
}

//  v2 bakes ──▶ v3 before the end
TEST_CASE("A newer template begins a new watch, and what it replaced was never good") {
  DeploymentHarness harness = baking();
  harness.watch_well(5min).ship("v3").look();
  CHECK(harness.verdict("v2") == RevisionVerdict::Superseded);
  CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
  harness.roll_out().look().fail_thrice();
  CHECK(harness.on_deployment() == "v1");
}

//  v1 good, v2 good, then by hand v1 again, and v3 before v1 has baked again
TEST_CASE("A good revision shipped again and replaced before it baked again is still good") {
  DeploymentHarness harness = baking();
  harness.watch_well(11min).ship("v1").look().roll_out().watch_well(1min).ship("v3").look();
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK(harness.verdict("v2") == RevisionVerdict::Good);
}

TEST_CASE(
    "A good revision that is shipped again is kept again when it has baked, since what was kept "
    "may be gone") {
  DeploymentHarness harness = baking();
  harness.watch_well(11min).ship("v1").look();
  CHECK(harness.guard.current->snapshot.empty());
  harness.roll_out().look({pass("rollout")}).watch_well(10min);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
  CHECK(harness.action() == ActionKind::CreateSnapshot);
}

//  breach while paused-until ──▶ Held ──▶ the time comes ──▶ RollingBack
TEST_CASE("A hold that ends by itself wakes itself, and the rollback begins then") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 31s;
  harness.fail_thrice();
  CHECK(harness.state() == held(Reason::PausedUntil));
  CHECK(harness.requeue_at() == Duration{1s});
  CHECK(harness.action() == ActionKind::None);
  harness.pass_time(1s).look();
  CHECK(harness.state() == rolling_back(Reason::WrongStatus));
  CHECK(harness.action() == ActionKind::StartRollback);
}

TEST_CASE(
    "A breach that ends while it is held is judged on, and is good when it has baked anew without "
    "one") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_thrice();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Breached});
  harness.watch_well(10s);
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.emitted(Reason::BreachEnded) == 1);
  harness.watch_well(9min + 50s);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch_well(20s);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("A held release that is replaced is left, and the new one is watched") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_thrice().ship("v3").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.verdict("v2") == RevisionVerdict::Breached);
  CHECK(harness.emitted(Reason::ReleaseSuperseded) == 1);
}

//  breach, then silence for an hour behind a hold, then the hold ends
TEST_CASE("A breach that was not seen lately is not acted upon until the check fails again") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_thrice().watch(2h, {unknown("health")});
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.template_changes == 0);
  SECTION("it fails: it is rolled back") {
    harness.watch(10s, {fails("health")});
    CHECK(harness.on_deployment() == "v1");
  }
  SECTION("it passes: it is judged on") {
    harness.watch_well(10s);
    CHECK(harness.state() == evaluating(Reason::Baking));
  }
}

TEST_CASE("A threshold that is raised above the row ends the breach") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_thrice();
  harness.policy.spec.checks[0].failure_threshold = 10;
  harness.look();
  CHECK(harness.state() == evaluating(Reason::CheckFailing));
}

TEST_CASE("The last good revision that a person reads is the current one, when it is good") {
  DeploymentHarness harness = baking();
  CHECK(harness.guard.last_good->hash == TemplateHash("v1"));
  harness.watch_well(11min);
  CHECK(harness.guard.last_good->hash == TemplateHash("v2"));
}

//  v2 asked ─▶ v3 shipped ─▶ v2's answer arrives
TEST_CASE("An answer of the revision before is not held against the one that has replaced it") {
  DeploymentHarness harness = baking();
  harness.ship("v3").roll_out().look({fails_at_once("rollout")});
  CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
  CHECK(harness.guard.checks[0].consecutive_failures == 0);
  CHECK(harness.template_changes == 0);
}

TEST_CASE("A release that is replaced by itself is watched from its beginning") {
  DeploymentHarness harness = baking();
  harness.watch(20s, {fails("health")}).ship("v1").look().ship("v2").look({fails("health")});
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.guard.checks[1].consecutive_failures == 0);
}

TEST_CASE("The clock of a leader that put another release back dates none that comes later") {
  DeploymentHarness harness = baking().fail_thrice();
  harness.pass_time(1s).look().roll_out().look().watch_well(6min);
  REQUIRE(harness.state() == idle(Reason::RolledBack));
  harness.rollback->status.template_restored = harness.now + 2h;
  harness.ship("v3").look();
  CHECK(harness.guard.evaluation_started == harness.now);
}
