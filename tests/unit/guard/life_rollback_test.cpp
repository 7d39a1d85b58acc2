// A rollback seen through: RollingBack, Verifying, Frozen, and what people do meanwhile.
#include <catch2/catch.hpp>

#include "rollback/record.hpp"
#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard::test;

namespace {

// v1 good and kept; v2 breached; v1 is put back and its rollout is under way.
Life rolling_back() {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  return life.pass_time(1s).look();
}

Life verifying() {
  Life life = rolling_back();
  return life.roll_out().pass_time(1s).look();
}

// v2 is breached, and the Rollback is recorded, but nothing is touched yet.
Life pending() {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.steps_allowed = 0;
  life.fail_thrice();
  life.steps_allowed = 100;
  return life;
}

}  // namespace

//  v2 ✗✗✗ ▶ patch ▶ v1 rolls out ▶ verified 5m ▶ Idle
TEST_CASE("A rollback rolls out, is verified by the same checks, and ends as a success") {
  Life life = rolling_back();
  CHECK(life.standing() == "RollingBack RollingOut");
  CHECK(life.verdict("v2") == "RolledBack");
  CHECK(life.told("RolledBack") == 1);
  CHECK(life.told("ReleaseSeen") == 1);
  life.roll_out().pass_time(1s).look();
  CHECK(life.standing() == "Verifying RolledOut");
  CHECK(life.phase() == "Verifying");
  CHECK(life.wake() == Duration{0});
  life.watch_well(4min);
  CHECK(life.standing() == "Verifying RolledOut");
  life.watch_well(2min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.phase() == "Succeeded");
  CHECK(life.current() == "v1 Good");
  CHECK(life.told("RollbackVerified") == 1);
  CHECK(life.template_changes == 1);
}

//  v1 put back ▶ ✗✗✗ ▶ Frozen ▶ v3 ▶ Watching
TEST_CASE("A restored revision that fails too freezes, which only a new template ends") {
  Life life = verifying();
  life.fail_thrice();
  CHECK(life.standing() == "Frozen VerificationFailed");
  CHECK(life.phase() == "Failed");
  CHECK(life.told("RollbackFailed") == 1);
  life.watch_well(1h).scale(6).roll_out().watch_well(1h);
  CHECK(life.standing() == "Frozen VerificationFailed");
  life.ship("v3").look();
  CHECK(life.standing() == "Watching RollingOut");
}

TEST_CASE("A restored revision that does not roll out freezes at once when the rollout check says so") {
  Life life = rolling_back();
  life.watch(10s, {fails_at_once("rollout")});
  CHECK(life.standing() == "Frozen RollbackFailed");
  CHECK(life.phase() == "Failed");
}

TEST_CASE("A restored revision that does not roll out freezes after a quarter of an hour") {
  Life life = rolling_back();
  life.look();
  CHECK(life.wake().value() > Duration{14min});
  life.watch(14min, {unknown("rollout")});
  CHECK(life.standing() == "RollingBack RollingOut");
  life.watch(2min, {unknown("rollout")});
  CHECK(life.standing() == "Frozen RollbackFailed");
}

TEST_CASE("A restoration that gets further has a quarter of an hour from its last progress") {
  Life life = rolling_back();
  const auto progresses = [&](api::Truth truth) {
    life.deployment.conditions = {{.type = "Progressing", .status = truth, .last_update = life.now}};
    life.watch(14min, {unknown("rollout")});
  };
  for (int i = 0; i < 3; ++i) progresses(api::Truth::True);
  CHECK(life.standing() == "RollingBack RollingOut");
  SECTION("then no more") {
    life.watch(2min, {unknown("rollout")});
    CHECK(life.standing() == "Frozen RollbackFailed");
    CHECK(life.guard.message.contains("15m"));
  }
  SECTION("what is said to be without progress is none") {
    progresses(api::Truth::False);
    CHECK(life.standing() == "Frozen RollbackFailed");
  }
  SECTION("nor to its end in an hour, where pods are ready and unready by turns") {
    progresses(api::Truth::True);
    CHECK(life.standing() == "RollingBack RollingOut");
    progresses(api::Truth::True);
    CHECK(life.standing() == "Frozen RollbackFailed");
  }
  SECTION("nor is what is to come") {
    life.deployment.conditions = {{.type = "Progressing", .status = api::Truth::True, .last_update = life.now + 24h}};
    life.watch(2min, {unknown("rollout")});
    CHECK(life.standing() == "Frozen RollbackFailed");
  }
}

TEST_CASE("A restoration that is found complete is no failure, however long nobody looked") {
  Life life = rolling_back();
  life.roll_out().pass_time(24h).look();
  CHECK(life.standing() == "Verifying RolledOut");
}

TEST_CASE("A restoration whose rollout a person pauses has not failed, and has its time again afterwards") {
  Life life = rolling_back();
  life.pause().watch(1h, {unknown("rollout")});
  CHECK(life.standing() == "RollingBack DeploymentPaused");
  life.pause(false).look();
  CHECK(life.standing() == "RollingBack RollingOut");
  life.watch(14min, {});
  CHECK(life.standing() == "RollingBack RollingOut");
  life.watch(2min, {});
  CHECK(life.standing() == "Frozen RollbackFailed");
}

