// A member of a group over time: whom it waits for, and what becomes of it when the others change their minds.
#include <catch2/catch.hpp>

#include "golden.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// "web" is judged; its group has "api" in it, which has called both back and goes first.
Life called() {
  Life life;
  life.guarding.group = "shop";
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.group = {leader("api", {"api", "web"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.pass_time(10s).look();
  REQUIRE(life.phase() == "Pending");
  REQUIRE(life.rollback->spec.caused_by == "api-2-9f");
  return life;
}

// "web" leads, and waits for "db", which goes first.
Life leading() {
  Life life;
  life.guarding.group = "shop";
  life.guarding.group_order = 1;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.group = {member("db")};
  life.group[0].guard.watch_started = life.group[0].guard.current->since = life.now;
  life.fail_thrice().look({fails("health")});
  REQUIRE(life.standing() == "Held GroupOrder");
  return life;
}

// "db" has gone back for "web".
void db_goes_back(Life& life) {
  api::Rollback back;
  back.meta.key.name = "db-2-77aa";
  back.spec.caused_by = life.rollback->meta.key.name;
  back.status.phase = RollbackPhase::Restored;
  back.status.template_restored = life.now;
  life.group[0].rollback = back;
}

// "web" leads, "zoo" comes after it, and a person is to approve.
Life approving() {
  Life life;
  life.guarding.group = "shop";
  life.guarding.spec.mode = api::Mode::Approve;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.group = {member("zoo")};
  life.group[0].guard.watch_started = life.group[0].guard.current->since = life.now;
  life.fail_thrice().look({fails("health")});
  REQUIRE(life.standing() == "Held AwaitingApproval");
  return life;
}

}  // namespace

TEST_CASE("Taken out of the group while it waits, a member stays where it is, and says why") {
  Life life = called();
  life.call = life.group[0].rollback;
  life.guarding.group.clear();
  life.group.clear();
  life.watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.phase() == "Superseded");
  CHECK(life.rollback->status.message ==
        "revision 2 (web-v2) stays: it is in group shop no longer, which Rollback api-2-9f called back");
  CHECK(life.template_changes == 0);
}

TEST_CASE("A member whose call is gone stays where it is, and says why") {
  Life life = called();
  life.group[0].rollback.reset();
  life.watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.phase() == "Superseded");
  CHECK(life.rollback->status.message ==
        "revision 2 (web-v2) stays: Rollback api-2-9f, which called it back, is not there any more");
  CHECK(life.template_changes == 0);
}

