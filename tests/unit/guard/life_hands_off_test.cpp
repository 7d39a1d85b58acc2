// What people say must be left alone is left alone, in every state: opted out, broken, paused, suspended, scaled to zero,
// deleted.
#include <catch2/catch.hpp>

#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard::test;

namespace {

Life running() {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h);
  return life;
}

Life baking() {
  Life life = running();
  life.ship("v2").look().roll_out().look({pass("rollout")});
  return life;
}

// Recorded, and not touched yet.
Life pending() {
  Life life = baking();
  life.steps_allowed = 0;
  life.fail_thrice();
  life.steps_allowed = 100;
  return life;
}

Life restored() { return baking().fail_thrice().pass_time(1s).look(); }

}  // namespace

TEST_CASE("Opted out while baking: nothing is judged, and opted in again the release is judged from the beginning") {
  Life life = baking();
  life.watch(20s, {fails("health")}).opt_out().watch(1h, {fails("health")});
  CHECK(life.standing() == "Idle NotOptedIn");
  CHECK(life.current() == "none");
  CHECK(life.template_changes == 0);
  life.opt_in().look();
  CHECK(life.standing() == "Watching Baking");
  CHECK(life.current() == "v2 Watching");
  life.watch(20s, {fails("health")});
  CHECK(life.template_changes == 0);
  life.watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Opted out before the Deployment is touched: the Rollback is superseded and never done later") {
  Life life = pending();
  life.opt_out().look();
  CHECK(life.phase() == "Superseded");
  life.pass_time(24h).opt_in().watch_well(11min);
  CHECK(life.template_changes == 0);
  CHECK(life.standing() == "Idle Good");
}

TEST_CASE("Opted out after the template is back: the bad one stays quarantined, and the good one known as good") {
  Life life = restored();
  life.opt_out().look();
  CHECK(life.phase() == "Superseded");
  CHECK(life.verdict("v2") == "RolledBack");
  life.roll_out().opt_in().look();
  CHECK(life.current() == "v1 PresumedGood");
  CHECK(life.told("RolledBack") == 1);
}

TEST_CASE("Opted out and in again, a revision that was breached is judged, not presumed good") {
  Life life = baking();
  life.guarding.pause_until = life.now + 24h;
  life.fail_thrice().opt_out().look().opt_in().look();
  CHECK(life.current() == "v2 Watching");
}

TEST_CASE("A policy that breaks while a release bakes: nothing counts from then, and it bakes anew when it is mended") {
  Life life = baking();
  life.watch_well(9min).break_policy().watch_well(1h);
  CHECK(life.standing() == "Watching PolicyNotFound");
  CHECK(life.told("PolicyNotFound") == 1);
  life.opt_in().watch_well(9min);
  CHECK(life.standing() == "Watching Baking");
  life.watch_well(2min);
  CHECK(life.standing() == "Idle Good");
}

TEST_CASE("A policy that breaks while a release is held lets go of the breach, which must be seen again") {
  Life life = baking();
  life.guarding.pause_until = life.now + 1min;
  life.fail_thrice();
  REQUIRE(life.standing() == "Held PausedUntil");
  life.break_policy().watch(10min, {}).opt_in().look();
  CHECK(life.standing() == "Watching Baking");
  CHECK(life.template_changes == 0);
  life.fail_thrice();
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A policy that breaks while a rollback is under way stops it where it stands, and mended it goes on") {
  Life life = pending();
  SECTION("before the patch") {
    life.break_policy().watch(1h, {});
    CHECK(life.template_changes == 0);
  }
  SECTION("after the patch") {
    life.look().break_policy().roll_out().watch(1h, {});
    CHECK(life.standing() == "RollingBack PolicyNotFound");
  }
  SECTION("while it is verified") {
    life.look().roll_out().look().watch_well(4min).break_policy().watch(1h, {});
    CHECK(life.standing() == "Verifying PolicyNotFound");
  }
  life.opt_in().watch(20s, {});
  // Not touched yet, it must be seen to fail still.
  if (life.on_deployment() == "v2") life.fail_thrice();
  life.watch(20s, {}).roll_out().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.phase() == "Succeeded");
  CHECK(life.template_changes == 1);
}

TEST_CASE("What nothing governs is not ready to be rolled back, and says why") {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look().watch_well(11min);
  const auto ready = [&] { return *api::find_condition(life.guard.conditions, "RollbackReady"); };
  REQUIRE(ready().status == api::Truth::True);
  life.break_policy().look();
  CHECK(ready().status == api::Truth::False);
  CHECK(ready().reason == "PolicyNotFound");
  CHECK(ready().message == "There is none");
  life.opt_out().look();
  CHECK(ready().status == api::Truth::False);
  CHECK(ready().reason == "NotOptedIn");
}

