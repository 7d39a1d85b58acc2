// A call and what happens around it before anybody is touched: the one that called is held,
// policies change, others join, and the call itself gets lost.
#include <catch2/catch.hpp>

#include "golden.hpp"
#include "guard/preflight.hpp"
#include "guard/target.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// "web" is judged, in a group.
DeploymentHarness of_group(api::Mode mode = api::Mode::Enforce) {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.policy.spec.mode = mode;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  return harness;
}

// "api" has called web and itself back; web goes first, and is recorded and not touched.
DeploymentHarness called_first() {
  DeploymentHarness harness = of_group();
  harness.group = {leader("api", {"web", "api"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.pass_time(10s).look();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  REQUIRE(harness.rollback->spec.caused_by == "api-2-9f");
  REQUIRE(harness.template_changes == 0);
  return harness;
}

// Released when web was, and judged like it.
GroupMember released_with(const DeploymentHarness& harness, const std::string& name) {
  GroupMember other = member(name);
  other.guard.evaluation_started = other.guard.current->since = harness.now;
  return other;
}

void is_held(GroupMember& leader, Reason reason) {
  leader.guard.state = api::State::Held;
  leader.guard.reason = reason;
}

}  // namespace

//  api: calls ── SharedCause ─────────── acts          web, the first in the order: recorded, and
//  waits with api
TEST_CASE(
    "Who was called first waits while the one that called is held itself, and goes when it goes "
    "on") {
  DeploymentHarness harness = called_first();
  is_held(harness.group[0], Reason::SharedCause);
  harness.watch(5min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK_THAT(harness.guard.message, mentions({"shop", "api-2-9f", "api is Held (SharedCause)"}));
  CHECK(harness.template_changes == 0);
  is_held(harness.group[0], Reason::GroupOrder);
  harness.look({pass("rollout"), pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Who was called before its policy asked for approval is not touched without") {
  DeploymentHarness harness = called_first();
  harness.policy.spec.mode = api::Mode::Approve;
  harness.watch(5min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.template_changes == 0);
  SECTION("it is approved itself") { harness.approve(); }
  SECTION("the call is approved, as such a policy asks that too") {
    harness.group[0].rollback->status.approved_by = "spec.approved of the Rollback";
  }
  harness.look({pass("rollout"), pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Who is called by an approved call is not asked again") {
  DeploymentHarness harness = of_group(api::Mode::Approve);
  harness.group = {leader("api", {"api", "web"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.group[0].rollback->spec.mode = api::Mode::Approve;
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.watch(20s, {pass("rollout")});
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  CHECK_THAT(harness.rollback->status.approved_by, mentions({"api-2-9f"}));
  CHECK_THAT(harness.rollback->status.timeline.at(1).message,
             mentions({harness.rollback->status.approved_by}));
}

TEST_CASE(
    "Who is called when its policy asks for approval and nobody was asked, waits for it and says "
    "so") {
  DeploymentHarness harness = of_group(api::Mode::Approve);
  harness.group = {leader("api", {"api", "web"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.watch(1min, {pass("rollout")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.emitted(Reason::RollbackStarted) == 0);
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  harness.approve().look({pass("rollout")});
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
}

TEST_CASE(
    "A call waits for a person where the policy of one that it calls has been set to that since") {
  DeploymentHarness harness = of_group();
  harness.group = {released_with(harness, "zoo")};
  harness.steps_allowed = 0;
  harness.fail_thrice();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  harness.steps_allowed = 100;
  harness.group[0].mode = api::Mode::Approve;
  harness.watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.template_changes == 0);
  SECTION("approved") { harness.approve(); }
  SECTION("that one is not called") {
    harness.rollback->spec.group->members = {"web"};
    harness.group.clear();
  }
  harness.look({fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

//  web ✗✗✗ ─▶ recorded alone, waits      zoo is released      web is recorded anew, with zoo
TEST_CASE("What waits to go back alone is decided anew when another of its group is released") {
  DeploymentHarness harness = of_group(api::Mode::Approve);
  harness.fail_thrice().look({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  REQUIRE_FALSE(harness.rollback->spec.group);
  harness.pass_time(1s);
  harness.group = {released_with(harness, "zoo")};
  harness.approve().look({fails("health")});
  CHECK(harness.server.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
  CHECK_THAT(harness.server.at("web-2-1b4e").status.message,
             mentions({"revision 2 (web-v2)", "zoo"}));
  CHECK(harness.template_changes == 0);
  harness.watch(30s, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  REQUIRE(harness.rollback->spec.group);
  CHECK(harness.rollback->spec.group->members == std::vector<std::string>{"web", "zoo"});
  harness.approve().look({fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

//  web ✗✗✗ ─▶ calls zoo, waits      zoo ships once more, and is paused      then it is not both are
//  asked for anew
TEST_CASE(
    "A call in which one has a newer release waits while that cannot go back, and is made anew "
    "when it can") {
  DeploymentHarness harness = of_group(api::Mode::Approve);
  harness.group = {released_with(harness, "zoo")};
  harness.fail_thrice().look({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.pass_time(1s);
  harness.group = {released_with(harness, "zoo")};
  harness.group[0].blocked_because = "it is paused";
  harness.approve().watch(30s, {fails("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.phase() == RollbackPhase::Pending);
  SECTION("that one is taken out of the group: what was approved is done") {
    harness.group.clear();
    harness.look({fails("health")});
    CHECK(harness.on_deployment() == "v1");
  }
  SECTION("that one can go back") {
    harness.group[0].blocked_because.clear();
    harness.watch(30s, {fails("health")});
    CHECK(harness.server.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
    CHECK(harness.state() == held(Reason::AwaitingApproval));
    CHECK(harness.template_changes == 0);
  }
}

TEST_CASE("Who leaves its group while the call that it made waits is decided anew, and alone") {
  DeploymentHarness harness = of_group(api::Mode::Approve);
  harness.group = {released_with(harness, "zoo")};
  harness.fail_thrice().look({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.policy.group.clear();
  harness.group.clear();
  harness.approve().look({fails("health")});
  CHECK(harness.server.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
  CHECK(harness.template_changes == 0);
  harness.watch(30s, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK_FALSE(harness.rollback->spec.group);
}

TEST_CASE("Who is called after a long time finds out at once whether it could go back") {
  DeploymentHarness harness = of_group();
  harness.watch_well(11min);
  REQUIRE(harness.state() == idle(Reason::Good));
  Inputs inputs = harness.inputs();
  inputs.preflight->at = harness.now - 3min;
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 7min);
  inputs.group = {leader("api", {"api", "web"})};
  inputs.group[0].rollback->spec.detected = harness.now;
  CHECK(next_preflight(inputs, harness.guard, harness.now) <= harness.now);
  inputs.guard.declined = harness.guard.declined =
      api::Declined{.rollback = "web-2-1b4e", .at = harness.now};
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 7min);
}

TEST_CASE(
    "What was good long ago is no release of today because its Deployment was opted out and in "
    "again") {
  DeploymentHarness harness = of_group();
  harness.watch_well(11min);
  REQUIRE(harness.guard.evaluation_started);
  const policy::EffectivePolicy policy = harness.policy;
  harness.pass_time(24h).opt_out().look().pass_time(1min);
  harness.policy = policy;
  harness.look().look();
  REQUIRE(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
  harness.group = {leader("api", {"api", "web"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now + 1s;
  harness.watch_well(1min);
  CHECK(harness.template_changes == 0);
  CHECK(harness.records == 0);
}

TEST_CASE(
    "Who was good when it was called stays so when the call comes to nothing, and since when it "
    "was") {
  DeploymentHarness harness = of_group();
  harness.watch_well(11min);
  const auto since = harness.guard.current->since;
  harness.group = {leader("api", {"web", "api"})};
  harness.group[0].rollback->spec.detected = harness.now;
  harness.pass_time(1min).look();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  harness.group[0].rollback->status.phase = RollbackPhase::Superseded;
  harness.look().look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.guard.current->since == since);
  CHECK(harness.emitted(Reason::ReleaseGood) == 1);
}

TEST_CASE(
    "What a Rollback waits for is emitted anew when it is another of its group, and not how that "
    "one gets on") {
  DeploymentHarness harness = called_first();
  harness.group.push_back(member("db"));
  harness.group[0].rollback->spec.group->members = {"db", "web", "api"};
  harness.look({pass("health")});
  CHECK(harness.rollback->status.waiting_for == Reason::GroupOrder);
  CHECK(harness.rollback->status.blocked_by == "db");
  const std::string message = harness.rollback->status.message;
  CHECK_THAT(message, mentions({"shop", "db", "Evaluating"}));
  harness.group[1].guard.state = api::State::Held;
  harness.look({pass("health")});
  CHECK(harness.rollback->status.message == message);
  harness.group.push_back(member("store"));
  harness.group[0].rollback->spec.group->members = {"store", "db", "web", "api"};
  const api::GuardStatus before = harness.guard;
  harness.look({pass("health")});
  CHECK(harness.rollback->status.waiting_for == Reason::GroupOrder);
  CHECK(harness.rollback->status.blocked_by == "store");
  CHECK_THAT(harness.rollback->status.message, mentions({"shop", "store", "Evaluating"}));
  CHECK(worth_writing(before, harness.guard));
}

//  store: back      web, called with it: waits for its turn      api, who called, is deleted with
//  its Rollback
TEST_CASE("A group that has begun is finished although the call is gone, in its order") {
  DeploymentHarness harness = called_first();
  api::Rollback back;
  back.spec.caused_by = "api-2-9f";
  back.status.phase = RollbackPhase::Verifying;
  back.status.template_restored = harness.now;
  GroupMember store = member("store", -2);
  store.rollback = back;
  GroupMember db = member("db", -1);
  db.rollback = back;
  db.rollback->status = {};
  harness.group = {store, db};
  const bool is_approved = GENERATE(false, true);
  if (is_approved) {
    harness.policy.spec.mode = api::Mode::Approve;
    harness.rollback->status.approved_by = "the approval of its group, in Rollback api-2-9f";
  }
  harness.watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupOrder));
  CHECK(harness.template_changes == 0);
  harness.group[1].rollback->status.phase = RollbackPhase::Verifying;
  harness.look({pass("rollout"), pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Who holds its group for a time looks again when that is over") {
  DeploymentHarness harness = of_group();
  harness.watch_well(11min);
  harness.policy.pause_until = harness.now + 90s;
  harness.look();
  CHECK_THAT(harness.last.blocked_because, mentions({"lastgood.dev/pause-until"}));
  CHECK(harness.requeue_at() == Duration{90s});
  harness.pass_time(90s).look();
  CHECK(harness.last.blocked_because.empty());
}

TEST_CASE("Who holds its group because its rollback would not work finds out soon when it would") {
  DeploymentHarness harness = of_group();
  harness.watch_well(11min).look();
  Inputs inputs = harness.inputs();
  inputs.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                    .reason = Reason::MissingReference,
                                    .message = "ConfigMap settings does not exist",
                                    .generation = harness.deployment.meta.generation,
                                    .target = choose_target(harness.guard).revision->snapshot,
                                    .at = harness.now};
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 10min);
  inputs.group = {member("api")};
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 10min);
  is_held(inputs.group[0], Reason::GroupBlocked);
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 20s);
  // What was good before the other was released does not go back with it.
  inputs.group[0].guard.evaluation_started = harness.now + 1s;
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 10min);
}

TEST_CASE(
    "Why a member cannot is of what it would go back to: the one that is recorded, until that is "
    "over") {
  DeploymentHarness harness = called_first();
  is_held(harness.group[0], Reason::SharedCause);
  for (api::Revision& revision : harness.guard.revisions) revision.snapshot.clear();
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::SnapshotMissing,
                                     .message = "web-v1 does not exist"};
  harness.look();
  CHECK(harness.last.blocked_because == "web-v1 does not exist");
}
