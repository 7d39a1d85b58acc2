// Observe, Approve, and what a person asks for by a Rollback of their own: emitted from the breach
// or the wish to its end.
#include <catch2/catch.hpp>

#include "harness.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// v1 was good, v2 bakes.
DeploymentHarness baking(api::Mode mode = api::Mode::Enforce) {
  DeploymentHarness harness;
  harness.policy.spec.mode = mode;
  return harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .pass_time(1h)
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")});
}

// v1 and v2 were good, v3 is.
DeploymentHarness three_good() {
  DeploymentHarness harness = baking();
  return harness.watch_well(11min).ship("v3").look().roll_out().look().watch_well(11min);
}

}  // namespace

TEST_CASE(
    "A Rollback that waits says so while what governs cannot be understood, and what it waits for "
    "once that is mended") {
  DeploymentHarness harness = baking(api::Mode::Approve);
  harness.fail_thrice().look();
  const auto status = [&] { return harness.server.at(harness.guard.rollback).status; };
  REQUIRE(status().waiting_for == Reason::AwaitingApproval);
  const auto governed = harness.policy;
  harness.break_policy().look().look();
  CHECK(status().waiting_for == Reason::PolicyNotFound);
  CHECK_THAT(status().message, mentions({"There is none"}));
  harness.policy = governed;
  harness.look().fail_thrice();
  CHECK(status().waiting_for == Reason::AwaitingApproval);
  CHECK(harness.template_changes == 0);
}

//  v2 ✗✗✗ ─▶ Held Observing, one record ─▶ passes ─▶ judged on
TEST_CASE("Observe records once what it would have done, and touches nothing") {
  DeploymentHarness harness = baking(api::Mode::Observe);
  harness.fail_thrice();
  CHECK(harness.state() == held(Reason::Observing));
  CHECK(harness.action() == ActionKind::RecordObserved);
  REQUIRE(harness.server.contains("web-2-1b4e-observed"));
  const api::Rollback& record = harness.server.at("web-2-1b4e-observed");
  CHECK(record.status.phase == RollbackPhase::Observed);
  CHECK(record.status.finished == harness.now);
  CHECK(record.spec.mode == api::Mode::Observe);
  CHECK(record.spec.check == "health");
  CHECK(record.spec.to.hash == TemplateHash("v1"));
  CHECK(record.spec.policy == "RollbackPolicy/web");
  harness.watch(10min, {fails("health")});
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.server.size() == 1);
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  CHECK(harness.template_changes == 0);
  harness.watch_well(10s);
  CHECK(harness.state() == evaluating(Reason::Baking));
}

TEST_CASE("Observed and then enforced, the release is put back while it still fails") {
  DeploymentHarness harness = baking(api::Mode::Observe);
  harness.fail_thrice().policy.spec.mode = api::Mode::Enforce;
  harness.watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE("Set to observe before anything is touched, what is recorded is not carried out") {
  DeploymentHarness harness = baking();
  harness.steps_allowed = 0;
  harness.fail_thrice().steps_allowed = 100;
  harness.policy.spec.mode = api::Mode::Observe;
  harness.watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::Observing));
  CHECK(harness.template_changes == 0);
}

