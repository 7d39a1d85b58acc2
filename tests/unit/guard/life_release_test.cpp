// The life of a release, told from its first template to its verdict: Idle, Watching, Held, and how each is left.
#include <catch2/catch.hpp>

#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard::test;

namespace {

// v1 runs, was presumed good, and is kept.
Life running() {
  Life life;
  life.ship("v1").roll_out().look().look();
  return life;
}

// v2 is shipped over it, rolled out completely, and bakes.
Life baking() {
  Life life = running();
  life.pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  return life;
}

}  // namespace

//  v1 ────────────────────────────▶
//     ▲ first look: complete
TEST_CASE("What runs completely available when first seen is presumed good and is kept") {
  Life life;
  life.ship("v1").roll_out().look();
  CHECK(life.standing() == "Idle PresumedGood");
  CHECK(life.current() == "v1 PresumedGood");
  CHECK(life.act() == "KeepRevision");
  CHECK(life.told("PresumedGood") == 1);
  life.look();
  CHECK(life.act().empty());
  CHECK(life.guard.last_good->kept_as == "web-v1");
}

//  v1 ▁▂▃▅ first look: scaling up ▇▇▇ bakes ▶ good
TEST_CASE("What is only being scaled up when first seen is judged, not presumed good") {
  Life life;
  life.ship("v1").roll_out().scale(6).look();
  CHECK(life.standing() == "Watching RollingOut");
  CHECK_FALSE(life.guard.last_good.has_value());
  life.roll_out().watch_well(11min);
  CHECK(life.current() == "v1 Good");
}

TEST_CASE("A breach of what was never proven is held, because there is nothing to go back to") {
  Life life;
  life.ship("v1").half_roll_out().look().pass_time(10s).look({fails_at_once("rollout")});
  CHECK(life.standing() == "Held NoLastGood");
  CHECK(life.told("RollbackHeld") == 1);
  life.pass_time(10s).look({fails_at_once("rollout")});
  CHECK(life.told("RollbackHeld") == 1);
}

//  v1 ──▶ v2 ▁▃▅▇ ── bakes 10m ──▶ good, and the new last good
TEST_CASE("A release that bakes without a breach is good, kept, and the next release's target") {
  Life life = baking();
  CHECK(life.standing() == "Watching Baking");
  life.watch_well(9min + 50s);
  CHECK(life.current() == "v2 Watching");
  life.watch_well(20s);
  CHECK(life.standing() == "Idle Good");
  CHECK(life.told("ReleaseGood") == 1);
  CHECK(life.guard.current->kept_as == "web-v2");
  CHECK(life.guard.last_good->hash == TemplateHash("v2"));
  life.ship("v3").look();
  CHECK(life.guard.last_good->hash == TemplateHash("v2"));
}

TEST_CASE("A new watch wakes itself, so that its checks are asked although nothing else happens") {
  Life life = running();
  life.ship("v2").look();
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.wake() == Duration{0});
}

TEST_CASE("A template whose ReplicaSet is not there yet is looked for again in a second") {
  Life life = running();
  life.ship_without_set("v2").look();
  CHECK(life.standing() == "Idle WaitingForReplicaSet");
  CHECK(life.wake() == Duration{1s});
  life.pass_time(1s).ship("v2").look();
  CHECK(life.current() == "v2 Watching");
}

//  v1 ──▶ v2 ✗✗✗ ──▶ v1
TEST_CASE("Three failures in a row are a breach, and v1 is put back") {
  Life life = baking();
  life.watch(20s, {fails("health")});
  CHECK(life.standing() == "Watching CheckFailing");
  CHECK(life.told("CheckFailing") == 1);
  life.watch(10s, {fails("health")});
  CHECK(life.standing() == "RollingBack WrongStatus");
  CHECK(life.on_deployment() == "v1");
  CHECK(life.template_changes == 1);
}

TEST_CASE("A pass between failures begins the row again") {
  Life life = baking();
  life.watch(20s, {fails("health")}).watch(10s, {pass("health")}).watch(20s, {fails("health")});
  CHECK(life.standing() == "Watching CheckFailing");
  CHECK(life.template_changes == 0);
}