TEST_CASE("A policy that breaks while all is well is said, nothing else happens, and mended it is said again what runs") {
  Life life = running();
  const auto breaks_and_is_mended = [&] {
    const auto [reason, current] = std::pair(life.guard.reason, life.current());
    const int told = life.told("PolicyNotFound");
    life.break_policy().look().look();
    CHECK(life.standing() == "Idle PolicyNotFound");
    CHECK(life.guard.message == "There is none");
    CHECK(life.told("PolicyNotFound") == told + 1);
    life.opt_in().look();
    CHECK(life.standing() == "Idle " + reason);
    CHECK(life.current() == current);
    return life.guard.message;
  };
  SECTION("presumed good") { CHECK(breaks_and_is_mended() == "revision 1 (web-v1) is presumed good and still runs"); }
  SECTION("good") {
    life.ship("v2").look().roll_out().look().watch_well(11min);
    CHECK(breaks_and_is_mended() == "revision 2 (web-v2) is good and still runs");
  }
  SECTION("never judged") {
    life.ship("v2").look().roll_out().look().watch(11min, {pass("rollout"), unknown("health")});
    REQUIRE(life.standing() == "Idle Unjudged");
    CHECK(breaks_and_is_mended() == "revision 2 (web-v2) still runs, but is not called good: not every check gave an answer");
  }
  SECTION("put back") {
    life = restored();
    life.look().roll_out().watch_well(6min);
    REQUIRE(life.standing() == "Idle RolledBack");
    CHECK(breaks_and_is_mended() == life.rollback->status.message);
    SECTION("and by now good on its own") {
      life.ship("v3").look().ship("v1").look().roll_out().look().watch_well(11min);
      REQUIRE(life.standing() == "Idle Good");
      CHECK(breaks_and_is_mended() == "revision 4 (web-v1) is good and still runs");
    }
  }
}

TEST_CASE("A template that is changed while the Deployment is paused is no release before it is resumed, and that is said") {
  Life life = running();
  life.pause().ship_without_set("v2").look();
  CHECK(life.standing() == "Idle DeploymentPaused");
  CHECK(life.guard.message.contains("kubectl rollout resume"));
  CHECK(life.current() == "v1 PresumedGood");
  SECTION("resumed, it is one") {
    life.pause(false).ship("v2").look();
    CHECK(life.standing() == "Watching RollingOut");
  }
  SECTION("taken back, it is said again what runs") {
    life.ship("v1").look();
    CHECK(life.standing() == "Idle PresumedGood");
    CHECK(life.told("ReleaseSeen") == 0);
  }
}

TEST_CASE("Suspended, paused or scaled to zero, a release neither bakes nor is put back, and bakes anew afterwards") {
  Life life = baking();
  life.watch_well(5min);
  const auto resume = GENERATE(0, 1, 2);
  if (resume == 0) life.suspend();
  if (resume == 1) life.pause();
  if (resume == 2) life.scale(0);
  life.watch_well(1h);
  CHECK(life.guard.state == api::State::Watching);
  CHECK(life.current() == "v2 Watching");
  if (resume == 0) life.suspend(false);
  if (resume == 1) life.pause(false);
  if (resume == 2) life.scale(3);
  life.roll_out().watch_well(9min);
  CHECK(life.standing() == "Watching Baking");
  life.watch_well(2min);
  CHECK(life.standing() == "Idle Good");
}

TEST_CASE("A breach on a paused Deployment is held and reported, and acted upon when it is resumed") {
  Life life = baking();
  life.pause().fail_thrice();
  CHECK(life.standing() == "Held DeploymentPaused");
  CHECK(life.told("RollbackHeld") == 1);
  life.pause(false).look();
  CHECK(life.act() == "StartRollback");
}

TEST_CASE("A breach that was held by a suspension must be seen again when it ends") {
  Life life = baking();
  life.guarding.pause_until = life.now + 1min;
  life.fail_thrice().suspend().watch(1h, {});
  CHECK(life.standing() == "Held Suspended");
  life.suspend(false).look();
  CHECK(life.standing() == "Held Unconfirmed");
  CHECK(life.template_changes == 0);
}

TEST_CASE("A rollback that is recorded waits while it may not touch the Deployment") {
  Life life = pending();
  const auto what = GENERATE(0, 1, 2, 3);
  if (what == 0) life.suspend();
  if (what == 1) life.pause();
  if (what == 2) life.scale(0);
  if (what == 3) life.guarding.pause_until = life.now + 1h;
  life.watch(30min, {});
  CHECK(life.guard.state == api::State::Held);
  CHECK(life.template_changes == 0);
  if (what == 0) life.suspend(false);
  if (what == 1) life.pause(false);
  if (what == 2) life.scale(3);
  if (what == 3) {
    CHECK(life.wake().value() <= Duration{30min});
    life.pass_time(30min);
  }
  life.look();
  CHECK(life.standing() == "Held Unconfirmed");
  CHECK(life.template_changes == 0);
  SECTION("and it still fails") {
    life.look({fails("health")});
    CHECK(life.template_changes == 1);
  }
  SECTION("but meanwhile it got well") {
    life.look({pass("health")});
    CHECK(life.phase() == "Superseded");
    life.look();
    CHECK(life.guard.state == api::State::Watching);
    CHECK(life.template_changes == 0);
    const std::string first = life.rollback->meta.key.name;
    if (GENERATE(false, true)) life.restart().look();
    life.fail_thrice();
    CHECK(life.rollback->meta.key.name != first);
    CHECK(life.template_changes == 1);
  }
}

