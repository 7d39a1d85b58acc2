// A call and what happens around it before anybody is touched: the one that called is held, policies change, others join, and
// the call itself gets lost.
#include <catch2/catch.hpp>

#include "guard/preflight.hpp"
#include "guard/target.hpp"
#include "golden.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// "web" is judged, in a group.
Life of_group(api::Mode mode = api::Mode::Enforce) {
  Life life;
  life.guarding.group = "shop";
  life.guarding.spec.mode = mode;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  return life;
}

// "api" has called web and itself back; web goes first, and is recorded and not touched.
Life called_first() {
  Life life = of_group();
  life.group = {leader("api", {"web", "api"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.pass_time(10s).look();
  REQUIRE(life.phase() == "Pending");
  REQUIRE(life.rollback->spec.caused_by == "api-2-9f");
  REQUIRE(life.template_changes == 0);
  return life;
}

// Released when web was, and judged like it.
GroupMember released_with(const Life& life, const std::string& name) {
  GroupMember other = member(name);
  other.guard.watch_started = other.guard.current->since = life.now;
  return other;
}

void is_held(GroupMember& leader, const char* reason) {
  leader.guard.state = api::State::Held;
  leader.guard.reason = reason;
}

}  // namespace

//  api: calls ── SharedCause ─────────── acts          web, the first in the order: recorded, and waits with api
TEST_CASE("Who was called first waits while the one that called is held itself, and goes when it goes on") {
  Life life = called_first();
  is_held(life.group[0], "SharedCause");
  life.watch(5min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held GroupBlocked");
  CHECK(life.guard.message == "In group shop Rollback api-2-9f, which calls it back, has not begun: api is Held (SharedCause)");
  CHECK(life.template_changes == 0);
  is_held(life.group[0], "GroupOrder");
  life.look({pass("rollout"), pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Who was called before its policy asked for approval is not touched without") {
  Life life = called_first();
  life.guarding.spec.mode = api::Mode::Approve;
  life.watch(5min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.template_changes == 0);
  SECTION("it is approved itself") { life.approve(); }
  SECTION("the call is approved, as such a policy asks that too") {
    life.group[0].rollback->status.timeline.push_back({.at = life.now, .what = "A person approved it, by spec.approved"});
  }
  life.look({pass("rollout"), pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Who is called by an approved call is not asked again") {
  Life life = of_group(api::Mode::Approve);
  life.group = {leader("api", {"api", "web"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.group[0].rollback->spec.mode = api::Mode::Approve;
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.group[0].rollback->status.template_restored = life.now;
  life.watch(20s, {pass("rollout")});
  CHECK(life.on_deployment() == "v1");
  CHECK(life.told("RollbackStarted") == 1);
  CHECK(life.rollback->status.timeline.at(1).what == "A person approved it with its group, by Rollback api-2-9f");
}

TEST_CASE("Who is called when its policy asks for approval and nobody was asked, waits for it and says so") {
  Life life = of_group(api::Mode::Approve);
  life.group = {leader("api", {"api", "web"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.group[0].rollback->status.template_restored = life.now;
  life.watch(1min, {pass("rollout")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.told("RollbackStarted") == 0);
  CHECK(life.told("RollbackHeld") == 1);
  life.approve().look({pass("rollout")});
  CHECK(life.on_deployment() == "v1");
  CHECK(life.told("RollbackStarted") == 1);
}

TEST_CASE("A call waits for a person where the policy of one that it calls has been set to that since") {
  Life life = of_group();
  life.group = {released_with(life, "zoo")};
  life.steps_allowed = 0;
  life.fail_thrice();
  REQUIRE(life.phase() == "Pending");
  life.steps_allowed = 100;
  life.group[0].mode = api::Mode::Approve;
  life.watch(1min, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.template_changes == 0);
  SECTION("approved") { life.approve(); }
  SECTION("that one is not called") {
    life.rollback->spec.group->members = {"web"};
    life.group.clear();
  }
  life.look({fails("health")});
  CHECK(life.on_deployment() == "v1");
}

//  web ✗✗✗ ─▶ recorded alone, waits      zoo is released      web is recorded anew, with zoo
TEST_CASE("What waits to go back alone is decided anew when another of its group is released") {
  Life life = of_group(api::Mode::Approve);
  life.fail_thrice().look({fails("health")});
  REQUIRE(life.standing() == "Held AwaitingApproval");
  REQUIRE_FALSE(life.rollback->spec.group);
  life.pass_time(1s);
  life.group = {released_with(life, "zoo")};
  life.approve().look({fails("health")});
  CHECK(life.server.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
  CHECK(life.server.at("web-2-1b4e").status.message ==
        "revision 2 (web-v2) stays for now: zoo of its group was released too, so what goes back is decided anew");
  CHECK(life.template_changes == 0);
  life.watch(30s, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  REQUIRE(life.rollback->spec.group);
  CHECK(life.rollback->spec.group->members == std::vector<std::string>{"web", "zoo"});
  life.approve().look({fails("health")});
  CHECK(life.on_deployment() == "v1");
}

//  web ✗✗✗ ─▶ calls zoo, waits      zoo ships once more, and is paused      then it is not      both are asked for anew
TEST_CASE("A call in which one has a newer release waits while that cannot go back, and is made anew when it can") {
  Life life = of_group(api::Mode::Approve);
  life.group = {released_with(life, "zoo")};
  life.fail_thrice().look({fails("health")});
  REQUIRE(life.standing() == "Held AwaitingApproval");
  life.pass_time(1s);
  life.group = {released_with(life, "zoo")};
  life.group[0].cannot = "it is paused";
  life.approve().watch(30s, {fails("health")});
  CHECK(life.standing() == "Held GroupBlocked");
  CHECK(life.phase() == "Pending");
  SECTION("that one is taken out of the group: what was approved is done") {
    life.group.clear();
    life.look({fails("health")});
    CHECK(life.on_deployment() == "v1");
  }
  SECTION("that one can go back") {
    life.group[0].cannot.clear();
    life.watch(30s, {fails("health")});
    CHECK(life.server.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
    CHECK(life.standing() == "Held AwaitingApproval");
    CHECK(life.template_changes == 0);
  }
}

TEST_CASE("Who leaves its group while the call that it made waits is decided anew, and alone") {
  Life life = of_group(api::Mode::Approve);
  life.group = {released_with(life, "zoo")};
  life.fail_thrice().look({fails("health")});
  REQUIRE(life.standing() == "Held AwaitingApproval");
  life.guarding.group.clear();
  life.group.clear();
  life.approve().look({fails("health")});
  CHECK(life.server.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
  CHECK(life.template_changes == 0);
  life.watch(30s, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK_FALSE(life.rollback->spec.group);
}

TEST_CASE("Who is called after a long time finds out at once whether it could go back") {
  Life life = of_group();
  life.watch_well(11min);
  REQUIRE(life.standing() == "Idle Good");
  World world = life.world();
  world.preflight->at = life.now - 3min;
  CHECK(next_preflight(world, life.guard, life.now) == life.now + 7min);
  world.group = {leader("api", {"api", "web"})};
  world.group[0].rollback->spec.detected = life.now;
  CHECK(next_preflight(world, life.guard, life.now) <= life.now);
  world.guard.declined = life.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = life.now};
  CHECK(next_preflight(world, life.guard, life.now) == life.now + 7min);
}

TEST_CASE("What was good long ago is no release of today because its Deployment was opted out and in again") {
  Life life = of_group();
  life.watch_well(11min);
  REQUIRE(life.guard.watch_started);
  const policy::EffectivePolicy guarding = life.guarding;
  life.pass_time(24h).opt_out().look().pass_time(1min);
  life.guarding = guarding;
  life.look().look();
  REQUIRE(life.current() == "v2 Good");
  life.group = {leader("api", {"api", "web"})};
  life.group[0].rollback->spec.detected = life.now + 1s;
  life.group[0].rollback->status.phase = RollbackPhase::Verifying;
  life.group[0].rollback->status.template_restored = life.now + 1s;
  life.watch_well(1min);
  CHECK(life.template_changes == 0);
  CHECK(life.records == 0);
}

TEST_CASE("Who was good when it was called stays so when the call comes to nothing, and since when it was") {
  Life life = of_group();
  life.watch_well(11min);
  const auto since = life.guard.current->since;
  life.group = {leader("api", {"web", "api"})};
  life.group[0].rollback->spec.detected = life.now;
  life.pass_time(1min).look();
  REQUIRE(life.phase() == "Pending");
  life.group[0].rollback->status.phase = RollbackPhase::Superseded;
  life.look().look();
  CHECK(life.phase() == "Superseded");
  CHECK(life.standing() == "Idle Good");
  CHECK(life.guard.current->since == since);
  CHECK(life.told("ReleaseGood") == 1);
}

TEST_CASE("What a Rollback waits for is told anew when it is another of its group, and not how that one gets on") {
  Life life = called_first();
  life.group.push_back(member("db"));
  life.group[0].rollback->spec.group->members = {"db", "web", "api"};
  life.look({pass("health")});
  CHECK(life.rollback->status.message == "It waits, GroupOrder: In group shop db goes back first; it is Watching (): ");
  life.group[1].guard.state = api::State::Held;
  life.look({pass("health")});
  CHECK(life.rollback->status.message == "It waits, GroupOrder: In group shop db goes back first; it is Watching (): ");
  life.group.push_back(member("store"));
  life.group[0].rollback->spec.group->members = {"store", "db", "web", "api"};
  const api::GuardStatus before = life.guard;
  life.look({pass("health")});
  CHECK(life.rollback->status.message == "It waits, GroupOrder: In group shop store goes back first; it is Watching (): ");
  CHECK(worth_writing(before, life.guard));
}

//  store: back      web, called with it: waits for its turn      api, who called, is deleted with its Rollback
TEST_CASE("A group that has begun is finished although the call is gone, in its order") {
  Life life = called_first();
  api::Rollback back;
  back.spec.caused_by = "api-2-9f";
  back.status.phase = RollbackPhase::Verifying;
  back.status.template_restored = life.now;
  GroupMember store = member("store", -2);
  store.rollback = back;
  GroupMember db = member("db", -1);
  db.rollback = back;
  db.rollback->status = {};
  life.group = {store, db};
  const bool is_approved = GENERATE(false, true);
  if (is_approved) {
    life.guarding.spec.mode = api::Mode::Approve;
    life.rollback->status.timeline.push_back(
        {.at = life.now, .what = "A person approved it with its group, by Rollback api-2-9f"});
  }
  life.watch(1min, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Held GroupOrder");
  CHECK(life.template_changes == 0);
  life.group[1].rollback->status.phase = RollbackPhase::Verifying;
  life.look({pass("rollout"), pass("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Who holds its group for a time looks again when that is over") {
  Life life = of_group();
  life.watch_well(11min);
  life.guarding.pause_until = life.now + 90s;
  life.look();
  CHECK(life.last.cannot.contains("leave it alone until"));
  CHECK(life.wake() == Duration{90s});
  life.pass_time(90s).look();
  CHECK(life.last.cannot.empty());
}

TEST_CASE("Who holds its group because its rollback would not work finds out soon when it would") {
  Life life = of_group();
  life.watch_well(11min).look();
  World world = life.world();
  world.preflight = api::Preflight{.ready = api::Truth::False,
                                   .reason = "MissingReference",
                                   .message = "ConfigMap settings does not exist",
                                   .generation = life.deployment.meta.generation,
                                   .target = choose_target(life.guard).revision->kept_as,
                                   .at = life.now};
  CHECK(next_preflight(world, life.guard, life.now) == life.now + 10min);
  world.group = {member("api")};
  CHECK(next_preflight(world, life.guard, life.now) == life.now + 10min);
  is_held(world.group[0], "GroupBlocked");
  CHECK(next_preflight(world, life.guard, life.now) == life.now + 20s);
  // What was good before the other was released does not go back with it.
  world.group[0].guard.watch_started = life.now + 1s;
  CHECK(next_preflight(world, life.guard, life.now) == life.now + 10min);
}

TEST_CASE("Why a member cannot is of what it would go back to: the one that is recorded, until that is over") {
  Life life = called_first();
  is_held(life.group[0], "SharedCause");
  for (api::Revision& revision : life.guard.revisions) revision.kept_as.clear();
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "TargetGone", .message = "web-v1 does not exist"};
  life.look();
  CHECK(life.last.cannot == "web-v1 does not exist");
}