//  v2 bakes while its only answers are "unknown"
TEST_CASE("A release that never got an answer ends its bake as unjudged: current, but never a target") {
  Life life = baking();
  life.watch(11min, {pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Idle Unjudged");
  CHECK(life.current() == "v2 Unjudged");
  CHECK(life.told("ReleaseUnjudged") == 1);
  CHECK(life.guard.last_good->hash == TemplateHash("v1"));
  life.ship("v3").look().roll_out().look().fail_thrice();
  CHECK(life.on_deployment() == "v1");
  CHECK(life.verdict("v2") == "Unjudged");
}

TEST_CASE("A check that is asked less often than the bake lasts has two turns to answer") {
  Life life = running();
  life.guarding.spec.bake_time = 1min;
  life.guarding.spec.checks[0].interval = 5min;
  life.ship("v2").look().roll_out().look({pass("rollout")});
  CHECK(life.wake() == Duration{1min});
  life.watch(4min, {pass("rollout")});
  CHECK(life.standing() == "Watching Baking");
  life.watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Idle Good");
}

TEST_CASE("Nothing is called unjudged as long as a check has not been asked at all") {
  Life life = baking();
  life.watch(1h, {pass("rollout")});
  CHECK(life.current() == "v2 Watching");
}

//  v2 bakes, and is scaled up in the middle of it
TEST_CASE("Scaling up during the bake neither loses nor wins anything") {
  Life life = baking();
  life.watch_well(5min).scale(6).watch_well(4min);
  CHECK(life.standing() == "Watching Baking");
  life.watch_well(2min);
  CHECK(life.standing() == "Watching AwaitingReplicas");
  CHECK(life.told("ReleaseSeen") == 1);
  life.roll_out().watch_well(10s);
  CHECK(life.standing() == "Idle Good");
}

//  v2 bakes ──▶ v3 before the end
TEST_CASE("A newer template begins a new watch, and what it replaced was never good") {
  Life life = baking();
  life.watch_well(5min).ship("v3").look();
  CHECK(life.verdict("v2") == "Superseded");
  CHECK(life.current() == "v3 Watching");
  life.roll_out().look().fail_thrice();
  CHECK(life.on_deployment() == "v1");
}

//  v1 good, v2 good, then by hand v1 again, and v3 before v1 has baked again
TEST_CASE("A good revision shipped again and replaced before it baked again is still good") {
  Life life = baking();
  life.watch_well(11min).ship("v1").look().roll_out().watch_well(1min).ship("v3").look();
  CHECK(life.verdict("v1") == "PresumedGood");
  CHECK(life.verdict("v2") == "Good");
}

TEST_CASE("A good revision that is shipped again is kept again when it has baked, since what was kept may be gone") {
  Life life = baking();
  life.watch_well(11min).ship("v1").look();
  CHECK(life.guard.current->kept_as.empty());
  life.roll_out().look({pass("rollout")}).watch_well(10min);
  CHECK(life.current() == "v1 Good");
  CHECK(life.act() == "KeepRevision");
}

//  breach while paused-until ──▶ Held ──▶ the time comes ──▶ RollingBack
TEST_CASE("A hold that ends by itself wakes itself, and the rollback begins then") {
  Life life = baking();
  life.guarding.pause_until = life.now + 31s;
  life.fail_thrice();
  CHECK(life.standing() == "Held PausedUntil");
  CHECK(life.wake() == Duration{1s});
  CHECK(life.act().empty());
  life.pass_time(1s).look();
  CHECK(life.standing() == "RollingBack WrongStatus");
  CHECK(life.act() == "StartRollback");
}

TEST_CASE("A breach that ends while it is held is judged on, and is good when it has baked anew without one") {
  Life life = baking();
  life.guarding.pause_until = life.now + 1h;
  life.fail_thrice();
  CHECK(life.current() == "v2 Breached");
  life.watch_well(10s);
  CHECK(life.standing() == "Watching Baking");
  CHECK(life.current() == "v2 Watching");
  CHECK(life.told("BreachEnded") == 1);
  life.watch_well(9min + 50s);
  CHECK(life.standing() == "Watching Baking");
  life.watch_well(20s);
  CHECK(life.standing() == "Idle Good");
}

TEST_CASE("A held release that is replaced is left, and the new one is watched") {
  Life life = baking();
  life.guarding.pause_until = life.now + 1h;
  life.fail_thrice().ship("v3").look();
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.verdict("v2") == "Breached");
  CHECK(life.told("ReleaseSuperseded") == 1);
}

//  breach, then silence for an hour behind a hold, then the hold ends
TEST_CASE("A breach that was not seen lately is not acted upon until the check fails again") {
  Life life = baking();
  life.guarding.pause_until = life.now + 1h;
  life.fail_thrice().watch(2h, {unknown("health")});
  CHECK(life.standing() == "Held Unconfirmed");
  CHECK(life.template_changes == 0);
  SECTION("it fails: it is rolled back") {
    life.watch(10s, {fails("health")});
    CHECK(life.on_deployment() == "v1");
  }
  SECTION("it passes: it is judged on") {
    life.watch_well(10s);
    CHECK(life.standing() == "Watching Baking");
  }
}

TEST_CASE("A threshold that is raised above the row ends the breach") {
  Life life = baking();
  life.guarding.pause_until = life.now + 1h;
  life.fail_thrice();
  life.guarding.spec.checks[0].failure_threshold = 10;
  life.look();
  CHECK(life.standing() == "Watching CheckFailing");
}

TEST_CASE("The last good revision that a person reads is the current one, when it is good") {
  Life life = baking();
  CHECK(life.guard.last_good->hash == TemplateHash("v1"));
  life.watch_well(11min);
  CHECK(life.guard.last_good->hash == TemplateHash("v2"));
}

//  v2 asked ─▶ v3 shipped ─▶ v2's answer arrives
TEST_CASE("An answer of the revision before is not held against the one that has replaced it") {
  Life life = baking();
  life.ship("v3").roll_out().look({fails_at_once("rollout")});
  CHECK(life.current() == "v3 Watching");
  CHECK(life.guard.checks[0].failures == 0);
  CHECK(life.template_changes == 0);
}

TEST_CASE("A release that is replaced by itself is watched from its beginning") {
  Life life = baking();
  life.watch(20s, {fails("health")}).ship("v1").look().ship("v2").look({fails("health")});
  CHECK(life.current() == "v2 Watching");
  CHECK(life.guard.checks[1].failures == 0);
}

TEST_CASE("The clock of a leader that put another release back dates none that comes later") {
  Life life = baking().fail_thrice();
  life.pass_time(1s).look().roll_out().look().watch_well(6min);
  REQUIRE(life.standing() == "Idle RolledBack");
  life.rollback->status.template_restored = life.now + 2h;
  life.ship("v3").look();
  CHECK(life.guard.watch_started == life.now);
}
