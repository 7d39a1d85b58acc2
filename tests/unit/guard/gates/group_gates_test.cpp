// A group rollback before any member is changed: its initiator is held, policies change, other
// members are released, or the initiator is gone.
#include <catch2/catch.hpp>

#include "guard/guard_status.hpp"
#include "guard/preflight.hpp"
#include "guard/preflight_schedule.hpp"
#include "guard/target.hpp"
#include "support/mentions.hpp"
#include "unit/guard/group/members.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

Duration usual_interval(const Inputs& inputs) {
  return usual_preflight_interval(inputs.deployment.meta.uid, inputs.guarded);
}

// "api" has initiated a group rollback. The Rollback of "web", the first member, is recorded, but
// "web" is not restored yet.
DeploymentHarness pending_first_member() {
  DeploymentHarness harness = baking_in_group();
  harness.group = {initiator_now(harness, "api", {"web", "api"})};
  harness.pass_time(10s).reconcile();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  REQUIRE(harness.rollback->spec.caused_by == "api-2-9f");
  REQUIRE(harness.restorations == 0);
  return harness;
}

void hold(GroupMember& member, Reason reason) {
  member.guard.state = api::State::Held;
  member.guard.reason = reason;
}

}  // namespace

TEST_CASE("waits while the initiator is held, when this Deployment is the first member") {
  DeploymentHarness harness = pending_first_member();
  hold(harness.group[0], Reason::SharedCause);
  harness.reconcile_for(5min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK_THAT(harness.guard.message, mentions({"shop", "api-2-9f", "api is Held (SharedCause)"}));
  CHECK(harness.restorations == 0);
  hold(harness.group[0], Reason::GroupOrder);
  harness.reconcile({pass("rollout"), pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE(
    "waits for approval when its policy changes to mode Approve after the Rollback was created") {
  DeploymentHarness harness = pending_first_member();
  harness.policy.spec.mode = api::Mode::Approve;
  harness.reconcile_for(5min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.restorations == 0);
  SECTION("the member is approved") { harness.approve(); }
  SECTION("the group rollback is approved") {
    harness.group[0].rollback->status.approved_by = "spec.approved of the Rollback";
  }
  harness.reconcile({pass("rollout"), pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("needs no approval of a member when the group rollback was approved") {
  DeploymentHarness harness = baking_in_group(api::Mode::Approve);
  harness.group = {initiator_now(harness, "api", {"api", "web"})};
  harness.group[0].rollback->spec.mode = api::Mode::Approve;
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.reconcile_for(20s, {pass("rollout")});
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  CHECK_THAT(harness.rollback->status.approved_by, mentions({"api-2-9f"}));
  CHECK_THAT(harness.rollback->status.timeline.at(1).message,
             mentions({harness.rollback->status.approved_by}));
}

TEST_CASE("waits for approval of a member, with an Event, when its group needed no approval") {
  DeploymentHarness harness = baking_in_group(api::Mode::Approve);
  harness.group = {initiator_now(harness, "api", {"api", "web"})};
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.reconcile_for(1min, {pass("rollout")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.emitted(Reason::RollbackStarted) == 0);
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  harness.approve().reconcile({pass("rollout")});
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
}

TEST_CASE("waits for approval when the policy of another member changes to mode Approve") {
  DeploymentHarness harness = baking_in_group();
  harness.group = {member_released_with(harness, "zoo")};
  harness.writes_allowed = 0;
  harness.fail_three_times();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  harness.writes_allowed = 100;
  harness.group[0].mode = api::Mode::Approve;
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.restorations == 0);
  SECTION("a user approves the Rollback") { harness.approve(); }
  SECTION("the other member is not included") {
    harness.rollback->spec.group->members = {"web"};
    harness.group.clear();
  }
  harness.reconcile({fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

// web is breached ──▶ a Rollback of web ──▶ zoo is released ──▶ a Rollback of web and zoo
TEST_CASE("replaces a pending rollback when another member of its group is released") {
  DeploymentHarness harness = baking_in_group(api::Mode::Approve);
  harness.fail_three_times().reconcile({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  REQUIRE_FALSE(harness.rollback->spec.group);
  harness.pass_time(1s);
  harness.group = {member_released_with(harness, "zoo")};
  harness.approve().reconcile({fails("health")});
  CHECK(harness.stored_rollbacks.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
  CHECK_THAT(harness.stored_rollbacks.at("web-2-1b4e").status.message,
             mentions({"revision 2 (web-v2)", "zoo"}));
  CHECK(harness.restorations == 0);
  harness.reconcile_for(30s, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  REQUIRE(harness.rollback->spec.group);
  CHECK(harness.rollback->spec.group->members == std::vector<std::string>{"web", "zoo"});
  harness.approve().reconcile({fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

// web is breached ──▶ a Rollback of web and zoo ──▶ zoo is released again ──▶ a new Rollback
TEST_CASE("replaces a group rollback when a member with a newer release can be rolled back") {
  DeploymentHarness harness = baking_in_group(api::Mode::Approve);
  harness.group = {member_released_with(harness, "zoo")};
  harness.fail_three_times().reconcile({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.pass_time(1s);
  harness.group = {member_released_with(harness, "zoo")};
  harness.group[0].blocked_because = "it is paused";
  harness.approve().reconcile_for(30s, {fails("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.phase() == RollbackPhase::Pending);
  SECTION("the record says what blocks the other member now") {
    harness.group[0].blocked_because = "its policy is suspended";
    harness.reconcile({fails("health")});
    CHECK_THAT(harness.rollback->status.message, mentions({"its policy is suspended"}));
  }
  SECTION("the other member leaves the group: the approved rollback runs") {
    harness.group.clear();
    harness.reconcile({fails("health")});
    CHECK(harness.deployed_template() == "v1");
  }
  SECTION("the other member can be rolled back") {
    harness.group[0].blocked_because.clear();
    harness.reconcile_for(30s, {fails("health")});
    CHECK(harness.stored_rollbacks.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
    CHECK(harness.state() == held(Reason::AwaitingApproval));
    CHECK(harness.restorations == 0);
  }
}

TEST_CASE("replaces a group rollback when its initiator leaves the group") {
  DeploymentHarness harness = baking_in_group(api::Mode::Approve);
  harness.group = {member_released_with(harness, "zoo")};
  harness.fail_three_times().reconcile({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.policy.group.clear();
  harness.group.clear();
  harness.approve().reconcile({fails("health")});
  CHECK(harness.stored_rollbacks.at("web-2-1b4e").status.phase == RollbackPhase::Superseded);
  CHECK(harness.restorations == 0);
  harness.reconcile_for(30s, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK_FALSE(harness.rollback->spec.group);
}

TEST_CASE("runs a preflight at once when a group rollback includes an old release") {
  DeploymentHarness harness = baking_in_group();
  harness.pass_checks_for(11min);
  REQUIRE(harness.state() == idle(Reason::Good));
  Inputs inputs = harness.inputs();
  inputs.preflight->at = harness.now - 3min;
  CHECK(next_preflight(inputs, harness.guard, harness.now) ==
        harness.now + usual_interval(inputs) - 3min);
  inputs.group = {initiator("api", {"api", "web"})};
  inputs.group[0].rollback->spec.detected = harness.now;
  CHECK(next_preflight(inputs, harness.guard, harness.now) <= harness.now);
  inputs.guard.declined = harness.guard.declined =
      api::Declined{.rollback = "web-2-1b4e", .at = harness.now};
  CHECK(next_preflight(inputs, harness.guard, harness.now) ==
        harness.now + usual_interval(inputs) - 3min);
}

TEST_CASE("does not follow a group rollback for a release that was good before an opt-out") {
  DeploymentHarness harness = baking_in_group();
  harness.pass_checks_for(11min);
  REQUIRE(harness.guard.evaluation_started);
  const policy::EffectivePolicy policy = harness.policy;
  harness.pass_time(24h).opt_out().reconcile().pass_time(1min);
  harness.policy = policy;
  harness.reconcile().reconcile();
  REQUIRE(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
  harness.group = {initiator_now(harness, "api", {"api", "web"})};
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now + 1s;
  harness.pass_checks_for(1min);
  CHECK(harness.restorations == 0);
  CHECK(harness.rollbacks_created == 0);
}

TEST_CASE("keeps its verdict and the time of its verdict when its group rollback is cancelled") {
  DeploymentHarness harness = baking_in_group();
  harness.pass_checks_for(11min);
  const auto since = harness.guard.current->since;
  harness.group = {initiator("api", {"web", "api"})};
  harness.group[0].rollback->spec.detected = harness.now;
  harness.pass_time(1min).reconcile();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  harness.group[0].rollback->status.phase = RollbackPhase::Superseded;
  harness.reconcile().reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.guard.current->since == since);
  CHECK(harness.emitted(Reason::ReleaseGood) == 1);
}

TEST_CASE("reports the member that it waits for, but not the progress of that member") {
  DeploymentHarness harness = pending_first_member();
  harness.group.push_back(member("db"));
  harness.group[0].rollback->spec.group->members = {"db", "web", "api"};
  harness.reconcile({pass("health")});
  CHECK(harness.rollback->status.waiting_for == Reason::GroupOrder);
  CHECK(harness.rollback->status.blocked_by == "db");
  const std::string message = harness.rollback->status.message;
  CHECK_THAT(message, mentions({"shop", "db", "Evaluating"}));
  harness.group[1].guard.state = api::State::Held;
  harness.reconcile({pass("health")});
  CHECK(harness.rollback->status.message == message);
  harness.group.push_back(member("store"));
  harness.group[0].rollback->spec.group->members = {"store", "db", "web", "api"};
  const api::GuardStatus before = harness.guard;
  harness.reconcile({pass("health")});
  CHECK(harness.rollback->status.waiting_for == Reason::GroupOrder);
  CHECK(harness.rollback->status.blocked_by == "store");
  CHECK_THAT(harness.rollback->status.message, mentions({"shop", "store", "Evaluating"}));
  CHECK(worth_writing(before, harness.guard));
}

// store is restored, web waits for db, and the initiator api is deleted with its Rollback
TEST_CASE("completes a started group rollback in order when the initiator is gone") {
  DeploymentHarness harness = pending_first_member();
  api::Rollback restored;
  restored.spec.caused_by = "api-2-9f";
  restored.status.phase = RollbackPhase::Verifying;
  restored.status.template_restored = harness.now;
  GroupMember store = member("store", -2);
  store.rollback = restored;
  GroupMember db = member("db", -1);
  db.rollback = restored;
  db.rollback->status = {};
  harness.group = {store, db};
  const bool is_approved = GENERATE(false, true);
  if (is_approved) {
    harness.policy.spec.mode = api::Mode::Approve;
    harness.rollback->status.approved_by = "the approval of its group, in Rollback api-2-9f";
  }
  harness.reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupOrder));
  CHECK(harness.restorations == 0);
  harness.group[1].rollback->status.phase = RollbackPhase::Verifying;
  harness.reconcile({pass("rollout"), pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("requeues at the end of a pause that blocks its group") {
  DeploymentHarness harness = baking_in_group();
  harness.pass_checks_for(11min);
  harness.policy.pause_until = harness.now + 90s;
  harness.reconcile();
  CHECK_THAT(harness.last_plan.blocked_because, mentions({"lastgood.dev/pause-until"}));
  CHECK(harness.requeue_after() == Duration{90s});
  harness.pass_time(90s).reconcile();
  CHECK(harness.last_plan.blocked_because.empty());
}

TEST_CASE("runs preflights more often while a failed preflight blocks its group") {
  DeploymentHarness harness = baking_in_group();
  harness.pass_checks_for(11min).reconcile();
  Inputs inputs = harness.inputs();
  inputs.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                    .reason = Reason::MissingReference,
                                    .message = "ConfigMap settings does not exist",
                                    .generation = harness.deployment.meta.generation,
                                    .target = choose_target(harness.guard).revision->snapshot,
                                    .at = harness.now};
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + usual_interval(inputs));
  inputs.group = {member("api")};
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + usual_interval(inputs));
  hold(inputs.group[0], Reason::GroupBlocked);
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + 35s);
  hold(inputs.group[0], Reason::SharedCause);
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + usual_interval(inputs));
  hold(inputs.group[0], Reason::GroupBlocked);
  inputs.group[0].guard.state = api::State::Evaluating;
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + usual_interval(inputs));
  inputs.group[0].guard.state = api::State::Held;
  // The present revision was restored by a rollback, so it is not a release.
  Inputs restored = inputs;
  restored.rollback = member_rollback("", RollbackPhase::Succeeded, harness.now);
  restored.rollback->spec.to = *harness.guard.current;
  CHECK(next_preflight(restored, harness.guard, harness.now) ==
        harness.now + usual_interval(restored));
  // This release was good before the release of the other member, so a group rollback of the other
  // member does not include this release.
  inputs.group[0].guard.evaluation_started = harness.now + 1s;
  CHECK(next_preflight(inputs, harness.guard, harness.now) == harness.now + usual_interval(inputs));
}

TEST_CASE("reports that a missing snapshot of its pending Rollback's target blocks the group") {
  DeploymentHarness harness = pending_first_member();
  hold(harness.group[0], Reason::SharedCause);
  for (api::Revision& revision : harness.guard.revisions) revision.snapshot.clear();
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::SnapshotMissing,
                                     .message = "web-v1 does not exist"};
  harness.reconcile();
  CHECK(harness.last_plan.blocked_because == "web-v1 does not exist");
}
