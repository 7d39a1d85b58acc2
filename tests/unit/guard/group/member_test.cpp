// A member of a group over time: which other members it waits for, and what cancels its Rollback.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/group/members.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// "web" is evaluated, and "api" has initiated a group rollback of "api" and then "web". The
// Rollback of "web" waits for "api".
DeploymentHarness waiting_member() {
  DeploymentHarness harness = baking_in_group();
  harness.group = {initiator_now(harness, "api", {"api", "web"})};
  harness.pass_time(10s).reconcile();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  REQUIRE(harness.rollback->spec.caused_by == "api-2-9f");
  return harness;
}

// "web" has initiated a group rollback and waits for "db", the first member.
DeploymentHarness waiting_initiator() {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.policy.group_order = 1;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .pass_time(1h)
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")});
  harness.group = {member_released_with(harness, "db")};
  harness.fail_three_times().reconcile({fails("health")});
  REQUIRE(harness.state() == held(Reason::GroupOrder));
  return harness;
}

// "db" is restored for the group rollback of "web".
void restore_db(DeploymentHarness& harness) {
  api::Rollback restored;
  restored.meta.key.name = "db-2-77aa";
  restored.spec.caused_by = harness.rollback->meta.key.name;
  restored.status.phase = RollbackPhase::Restored;
  restored.status.template_restored = harness.now;
  harness.group[0].rollback = restored;
}

// "web" has initiated a group rollback of "web" and then "zoo". The group rollback awaits approval.
DeploymentHarness initiator_awaiting_approval() {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.policy.spec.mode = api::Mode::Approve;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .pass_time(1h)
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")});
  harness.group = {member_released_with(harness, "zoo")};
  harness.fail_three_times().reconcile({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  return harness;
}

}  // namespace

TEST_CASE("cancels the pending Rollback of a member, with the reason, when the member leaves") {
  DeploymentHarness harness = waiting_member();
  harness.initiator = harness.group[0].rollback;
  harness.policy.group.clear();
  harness.group.clear();
  harness.reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK_THAT(harness.rollback->status.message,
             mentions({"revision 2 (web-v2)", "shop", "api-2-9f"}));
  CHECK(harness.restorations == 0);
}

TEST_CASE("cancels the pending Rollback of a member, with the reason, when its initiator is gone") {
  DeploymentHarness harness = waiting_member();
  harness.group[0].rollback.reset();
  harness.reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK_THAT(harness.rollback->status.message, mentions({"revision 2 (web-v2)", "api-2-9f"}));
  CHECK(harness.restorations == 0);
}

// api is rolled back, and then a user rolls api back again, while web is held by pause-until
TEST_CASE("rolls a member back when its initiator was later rolled back manually") {
  DeploymentHarness harness = waiting_member();
  harness.policy.pause_until = harness.now + 5min;
  harness.initiator = harness.group[0].rollback;
  harness.initiator->status.phase = RollbackPhase::Succeeded;
  harness.initiator->status.template_restored = harness.now;
  harness.group[0].rollback->meta.key.name = "manual";
  harness.group[0].rollback->spec.group.reset();
  harness.group[0].rollback->status.phase = RollbackPhase::Succeeded;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.group[0].rollback->spec.to.hash = harness.group[0].guard.current->hash;
  harness.reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::PausedUntil));
  harness.reconcile_for(5min, {pass("rollout"), pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("does not follow a group rollback when a user declined the rollback") {
  DeploymentHarness harness = baking_in_group();
  harness.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = harness.now};
  harness.group = {initiator_now(harness, "api", {"api", "web"})};
  harness.group[0].rollback->status.phase = RollbackPhase::Succeeded;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.pass_checks_for(11min);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.rollbacks_created == 0);
}