//  v2 ✗✗✗ ─▶ recorded, Held AwaitingApproval ─▶ approved ─▶ v1
TEST_CASE("Approve records the rollback and waits, and goes on when a person approves") {
  DeploymentHarness harness = baking(api::Mode::Approve);
  harness.fail_thrice();
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.action() == ActionKind::StartRollback);
  CHECK(harness.phase() == RollbackPhase::Pending);
  CHECK(harness.rollback->spec.mode == api::Mode::Approve);
  harness.watch(1h, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  CHECK(harness.template_changes == 0);
  CHECK(harness.rollback->status.waiting_for == Reason::AwaitingApproval);
  CHECK_THAT(harness.rollback->status.message, mentions({"web-2-1b4e", "kubectl"}));
  CHECK(harness.emitted(Reason::RollbackStarted) == 0);
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  std::string how;
  SECTION("on the Rollback") {
    harness.approve();
    how = "spec.approved of the Rollback";
  }
  SECTION("on the Deployment, after another was named there") {
    harness.policy.approve = "web-1-1b4e";
    harness.watch(10s, {fails("health")});
    CHECK(harness.state() == held(Reason::AwaitingApproval));
    CHECK_THAT(harness.rollback->status.message, mentions({"lastgood.dev/approve", "web-1-1b4e"}));
    CHECK(harness.emitted(Reason::RollbackHeld) == 2);
    harness.policy.approve = "web-2-1b4e";
    how = "lastgood.dev/approve on the Deployment";
  }
  harness.watch(10s, {fails("health")});
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  CHECK(harness.rollback->status.approved_by == how);
  const auto names_approval = [&](const api::TimelineEntry& entry) {
    return entry.message.contains(how);
  };
  CHECK(std::ranges::count_if(harness.rollback->status.timeline, names_approval) == 1);
  CHECK(harness.on_deployment() == "v1");
  harness.pass_time(1s).look().roll_out().look().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.template_changes == 1);
}

TEST_CASE("What waits for approval and gets well is cancelled, and judged on") {
  DeploymentHarness harness = baking(api::Mode::Approve);
  harness.fail_thrice().watch_well(10s);
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.emitted(Reason::RollbackCancelled) == 1);
  harness.look();
  CHECK(harness.guard.state == api::State::Evaluating);
}

TEST_CASE("Approved when it does not fail any more, it is put back only when it fails again") {
  DeploymentHarness harness = baking(api::Mode::Approve);
  harness.fail_thrice().watch(1h, {unknown("health")}).approve().look();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.template_changes == 0);
  harness.watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "A newer template while it waits for approval supersedes the rollback, and an approval comes "
    "too late") {
  DeploymentHarness harness = baking(api::Mode::Approve);
  harness.fail_thrice().ship("v3").look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  harness.approve().watch(1min, {});
  CHECK(harness.template_changes == 0);
}

TEST_CASE("A restart while it waits for approval changes nothing of it") {
  DeploymentHarness harness = baking(api::Mode::Approve);
  harness.fail_thrice().restart().watch(10s, {fails("health")});
  CHECK(harness.state() == held(Reason::AwaitingApproval));
  harness.approve().watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.records == 1);
}

//  v3 is good ─▶ a person asks ─▶ v2
TEST_CASE(
    "A person who asks for a rollback gets the last good revision, with the same record and "
    "verification") {
  DeploymentHarness harness = three_good();
  harness.ask().look();
  CHECK(harness.state() == rolling_back(Reason::RequestedManually));
  CHECK(harness.action() == ActionKind::BindRequest);
  CHECK(harness.rollback->spec.from.hash == TemplateHash("v3"));
  CHECK(harness.rollback->spec.to.hash == TemplateHash("v2"));
  CHECK(harness.rollback->spec.generation == harness.deployment.meta.generation);
  CHECK(harness.requeue_at() == Duration{0});
  harness.look();
  CHECK(harness.on_deployment() == "v2");
  harness.pass_time(1s).look().roll_out().look().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.verdict("v3") == RevisionVerdict::RolledBack);
  CHECK(harness.template_changes == 1);
  CHECK(harness.guard.rollbacks.empty());
}

TEST_CASE("A person may name the revision") {
  DeploymentHarness harness = three_good();
  harness.ask({.to_revision = 1}).look().look();
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "What a person asks for is done although the policy observes, a limit is reached or the "
    "breaker is open") {
  DeploymentHarness harness = three_good();
  harness.policy.spec.mode = GENERATE(api::Mode::Observe, api::Mode::Approve, api::Mode::Enforce);
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.guard.rollbacks = {{.name = "earlier", .at = harness.now}};
  harness.breaker = {.is_open = true, .message = "many fail"};
  harness.ask().look().look();
  CHECK(harness.on_deployment() == "v2");
}