TEST_CASE("A restored revision whose check gives no answer is not called verified, but does not wait for ever") {
  Life life = verifying();
  life.watch(4min, {pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Verifying RolledOut");
  life.watch(2min, {pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.told("RollbackUnverified") == 1);
  CHECK(life.current() == "v1 PresumedGood");
}

TEST_CASE("A restored revision whose check was never asked is verified no sooner than it is asked") {
  Life life = verifying();
  life.watch(1h, {pass("rollout")});
  CHECK(life.standing() == "Verifying AwaitingPass");
  life.watch(10s, {pass("health")});
  CHECK(life.standing() == "Idle RolledBack");
}

TEST_CASE("A release after a rollback goes back to the right one, never to the bad one") {
  Life life = verifying();
  life.watch_well(6min).ship("v3").look().roll_out().look().fail_thrice();
  CHECK(life.on_deployment() == "v1");
  CHECK(life.template_changes == 2);
}

//  v2 was rolled back; a person applies v2 again
TEST_CASE("A template that was rolled back and is applied again is judged afresh") {
  Life life = verifying();
  life.watch_well(6min).ship("v2").look();
  CHECK(life.current() == "v2 Watching");
  CHECK(life.facts.back().note.find("judged afresh") != std::string::npos);
  life.roll_out().look({pass("rollout")});
  SECTION("and is good when it bakes") {
    life.watch_well(11min);
    CHECK(life.current() == "v2 Good");
  }
  SECTION("and is rolled back again when it fails again") {
    life.fail_thrice();
    CHECK(life.template_changes == 2);
    CHECK(life.on_deployment() == "v1");
  }
}

//  patch ▶ v1 ▶ a person applies v2 before we looked
TEST_CASE("The bad template put back by a person right after our patch is their choice: the rollback is superseded") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  REQUIRE(life.on_deployment() == "v1");
  life.ship("v2").look();
  CHECK(life.phase() == "Superseded");
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.current() == "v2 Watching");
  CHECK(life.told("RolledBack") == 1);
  CHECK(life.template_changes == 1);
}

//  Rollback recorded ▶ a person ships v3 before the patch
TEST_CASE("A newer template while the rollback is only recorded supersedes it") {
  Life life = pending();
  REQUIRE(life.phase() == "Pending");
  SECTION("its ReplicaSet is there") { life.ship("v3").look(); }
  SECTION("its ReplicaSet comes later") {
    life.ship_without_set("v3").look();
    CHECK(life.wake() == Duration{1s});
    life.pass_time(1s).ship("v3").look();
  }
  CHECK(life.phase() == "Superseded");
  CHECK(life.current() == "v3 Watching");
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.template_changes == 0);
}

TEST_CASE("The same template put back by a person before us ends our rollback, and is judged as theirs") {
  Life life = pending();
  life.ship("v1").look();
  CHECK(life.phase() == "Superseded");
  CHECK(life.current() == "v1 Watching");
  CHECK(life.verdict("v1") == "PresumedGood");
}

TEST_CASE("A newer template while the restored one is verified begins a new watch") {
  Life life = verifying();
  life.watch_well(1min).ship("v3").look();
  CHECK(life.phase() == "Superseded");
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.verdict("v1") == "PresumedGood");
}

TEST_CASE("Scaling while a rollback is under way changes nothing of it") {
  Life life = rolling_back();
  life.scale(6).look().roll_out().look().watch_well(1min).scale(2).roll_out().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.template_changes == 1);
}

//  create of the Rollback fails
TEST_CASE("A rollback that could not be recorded is tried again, and told once") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  life.can_record = false;
  life.fail_thrice().watch(30s, {fails("health")});
  CHECK(life.standing() == "RollingBack WrongStatus");
  CHECK(life.act() == "StartRollback");
  CHECK(life.told("RollbackStarted") == 1);
  SECTION("it can: it is done") {
    life.can_record = true;
    life.watch(10s, {fails("health")});
    CHECK(life.on_deployment() == "v1");
  }
  SECTION("the check passes before it can: nothing is done") {
    life.can_record = true;
    life.watch(10s, {pass("rollout"), pass("health")});
    CHECK(life.standing() == "Watching Baking");
    CHECK(life.template_changes == 0);
  }
  SECTION("a newer template comes: what was seen of the older one is not held against it") {
    life.can_record = true;
    life.ship_without_set("v3").look();
    CHECK(life.act().empty());
    life.ship("v3").look();
    CHECK(life.current() == "v3 Watching");
    CHECK(life.template_changes == 0);
  }
}

TEST_CASE("A rollback that can never be done, as its template is lost, freezes and says so") {
  Life life = pending();
  life.rollback->status.phase = api::RollbackPhase::Failed;
  life.rollback->status.message = "ControllerRevision web-v1 does not exist";
  life.look();
  CHECK(life.standing() == "Frozen RollbackFailed");
  CHECK(life.told("RollbackFailed") == 1);
  CHECK(life.verdict("v2") == "Breached");
}