TEST_CASE("waits after a restart until the initiator has been reconciled") {
  DeploymentHarness harness = waiting_member();
  const GroupMember reconciled = harness.group[0];
  harness.initiator = reconciled.rollback;
  harness.group = {GroupMember{.deployment = "api"}};
  harness.restart().reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.restorations == 0);
  harness.group = {reconciled};
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.reconcile();
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("rolls back a recovered release when another member of its group was restored") {
  DeploymentHarness harness = waiting_initiator();
  restore_db(harness);
  harness.reconcile_for(30s, {pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Pending);
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.reconcile({pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

// The patch of "db" was applied, but its response was lost: its Rollback is still Pending.
TEST_CASE(
    "keeps its Rollback when a member is patched but that member's Rollback is still Pending") {
  DeploymentHarness harness = waiting_initiator();
  restore_db(harness);
  harness.group[0].rollback->status.phase = RollbackPhase::Pending;
  harness.group[0].rollback->status.template_restored.reset();
  harness.group[0].is_patched = true;
  harness.reconcile({pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Pending);
  CHECK(harness.state() == held(Reason::GroupOrder));
}

TEST_CASE("cancels a group rollback when the release recovers before any change") {
  DeploymentHarness harness = waiting_initiator();
  harness.reconcile({pass("health")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.restorations == 0);
}

TEST_CASE("does not follow a group rollback when its release was already rolled back") {
  DeploymentHarness harness = waiting_member();
  harness.rollback->status.phase = RollbackPhase::Failed;
  harness.rollback->status.template_restored = harness.now;
  harness.stored_rollbacks[harness.rollback->meta.key.name] = *harness.rollback;
  harness.reconcile();
  REQUIRE(harness.guard.state == api::State::Frozen);
  // A user removes the freeze, so the release is evaluated again.
  harness.guard.freeze.reset();
  harness.guard.rollback.clear();
  harness.rollback->spec.caused_by = "api-1-9f";
  const int emitted = harness.emitted(Reason::RollbackStarted);
  harness.reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.emitted(Reason::RollbackStarted) == emitted);
  CHECK(harness.restorations == 0);
}

TEST_CASE("reports the start of a member once when its Rollback cannot be created") {
  DeploymentHarness harness = baking_in_group();
  harness.group = {initiator_now(harness, "api", {"api", "web"})};
  harness.can_record = false;
  harness.reconcile_for(50s, {pass("rollout")});
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  CHECK(harness.state() == rolling_back(Reason::GroupRolledBack));
  harness.can_record = true;
  harness.reconcile_for(10s, {pass("rollout")});
  CHECK(harness.phase() == RollbackPhase::Pending);
}

TEST_CASE("ends the old Rollback of a member before it starts one for a newer release") {
  DeploymentHarness harness = waiting_member();
  harness.group[0].rollback->meta.key.name = "api-3-9f";
  harness.group[0].guard.rollback = "api-3-9f";
  harness.group[0].rollback->spec.detected = harness.now;
  const std::string first = harness.rollback->meta.key.name;
  harness.ship("v3").reconcile();
  CHECK(harness.stored_rollbacks.at(first).status.phase == RollbackPhase::Superseded);
  CHECK(harness.rollbacks_created == 1);
  CHECK(harness.requeue_after() == Duration{0});
  harness.reconcile();
  CHECK(harness.rollbacks_created == 2);
}

TEST_CASE("completes a started group rollback when its own rollbacks open the breaker") {
  DeploymentHarness harness = waiting_initiator();
  restore_db(harness);
  harness.reconcile_for(10s, {fails("health")});
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.breaker = {.is_open = true, .message = "too many"};
  harness.reconcile({fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE(
    "waits after a restart until the initiator is reconciled, when this member is the first") {
  DeploymentHarness harness = baking_in_group();
  harness.group = {initiator_now(harness, "api", {"web", "api"})};
  harness.writes_allowed = 0;
  harness.pass_time(10s).reconcile();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  const GroupMember reconciled = harness.group[0];
  harness.initiator = reconciled.rollback;
  harness.group = {GroupMember{.deployment = "api"}};
  harness.writes_allowed = 100;
  harness.restart().reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.restorations == 0);
  // The initiator has a newer template, so its group rollback has ended.
  harness.group = {reconciled};
  harness.group[0].rollback->status.phase = RollbackPhase::Superseded;
  harness.reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.restorations == 0);
}

TEST_CASE("waits for one approval of the group when the policy of any member requires it") {
  DeploymentHarness harness = baking_in_group();
  harness.group = {member_released_with(harness, "zoo")};
  harness.group[0].mode = api::Mode::Approve;
  harness.fail_three_times().reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.restorations == 0);
  CHECK(harness.emitted(Reason::RollbackStarted) == 0);
  harness.approve().reconcile({fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("holds an approved group rollback while a member cannot be rolled back") {
  DeploymentHarness harness = initiator_awaiting_approval();
  SECTION("the member is paused") { harness.group[0].blocked_because = "it is paused"; }
  SECTION("no policy applies to the member any more") {
    harness.group[0].guard.policy.clear();
    harness.group[0].guard.current.reset();
    harness.group[0].blocked_because = "it is paused";
  }
  harness.approve().reconcile_for(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK_THAT(harness.guard.message, mentions({"zoo", "it is paused"}));
  CHECK(harness.restorations == 0);
  harness.group = {member("zoo")};
  harness.reconcile({fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("does not wait for a member that has left the group") {
  DeploymentHarness harness = initiator_awaiting_approval();
  harness.group.clear();
  harness.approve().reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

// db is restored ──▶ restart, and web recovers ──▶ db is reconciled, and web is restored
TEST_CASE("cancels nothing after a restart until all members have been reconciled") {
  DeploymentHarness harness = waiting_initiator();
  restore_db(harness);
  const GroupMember reconciled = harness.group[0];
  harness.group = {GroupMember{.deployment = "db"}};
  harness.restart().reconcile_for(30s, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.phase() == RollbackPhase::Pending);
  harness.group = {reconciled};
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.reconcile({pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("does not wait for a member that opted out or whose rollback a user declined") {
  DeploymentHarness harness = waiting_initiator();
  harness.group.push_back(member("zoo"));
  restore_db(harness);
  harness.group[1].rollback = harness.group[0].rollback;
  harness.group[1].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0] = member("db");
  harness.group[0].guard = {.deployment_uid = Uid("db-uid"), .reason = Reason::PolicyNotFound};
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.state() == held(Reason::GroupOrder));
  SECTION("opted out") { harness.group[0].guard.reason = Reason::NotOptedIn; }
  SECTION("declined") {
    harness.group[0].guard.declined = api::Declined{.rollback = "db-2-77aa", .at = harness.now};
  }
  harness.reconcile({fails("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("completes a started group rollback when its initiator fails") {
  DeploymentHarness harness = waiting_member();
  harness.group.push_back(member("store"));
  api::Rollback restored;
  restored.meta.key.name = "store-2-77aa";
  restored.spec.caused_by = "api-2-9f";
  restored.status.phase = RollbackPhase::Verifying;
  restored.status.template_restored = harness.now;
  harness.group[1].rollback = restored;
  harness.group[0].rollback->status.phase = RollbackPhase::Failed;
  SECTION("the Rollback of this member is recorded") {}
  SECTION("the Rollback of this member is not recorded yet") {
    harness.rollback.reset();
    harness.guard.state = api::State::Evaluating;
    harness.guard.rollback.clear();
    harness.stored_rollbacks.clear();
  }
  harness.reconcile_for(20s, {pass("rollout"), pass("health")});
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE(
    "holds a group rollback, and keeps it pending, when the snapshot of its target is deleted") {
  DeploymentHarness harness = initiator_awaiting_approval();
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::SnapshotMissing,
                                     .message = "web-v1 does not exist"};
  harness.approve().reconcile_for(10s, {fails("health")});
  CHECK(harness.state() == held(Reason::SnapshotMissing));
  CHECK(harness.phase() == RollbackPhase::Pending);
}