TEST_CASE(
    "What a person asks for is refused with a reason where it would do harm, and forced it is "
    "done") {
  DeploymentHarness harness = three_good();
  SECTION("suspended") { harness.suspend(); }
  SECTION("to be left alone") { harness.policy.pause_until = harness.now + 1h; }
  SECTION("past a mark") { harness.guard.current->no_rollback_past = true; }
  SECTION("something that it names is missing") {
    harness.preflight->ready = api::ConditionStatus::False;
    harness.preflight->reason = Reason::MissingReference;
  }
  harness.ask().look().look();
  CHECK(harness.server.at("by-hand-0").status.phase == RollbackPhase::Rejected);
  CHECK(harness.emitted(Reason::RollbackRejected) == 1);
  CHECK(harness.template_changes == 0);
  harness.ask({.force = true}).look().look();
  CHECK(harness.on_deployment() == "v2");
}

TEST_CASE(
    "Forced, a suspended policy still judges nothing: the end is seen when it is not suspended any "
    "more") {
  DeploymentHarness harness = three_good();
  harness.suspend()
      .ask({.force = true})
      .look()
      .look()
      .pass_time(1s)
      .look()
      .roll_out()
      .watch(1h, {});
  CHECK(harness.on_deployment() == "v2");
  CHECK(harness.state() == rolling_back(Reason::Suspended));
  harness.suspend(false).look().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE("What could not be seen to work is not refused for good: it waits") {
  DeploymentHarness harness = three_good();
  harness.preflight.reset();
  harness.ask().look();
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.requeue_at().value() <= Duration{50ms});
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::True, .reason = Reason::Ready};
  harness.look().look();
  CHECK(harness.on_deployment() == "v2");
}

TEST_CASE("A request while a rollback is under way is refused, and does not disturb it") {
  DeploymentHarness harness = baking();
  harness.fail_thrice().ask().look();
  CHECK(harness.server.at("by-hand-1").status.phase == RollbackPhase::Rejected);
  harness.pass_time(1s).look().roll_out().look().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.template_changes == 1);
}

TEST_CASE("A request ends a freeze's silence: a person who asks is needed no more") {
  DeploymentHarness harness = baking();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.guard.rollbacks = {{.name = "earlier", .at = harness.now}};
  harness.fail_thrice();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  harness.ask().look().look();
  CHECK(harness.on_deployment() == "v1");
  CHECK_FALSE(harness.guard.freeze.has_value());
}

TEST_CASE("Killed between the binding and the patch, a request is gone on with") {
  DeploymentHarness harness = three_good();
  harness.ask().look();
  REQUIRE(harness.action() == ActionKind::BindRequest);
  const std::size_t moment = harness.persisted.size();
  for (std::size_t i = 0; i <= moment; ++i) {
    CAPTURE(i);
    DeploymentHarness next = harness;
    next.restart_with(i == 0 ? api::GuardStatus{} : harness.persisted[i - 1]);
    next.look().look();
    CHECK(next.on_deployment() == "v2");
    next.pass_time(1s).look().roll_out().look().watch_well(6min);
    CHECK(next.state() == idle(Reason::RolledBack));
    CHECK(next.template_changes == 1);
  }
}

TEST_CASE(
    "A check that fails already before the release has a pod holds it, until the release fails on "
    "its own") {
  DeploymentHarness harness = baking();
  harness.watch(30s, {fails_as_before("health", true)});
  CHECK(harness.state() == held(Reason::AlreadyFailing));
  api::Measurement own = fails("health");
  own.baseline = api::BaselineResult{.result = api::MeasurementResult::Pass};
  harness.watch(10s, {own});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "A check that fails just the same for the old revision holds the release, and passing ends the "
    "breach") {
  DeploymentHarness harness = baking();
  harness.watch(30s, {fails_as_before("health", false)});
  CHECK(harness.state() == held(Reason::SharedCause));
  harness.watch_well(10s);
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK_FALSE(harness.guard.checks[1].baseline.has_value());
  CHECK(harness.template_changes == 0);
}