TEST_CASE("While it is suspended nothing is verified by the passing of time") {
  Life life = restored();
  life.roll_out().look().watch_well(4min).suspend().watch(1h, {});
  CHECK(life.standing() == "Verifying Suspended");
  life.suspend(false).watch_well(4min);
  CHECK(life.standing() == "Verifying RolledOut");
  life.watch_well(2min);
  CHECK(life.standing() == "Idle RolledBack");
}

TEST_CASE("What was scaled away while it was verified is verified once every replica is there again, and has its time for that") {
  Life life = restored();
  life.roll_out().look().watch_well(4min).scale(0);
  life.deployment.updated_replicas = life.deployment.available_replicas = life.deployment.status_replicas = 0;
  life.watch(1h, {});
  REQUIRE(life.standing() == "Verifying ScaledToZero");
  life.scale(3).watch(14min, {unknown("rollout"), unknown("health")});
  CHECK(life.standing() == "Verifying AwaitingReplicas");
  CHECK_FALSE(life.guard.rolled_out);
  SECTION("complete, it is verified from then on") {
    life.roll_out().watch_well(4min);
    CHECK(life.standing() == "Verifying RolledOut");
    life.watch_well(2min);
    CHECK(life.standing() == "Idle RolledBack");
  }
  SECTION("never complete, it ends unverified") {
    life.watch(1h, {unknown("rollout"), unknown("health")});
    CHECK(life.standing() == "Idle RolledBack");
    CHECK(life.told("RollbackUnverified") == 1);
  }
  SECTION("what fails meanwhile has failed") {
    life.watch(1min, {fails_at_once("rollout")});
    CHECK(life.standing() == "Frozen VerificationFailed");
  }
}

TEST_CASE("A good revision is not even kept while the policy is suspended, and is kept afterwards") {
  Life life;
  life.suspend().ship("v1").roll_out().look().look();
  CHECK(life.act().empty());
  life.suspend(false).look();
  CHECK(life.act() == "KeepRevision");
}

TEST_CASE("A Deployment that is being deleted is left alone") {
  Life life = pending();
  life.deployment.meta.deleting = true;
  life.watch(1min, {fails("health")});
  CHECK(life.template_changes == 0);
  CHECK(life.act().empty());
}

//  deleted ▶ made again under the same name
TEST_CASE("A Deployment made again under the same name is another one: nothing remembered is true of it") {
  Life life = baking();
  life.fail_thrice();
  REQUIRE(life.records == 1);
  life.recreate().ship("v2").half_roll_out().look();
  CHECK(life.current() == "v2 Watching");
  CHECK(life.verdict("v1") == "forgotten");
  life.watch(1min, {fails_at_once("rollout")});
  CHECK(life.standing() == "Held NoLastGood");
  CHECK(life.template_changes == 1);
}

TEST_CASE("The Rollback of an earlier Deployment of the name is nothing to the new one") {
  Life life = pending();
  const auto left = life.rollback;
  life.recreate().ship("v2").roll_out();
  life.rollback = left;
  life.look();
  CHECK(life.current() == "v2 PresumedGood");
  CHECK_FALSE(life.last.rollback.has_value());
}

TEST_CASE("Nothing answers anything: nothing is done") {
  Life life = baking();
  life.watch(24h, {unknown("rollout"), unknown("health")});
  CHECK(life.template_changes == 0);
  CHECK(life.records == 0);
}

TEST_CASE(
    "What a person asks for while the template has no ReplicaSet is answered: paused it is refused, else it waits in words") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look().watch_well(11min).ship_without_set("v3");
  SECTION("paused") {
    life.pause().ask().look();
    CHECK(life.last.request->phase == api::RollbackPhase::Refused);
    CHECK(life.last.request->message.starts_with("DeploymentPaused: "));
  }
  SECTION("not yet there") {
    life.ask().look();
    CHECK(life.last.request->phase == api::RollbackPhase::Pending);
    CHECK(life.last.request->message == "It waits. The ReplicaSet of the present template does not exist yet");
    CHECK(life.wake().value() >= Duration{1s});
    life.look();
    CHECK_FALSE(life.last.request.has_value());
  }
}
