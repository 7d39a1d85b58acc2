// What is recorded and not yet done, when somebody changes their mind or something has gone in the
// meantime.
#include <catch2/catch.hpp>

#include "harness.hpp"
#include "rollback/record.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 is breached, and its rollback is recorded but not carried out.
DeploymentHarness recorded(api::Mode mode = api::Mode::Enforce) {
  DeploymentHarness harness;
  harness.policy.spec.mode = mode;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.steps_allowed = 0;
  harness.fail_thrice().steps_allowed = 100;
  return harness;
}

}  // namespace

TEST_CASE("Set to Approve before anything is touched, what is recorded waits for a person") {
  DeploymentHarness harness = recorded();
  harness.policy.spec.mode = api::Mode::Approve;
  harness.watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.template_changes == 0);
  harness.approve().watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "A check that is taken out of the policy while its rollback waits calls it off, in words") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.policy.spec.checks.clear();
  harness.watch(10s, {pass("rollout")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK_THAT(harness.rollback->status.message, mentions({"revision 2 (web-v2)", "health"}));
  CHECK(harness.emitted(Reason::RollbackCancelled) == 1);
  CHECK(harness.template_changes == 0);
}

TEST_CASE(
    "Approved after something that the old template needs has gone, it is held until that is "
    "back") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::MissingReference,
                                     .message = "ConfigMap app is gone"};
  harness.approve().watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::MissingReference));
  CHECK(harness.template_changes == 0);
  harness.preflight->ready = api::ConditionStatus::True;
  harness.watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "What waits for a server that does not answer says so once on the request, and is not "
    "refused") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look().watch_well(11min);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::Unknown,
                                     .reason = Reason::NotChecked,
                                     .message = "etcd is down"};
  harness.ask();
  harness.look();
  REQUIRE(harness.last.request.has_value());
  CHECK(harness.last.request->phase == api::RollbackPhase::Pending);
  CHECK_THAT(harness.last.request->message, mentions({"etcd is down"}));
  CHECK(harness.template_changes == 0);
}

TEST_CASE(
    "A request for a revision that there is not leaves it to be found out whether the rollback "
    "that is due would work") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::AdmissionDenied,
                                     .message = "a policy says no"};
  harness.watch(20s, {fails("health")}).ask({.to_revision = 99});
  harness.watch(10s, {fails("health")});
  CHECK(harness.template_changes == 0);
  CHECK(harness.records == 0);
}

TEST_CASE(
    "What a person asked for waits where the old template cannot work any more, unless it is "
    "forced") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .pass_time(1h)
      .ship("v2")
      .look()
      .roll_out()
      .look()
      .watch_well(11min);
  harness.steps_allowed = 0;
  const api::Preflight missing{.ready = api::ConditionStatus::False,
                               .reason = Reason::MissingReference,
                               .message = "ConfigMap app is gone"};
  SECTION("held") {
    harness.ask().watch(20s, {});
    REQUIRE(harness.phase() == RollbackPhase::Pending);
    harness.preflight = missing;
    harness.steps_allowed = 100;
    harness.watch(20s, {});
    CHECK(harness.state() == held(Reason::MissingReference));
    CHECK(harness.template_changes == 0);
    harness.preflight->ready = api::ConditionStatus::True;
    harness.watch(20s, {});
    CHECK(harness.on_deployment() == "v1");
  }
  SECTION("forced") {
    harness.ask({.force = true}).watch(20s, {});
    REQUIRE(harness.phase() == RollbackPhase::Pending);
    harness.preflight = missing;
    harness.steps_allowed = 100;
    harness.watch(20s, {});
    CHECK(harness.on_deployment() == "v1");
  }
}

//  health ✗✗✗ recorded ... health ✓ and errors ✗ in one look      a first failure of another check
//  is not its second
TEST_CASE(
    "A rollback that is called off is not begun in the same breath by another check's first "
    "failure") {
  DeploymentHarness harness = recorded();
  harness.policy.spec.checks.push_back({.name = "errors", .interval = 10s, .failure_threshold = 2});
  harness.breaker = {.is_open = true, .message = "too many"};
  harness.look({fails("health")});
  REQUIRE(harness.state() == held(Reason::BreakerOpen));
  harness.breaker = {};
  harness.look({pass("health"), fails("errors")});
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.requeue_at() == Duration{0});
  harness.look();
  CHECK(harness.guard.state == api::State::Evaluating);
  CHECK(harness.template_changes == 0);
  harness.watch(10s, {fails("errors")});
  CHECK(harness.rollback->spec.check == "errors");
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "A check that leaves the policy while another one fails makes room for a record of that one") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.policy.spec.checks = {{.name = "errors", .interval = 10s, .failure_threshold = 2}};
  harness.watch(1min, {fails("errors")});
  CHECK(harness.emitted(Reason::RollbackCancelled) == 1);
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.rollback->spec.check == "errors");
  CHECK(harness.template_changes == 0);
  harness.approve().watch(10s, {fails("errors")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "A rejection that comes after a long wait for approval has its full time before it is given "
    "up") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.watch(1h, {fails("health")});
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::AdmissionDenied,
                                     .message = "a policy says no"};
  harness.approve().watch(10min, {fails("health")});
  CHECK(harness.state() == held(Reason::AdmissionDenied));
  harness.watch(6min, {fails("health")});
  CHECK(harness.state() == frozen(Reason::PatchRejected));
  CHECK_THAT(harness.guard.message, mentions({"revision 2 (web-v2)", "15m", "a policy says no"}));
}

TEST_CASE("A person's no is about one release: the next one that fails is put back") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.rollback->status = rollback::advance(
      harness.rollback->status, api::RollbackPhase::Superseded, "deleted", harness.now);
  harness.guard.declined =
      api::Declined{.rollback = harness.rollback->meta.key.name, .at = harness.now};
  harness.watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::Declined));
  CHECK(harness.records == 1);
  harness.policy.spec.mode = api::Mode::Enforce;
  harness.ship("v3").look().roll_out().look({pass("rollout")}).fail_thrice();
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("A record that waits is remembered until it is over, and one that a person made is not") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.look({fails("health")});
  CHECK(harness.guard.pending == harness.rollback->meta.key.name);
  CHECK(harness.written.pending == harness.guard.pending);
  harness.watch_well(10s).look();
  CHECK(harness.guard.pending.empty());
  harness.steps_allowed = 0;
  harness.ask().watch(20s, {});
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  CHECK(harness.guard.pending.empty());
}

TEST_CASE(
    "What waits stays as it is while a newer template has no ReplicaSet yet, and is not written "
    "again and again") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  REQUIRE(harness.state() == held(Reason::AwaitingApproval));
  harness.executor = false;
  harness.ship_without_set("v3").look().look();
  const std::size_t written = harness.persisted.size();
  for (int i = 0; i < 4; ++i) harness.look();
  CHECK(harness.state() == held(Reason::WaitingForReplicaSet));
  CHECK(harness.persisted.size() == written);
  harness.ship("v3").look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
}

TEST_CASE(
    "What waits while its kept template is deleted is called off, so that another revision can be "
    "chosen") {
  DeploymentHarness harness = recorded(api::Mode::Approve);
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::False,
                                     .reason = Reason::SnapshotMissing,
                                     .message = "web-v1 does not exist"};
  harness.watch(10s, {fails("health")});
  CHECK(harness.server.begin()->second.status.phase == api::RollbackPhase::Superseded);
  CHECK_THAT(harness.server.begin()->second.status.message, mentions({"revision 2 (web-v2)"}));
  CHECK(harness.template_changes == 0);
}