//  api: back, done ---- a person rolls it back once more        web waits for approval all the while
TEST_CASE("A member goes back although who called it has been rolled back by hand since") {
  Life life = called();
  life.guarding.pause_until = life.now + 5min;
  life.call = life.group[0].rollback;
  life.call->status.phase = RollbackPhase::Succeeded;
  life.call->status.template_restored = life.now;
  life.group[0].rollback->meta.key.name = "by-hand";
  life.group[0].rollback->spec.group.reset();
  life.group[0].rollback->status.phase = RollbackPhase::Succeeded;
  life.group[0].rollback->status.template_restored = life.now;
  life.group[0].rollback->spec.to.hash = life.group[0].guard.current->hash;
  life.watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held PausedUntil");
  life.watch(5min, {pass("rollout"), pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Who may not be rolled back any more is not called, and is judged on") {
  Life life;
  life.guarding.group = "shop";
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = life.now};
  life.group = {leader("api", {"api", "web"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.group[0].rollback->status.phase = RollbackPhase::Succeeded;
  life.group[0].rollback->status.template_restored = life.now;
  life.watch_well(11min);
  CHECK(life.standing() == "Idle Good");
  CHECK(life.records == 0);
}

TEST_CASE("After a restart a member waits until it has been looked at who called it") {
  Life life = called();
  const GroupMember known = life.group[0];
  life.call = known.rollback;
  life.group = {GroupMember{.deployment = "api"}};
  life.restart().watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held GroupBlocked");
  CHECK(life.template_changes == 0);
  life.group = {known};
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.group[0].rollback->status.template_restored = life.now;
  life.look();
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Whom the others have gone back for goes back too, although it got well by that") {
  Life life = leading();
  db_goes_back(life);
  life.watch(30s, {pass("rollout"), pass("health")});
  CHECK(life.phase() == "Pending");
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.look({pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Before anybody has gone back, who got well calls its group off") {
  Life life = leading();
  life.look({pass("health")});
  CHECK(life.phase() == "Superseded");
  CHECK(life.template_changes == 0);
}

TEST_CASE("What was rolled back once is not called back over and over") {
  Life life = called();
  life.rollback->status.phase = RollbackPhase::Failed;
  life.rollback->status.template_restored = life.now;
  life.server[life.rollback->meta.key.name] = *life.rollback;
  life.look();
  REQUIRE(life.guard.state == api::State::Frozen);
  // A person takes the freeze away, and judges the release again.
  life.guard.freeze.reset();
  life.guard.rollback.clear();
  life.rollback->spec.caused_by = "api-1-9f";
  const int told = life.told("RollbackStarted");
  life.watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.told("RollbackStarted") == told);
  CHECK(life.template_changes == 0);
}

TEST_CASE("A member whose record cannot be written says once that it is put back, and tries again") {
  Life life;
  life.guarding.group = "shop";
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.group = {leader("api", {"api", "web"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.can_record = false;
  life.watch(50s, {pass("rollout")});
  CHECK(life.told("RollbackStarted") == 1);
  CHECK(life.standing() == "RollingBack GroupRolledBack");
  life.can_record = true;
  life.watch(10s, {pass("rollout")});
  CHECK(life.phase() == "Pending");
}

TEST_CASE("Shipped anew at the moment of the call, a member's old record ends before another one begins") {
  Life life = called();
  life.group[0].rollback->meta.key.name = "api-3-9f";
  life.group[0].guard.rollback = "api-3-9f";
  life.group[0].rollback->spec.detected = life.now;
  const std::string first = life.rollback->meta.key.name;
  life.ship("v3").look();
  CHECK(life.server.at(first).status.phase == RollbackPhase::Superseded);
  CHECK(life.records == 1);
  CHECK(life.wake() == Duration{0});
  life.look();
  CHECK(life.records == 2);
}

TEST_CASE("A group that has begun is finished, also where its own rollbacks open the breaker") {
  Life life = leading();
  db_goes_back(life);
  life.watch(10s, {fails("health")});
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.breaker = {.is_open = true, .message = "too many"};
  life.look({fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("After a restart the first in the order waits too until it has been looked at who called it") {
  Life life;
  life.guarding.group = "shop";
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.group = {leader("api", {"web", "api"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.steps_allowed = 0;
  life.pass_time(10s).look();
  REQUIRE(life.phase() == "Pending");
  const GroupMember known = life.group[0];
  life.call = known.rollback;
  life.group = {GroupMember{.deployment = "api"}};
  life.steps_allowed = 100;
  life.restart().watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held GroupBlocked");
  CHECK(life.template_changes == 0);
  // Who called has a newer template: its call is over.
  life.group = {known};
  life.group[0].rollback->status.phase = RollbackPhase::Superseded;
  life.look();
  CHECK(life.phase() == "Superseded");
  CHECK(life.template_changes == 0);
}

TEST_CASE("A person is asked once for the whole group, where the policy of any of it says so") {
  Life life;
  life.guarding.group = "shop";
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.group = {member("zoo")};
  life.group[0].guard.watch_started = life.group[0].guard.current->since = life.now;
  life.group[0].mode = api::Mode::Approve;
  life.fail_thrice().watch(1min, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.template_changes == 0);
  CHECK(life.told("RollbackStarted") == 0);
  life.approve().look({fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Approved after one of the group cannot go any more, none of it goes until that one can") {
  Life life = approving();
  SECTION("it is paused") { life.group[0].cannot = "it is paused"; }
  SECTION("nothing governs it any more") {
    life.group[0].guard.policy.clear();
    life.group[0].guard.current.reset();
    life.group[0].cannot = "it is paused";
  }
  life.approve().watch(1min, {fails("health")});
  CHECK(life.standing() == "Held GroupBlocked");
  CHECK(life.guard.message.ends_with("zoo cannot: it is paused"));
  CHECK(life.template_changes == 0);
  life.group = {member("zoo")};
  life.look({fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Who has left the group does not hold a recorded call") {
  Life life = approving();
  life.group.clear();
  life.approve().watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

//  db is back for web ---- restart, db not looked at yet, web ✓ ---- db looked at        web goes back too
TEST_CASE("After a restart nobody of a group calls it off before all of it were looked at") {
  Life life = leading();
  db_goes_back(life);
  const GroupMember known = life.group[0];
  life.group = {GroupMember{.deployment = "db"}};
  life.restart().watch(30s, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held GroupBlocked");
  CHECK(life.phase() == "Pending");
  life.group = {known};
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.look({pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Once others have gone back nobody is waited for who has opted out or of whom a person has said no") {
  Life life = leading();
  life.group.push_back(member("zoo"));
  db_goes_back(life);
  life.group[1].rollback = life.group[0].rollback;
  life.group[1].rollback->status.phase = RollbackPhase::Verifying;
  life.group[0] = member("db");
  life.group[0].guard = {.deployment_uid = Uid("db-uid"), .reason = "PolicyNotFound"};
  life.watch(10s, {fails("health")});
  CHECK(life.standing() == "Held GroupOrder");
  SECTION("opted out") { life.group[0].guard.reason = "NotOptedIn"; }
  SECTION("declined") { life.group[0].guard.declined = api::Declined{.rollback = "db-2-77aa", .at = life.now}; }
  life.look({fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A group that has begun is finished although the one that called comes to nothing") {
  Life life = called();
  life.group.push_back(member("store"));
  api::Rollback back;
  back.meta.key.name = "store-2-77aa";
  back.spec.caused_by = "api-2-9f";
  back.status.phase = RollbackPhase::Verifying;
  back.status.template_restored = life.now;
  life.group[1].rollback = back;
  life.group[0].rollback->status.phase = RollbackPhase::Failed;
  SECTION("its Rollback is recorded") {}
  SECTION("it is not even recorded yet") {
    life.rollback.reset();
    life.guard.state = api::State::Watching;
    life.guard.rollback.clear();
    life.server.clear();
  }
  life.watch(20s, {pass("rollout"), pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("What goes back with its group is not chosen anew when its kept template is deleted") {
  Life life = approving();
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "TargetGone", .message = "web-v1 does not exist"};
  life.approve().watch(10s, {fails("health")});
  CHECK(life.standing() == "Held TargetGone");
  CHECK(life.phase() == "Pending");
}