TEST_CASE("What carrying out came to is looked at again within a second") {
  Life life = pending();
  CHECK(life.wake() == Duration{1s});
  life.pass_time(1s).look();
  CHECK(life.act() == "CarryOutRollback");
  CHECK(life.wake() == Duration{1s});
}

TEST_CASE("A release is rolled back once at most, also when scaling gave it another generation") {
  Life life = pending();
  life.rollback->status.phase = api::RollbackPhase::Refused;
  life.look();
  CHECK(life.standing() == "Held AlreadyRolledBack");
  life.scale(6).roll_out().watch(1min, {fails("health")});
  CHECK(life.standing() == "Held AlreadyRolledBack");
  CHECK(life.records == 1);
}

TEST_CASE("A failure of the bad revision that arrives after the patch is not held against the restored one") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  REQUIRE(life.on_deployment() == "v1");
  life.look({fails_at_once("rollout")});
  CHECK(life.standing() == "RollingBack RollingOut");
  CHECK(life.current() == "v1 PresumedGood");
}

TEST_CASE("An answer of before our patch is not held against the bad template that a person has put back since") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  REQUIRE(life.on_deployment() == "v1");
  life.ship("v2").pass_time(1s).look({fails_at_once("rollout")});
  CHECK(life.current() == "v2 Watching");
  CHECK(life.guard.checks[0].failures == 0);
}

TEST_CASE("A restored revision that lacks a replica is waited for in those words, and not for ever") {
  Life life = verifying();
  life.deployment.available_replicas -= 1;
  life.watch_well(6min);
  CHECK(life.standing() == "Verifying AwaitingReplicas");
  life.watch_well(15min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.rollback->status.message.ends_with("is not verified: not every replica is available"));
  CHECK(life.told("RollbackUnverified") == 1);
}

TEST_CASE("A restored revision whose check failed once and then fell silent is not waited for without an end") {
  Life life = verifying();
  life.look({fails("health")}).watch(6min, {pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Verifying AwaitingPass");
  life.watch(15min, {pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.rollback->status.message.ends_with("is not verified: a check that failed was not answered again"));
}

//  v2 ✗✗✗ ▶ patch ▶ v2 again by a tool, before anybody looked
TEST_CASE("A tool that puts the bad template back before that is seen is counted all the same") {
  Life life = rolling_back();
  life.ship("v2").roll_out();
  life.author = machine;
  life.rollback->status =
      rollback::advance(life.rollback->status, api::RollbackPhase::Superseded, "the template has changed since", life.now);
  life.guard.current = life.rollback->spec.from;
  life.guard.template_digest = TemplateDigest("v2");
  life.pass_time(1s).look();
  CHECK(life.verdict("v2") == "Watching");
  CHECK(life.told("RolledBack") == 1);
  CHECK(life.guard.contests.size() == 1);
  CHECK(life.guard.rollbacks.size() == 1);
  CHECK(life.standing() == "Watching Baking");
  life.watch(30s, {fails("health")});
  CHECK(life.told("RolledBack") == 1);
}

TEST_CASE("A restored revision at which nobody can look is waited for without haste") {
  Life life = verifying();
  for (int i = 0; i < 30; ++i) {
    life.pass_time(1min).look();
    CHECK(life.wake().value_or(Duration{1h}) > Duration{0});
  }
  CHECK(life.standing() == "Verifying AwaitingPass");
  life.watch_well(10s);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.told("RollbackVerified") == 1);
}

TEST_CASE("A restored revision that fails slowly is no success: it is judged until it passes or is breached") {
  Life life = verifying();
  life.guarding.spec.checks[0].failure_threshold = 150;
  life.watch(24min, {pass("rollout"), fails("health")});
  CHECK(life.guard.state == api::State::Verifying);
  life.watch(2min, {pass("rollout"), fails("health")});
  CHECK(life.standing() == "Frozen VerificationFailed");
}

TEST_CASE("The rollout check has two turns too before it is called silent") {
  Life life = verifying();
  life.guarding.spec.verify_for = 2s;
  life.guarding.spec.checks.clear();
  api::Sample early = unknown("rollout");
  life.look({early}).pass_time(2s).look({early});
  CHECK(life.guard.state == api::State::Verifying);
  life.pass_time(1s).look({pass("rollout")});
  CHECK(life.told("RollbackVerified") == 1);
}

TEST_CASE("A template that was put back by a leader whose clock goes before ours is a contest once") {
  Life life = rolling_back();
  life.ship("v2").roll_out();
  life.author = machine;
  life.rollback->status =
      rollback::advance(life.rollback->status, api::RollbackPhase::Superseded, "the template has changed since", life.now);
  life.rollback->status.template_restored = life.now + 5s;
  life.guard.current = life.rollback->spec.from;
  life.guard.template_digest = TemplateDigest("v2");
  for (int i = 0; i < 4; ++i) life.pass_time(1s).look();
  CHECK(life.guard.contests.size() == 1);
  CHECK(life.guard.state == api::State::Watching);
}
