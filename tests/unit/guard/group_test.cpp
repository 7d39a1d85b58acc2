// A member of a group over time: whom it waits for, and what becomes of it when the others change
// their minds.
#include <catch2/catch.hpp>

#include "golden.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// "web" is judged; its group has "api" in it, which has called both back and goes first.
DeploymentHarness called() {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.group = {leader("api", {"api", "web"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.pass_time(10s).look();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  REQUIRE(harness.rollback->spec.caused_by == "api-2-9f");
  return harness;
}

// "web" leads, and waits for "db", which goes first.
DeploymentHarness leading() {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.policy.group_order = 1;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.group = {member("db")};
  harness.group[0].guard.evaluation_started = harness.group[0].guard.current->since = harness.now;
  harness.fail_thrice().look({fails("health")});
  REQUIRE(harness.state() == held(Reason::GroupOrder));
  return harness;
}

// "db" has gone back for "web".
void db_goes_back(DeploymentHarness& harness) {
  api::Rollback back;
  back.meta.key.name = "db-2-77aa";
  back.spec.caused_by = harness.rollback->meta.key.name;
  back.status.phase = RollbackPhase::Restored;
  back.status.template_restored = harness.now;
  harness.group[0].rollback = back;
}

// "web" leads, "zoo" comes after it, and a person is to approve.
DeploymentHarness approving() {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.policy.spec.mode = api::Mode::Approve;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.group = {member("zoo")};
  harness.group[0].guard.evaluation_started = harness.group[0].guard.current->since = harness.now;
  harness.fail_thrice().look({fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  return harness;
}

}  // namespace

TEST_CASE("Taken out of the group while it waits, a member stays where it is, and says why") {
  DeploymentHarness harness = called();
  harness.initiator = harness.group[0].rollback;
  harness.policy.group.clear();
  harness.group.clear();
  harness.watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK_THAT(harness.rollback->status.message,
             mentions({"revision 2 (web-v2)", "shop", "api-2-9f"}));
  CHECK(harness.template_changes == 0);
}

TEST_CASE("A member whose call is gone stays where it is, and says why") {
  DeploymentHarness harness = called();
  harness.group[0].rollback.reset();
  harness.watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK_THAT(harness.rollback->status.message, mentions({"revision 2 (web-v2)", "api-2-9f"}));
  CHECK(harness.template_changes == 0);
}

//  api: back, done ---- a person rolls it back once more        web waits for approval all the
//  while
TEST_CASE("A member goes back although who called it has been rolled back by hand since") {
  DeploymentHarness harness = called();
  harness.policy.pause_until = harness.now + 5min;
  harness.initiator = harness.group[0].rollback;
  harness.initiator->status.phase = RollbackPhase::Succeeded;
  harness.initiator->status.template_restored = harness.now;
  harness.group[0].rollback->meta.key.name = "by-hand";
  harness.group[0].rollback->spec.group.reset();
  harness.group[0].rollback->status.phase = RollbackPhase::Succeeded;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.group[0].rollback->spec.to.hash = harness.group[0].guard.current->hash;
  harness.watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::PausedUntil));
  harness.watch(5min, {pass("rollout"), pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Who may not be rolled back any more is not called, and is judged on") {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = harness.now};
  harness.group = {leader("api", {"api", "web"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.group[0].rollback->status.phase = RollbackPhase::Succeeded;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.watch_well(11min);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.records == 0);
}

TEST_CASE("After a restart a member waits until it has been looked at who called it") {
  DeploymentHarness harness = called();
  const GroupMember known = harness.group[0];
  harness.initiator = known.rollback;
  harness.group = {GroupMember{.deployment = "api"}};
  harness.restart().watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.template_changes == 0);
  harness.group = {known};
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0].rollback->status.template_restored = harness.now;
  harness.look();
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("ProbeTarget the others have gone back for goes back too, although it got well by that") {
  DeploymentHarness harness = leading();
  db_goes_back(harness);
  harness.watch(30s, {pass("rollout"), pass("health")});
  CHECK(harness.phase() == RollbackPhase::Pending);
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.look({pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Before anybody has gone back, who got well calls its group off") {
  DeploymentHarness harness = leading();
  harness.look({pass("health")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.template_changes == 0);
}

TEST_CASE("What was rolled back once is not called back over and over") {
  DeploymentHarness harness = called();
  harness.rollback->status.phase = RollbackPhase::Failed;
  harness.rollback->status.template_restored = harness.now;
  harness.server[harness.rollback->meta.key.name] = *harness.rollback;
  harness.look();
  REQUIRE(harness.guard.state == api::State::Frozen);
  // A person takes the freeze away, and judges the release again.
  harness.guard.freeze.reset();
  harness.guard.rollback.clear();
  harness.rollback->spec.caused_by = "api-1-9f";
  const int emitted = harness.emitted(Reason::RollbackStarted);
  harness.watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.emitted(Reason::RollbackStarted) == emitted);
  CHECK(harness.template_changes == 0);
}

TEST_CASE(
    "A member whose record cannot be written says once that it is put back, and tries again") {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.group = {leader("api", {"api", "web"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.can_record = false;
  harness.watch(50s, {pass("rollout")});
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  CHECK(harness.state() == rolling_back(Reason::GroupRolledBack));
  harness.can_record = true;
  harness.watch(10s, {pass("rollout")});
  CHECK(harness.phase() == RollbackPhase::Pending);
}

TEST_CASE(
    "Shipped anew at the moment of the call, a member's old record ends before another one "
    "begins") {
  DeploymentHarness harness = called();
  harness.group[0].rollback->meta.key.name = "api-3-9f";
  harness.group[0].guard.rollback = "api-3-9f";
  harness.group[0].rollback->spec.detected = harness.now;
  const std::string first = harness.rollback->meta.key.name;
  harness.ship("v3").look();
  CHECK(harness.server.at(first).status.phase == RollbackPhase::Superseded);
  CHECK(harness.records == 1);
  CHECK(harness.requeue_at() == Duration{0});
  harness.look();
  CHECK(harness.records == 2);
}

TEST_CASE("A group that has begun is finished, also where its own rollbacks open the breaker") {
  DeploymentHarness harness = leading();
  db_goes_back(harness);
  harness.watch(10s, {fails("health")});
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.breaker = {.is_open = true, .message = "too many"};
  harness.look({fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "After a restart the first in the order waits too until it has been looked at who called it") {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.group = {leader("api", {"web", "api"})};
  harness.group[0].rollback->spec.detected = harness.now + 1s;
  harness.steps_allowed = 0;
  harness.pass_time(10s).look();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  const GroupMember known = harness.group[0];
  harness.initiator = known.rollback;
  harness.group = {GroupMember{.deployment = "api"}};
  harness.steps_allowed = 100;
  harness.restart().watch(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.template_changes == 0);
  // Who called has a newer template: its call is over.
  harness.group = {known};
  harness.group[0].rollback->status.phase = RollbackPhase::Superseded;
  harness.look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.template_changes == 0);
}

TEST_CASE("A person is asked once for the whole group, where the policy of any of it says so") {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.group = {member("zoo")};
  harness.group[0].guard.evaluation_started = harness.group[0].guard.current->since = harness.now;
  harness.group[0].mode = api::Mode::Approve;
  harness.fail_thrice().watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.template_changes == 0);
  CHECK(harness.emitted(Reason::RollbackStarted) == 0);
  harness.approve().look({fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "Approved after one of the group cannot go any more, none of it goes until that one can") {
  DeploymentHarness harness = approving();
  SECTION("it is paused") { harness.group[0].blocked_because = "it is paused"; }
  SECTION("nothing governs it any more") {
    harness.group[0].guard.policy.clear();
    harness.group[0].guard.current.reset();
    harness.group[0].blocked_because = "it is paused";
  }
  harness.approve().watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK_THAT(harness.guard.message, mentions({"zoo", "it is paused"}));
  CHECK(harness.template_changes == 0);
  harness.group = {member("zoo")};
  harness.look({fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Who has left the group does not hold a recorded call") {
  DeploymentHarness harness = approving();
  harness.group.clear();
  harness.approve().watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

//  db is back for web ---- restart, db not looked at yet, web ✓ ---- db looked at        web goes
//  back too
TEST_CASE("After a restart nobody of a group calls it off before all of it were looked at") {
  DeploymentHarness harness = leading();
  db_goes_back(harness);
  const GroupMember known = harness.group[0];
  harness.group = {GroupMember{.deployment = "db"}};
  harness.restart().watch(30s, {pass("rollout"), pass("health")});
  CHECK(harness.state() == held(Reason::GroupBlocked));
  CHECK(harness.phase() == RollbackPhase::Pending);
  harness.group = {known};
  harness.group[0].rollback->status.phase = RollbackPhase::Verifying;
  harness.look({pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "Once others have gone back nobody is waited for who has opted out or of whom a person has "
    "said no") {
  DeploymentHarness harness = leading();
  harness.group.push_back(member("zoo"));
  db_goes_back(harness);
  harness.group[1].rollback = harness.group[0].rollback;
  harness.group[1].rollback->status.phase = RollbackPhase::Verifying;
  harness.group[0] = member("db");
  harness.group[0].guard = {.deployment_uid = Uid("db-uid"), .reason = Reason::PolicyNotFound};
  harness.watch(10s, {fails("health")});
  CHECK(harness.state() == held(Reason::GroupOrder));
  SECTION("opted out") { harness.group[0].guard.reason = Reason::NotOptedIn; }
  SECTION("declined") {
    harness.group[0].guard.declined = api::Declined{.rollback = "db-2-77aa", .at = harness.now};
  }
  harness.look({fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("A group that has begun is finished although the one that called comes to nothing") {
  DeploymentHarness harness = called();
  harness.group.push_back(member("store"));
  api::Rollback back;
  back.meta.key.name = "store-2-77aa";
  back.spec.caused_by = "api-2-9f";
  back.status.phase = RollbackPhase::Verifying;
  back.status.template_restored = harness.now;
  harness.group[1].rollback = back;
  harness.group[0].rollback->status.phase = RollbackPhase::Failed;
  SECTION("its Rollback is recorded") {}
  SECTION("it is not even recorded yet") {
    harness.rollback.reset();
    harness.guard.state = api::State::Evaluating;
    harness.guard.rollback.clear();
    harness.server.clear();
  }
  harness.watch(20s, {pass("rollout"), pass("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("What goes back with its group is not chosen anew when its kept template is deleted") {
  DeploymentHarness harness = approving();
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::SnapshotMissing,
                                     .message = "web-v1 does not exist"};
  harness.approve().watch(10s, {fails("health")});
  CHECK(harness.state() == held(Reason::SnapshotMissing));
  CHECK(harness.phase() == RollbackPhase::Pending);
}
