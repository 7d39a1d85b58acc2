// Observe, Approve, and what a person asks for by a Rollback of their own: told from the breach or the wish to its end.
#include <catch2/catch.hpp>

#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// v1 was good, v2 bakes.
Life baking(api::Mode mode = api::Mode::Enforce) {
  Life life;
  life.guarding.spec.mode = mode;
  return life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
}

// v1 and v2 were good, v3 is.
Life three_good() {
  Life life = baking();
  return life.watch_well(11min).ship("v3").look().roll_out().look().watch_well(11min);
}

}  // namespace

TEST_CASE("A Rollback that waits says so while what governs cannot be understood, and what it waits for once that is mended") {
  Life life = baking(api::Mode::Approve);
  life.fail_thrice().look();
  const auto message = [&] { return life.server.at(life.guard.rollback).status.message; };
  REQUIRE(message().starts_with("It waits, AwaitingApproval: "));
  const auto governed = life.guarding;
  life.break_policy().look().look();
  CHECK(message() == "It waits, PolicyNotFound: There is none");
  life.guarding = governed;
  life.look().fail_thrice();
  CHECK(message().starts_with("It waits, AwaitingApproval: "));
  CHECK(life.template_changes == 0);
}

//  v2 ✗✗✗ ─▶ Held Observing, one record ─▶ passes ─▶ judged on
TEST_CASE("Observe records once what it would have done, and touches nothing") {
  Life life = baking(api::Mode::Observe);
  life.fail_thrice();
  CHECK(life.standing() == "Held Observing");
  CHECK(life.act() == "RecordObserved");
  REQUIRE(life.server.contains("web-2-1b4e-observed"));
  const api::Rollback& record = life.server.at("web-2-1b4e-observed");
  CHECK(record.status.phase == RollbackPhase::Observed);
  CHECK(record.status.finished == life.now);
  CHECK(record.spec.mode == api::Mode::Observe);
  CHECK(record.spec.check == "health");
  CHECK(record.spec.to.hash == TemplateHash("v1"));
  CHECK(record.spec.policy == "RollbackPolicy/web");
  life.watch(10min, {fails("health")});
  CHECK(life.act().empty());
  CHECK(life.server.size() == 1);
  CHECK(life.told("RollbackHeld") == 1);
  CHECK(life.template_changes == 0);
  life.watch_well(10s);
  CHECK(life.standing() == "Watching Baking");
}

TEST_CASE("Observed and then enforced, the release is put back while it still fails") {
  Life life = baking(api::Mode::Observe);
  life.fail_thrice().guarding.spec.mode = api::Mode::Enforce;
  life.watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("Set to observe before anything is touched, what is recorded is not carried out") {
  Life life = baking();
  life.steps_allowed = 0;
  life.fail_thrice().steps_allowed = 100;
  life.guarding.spec.mode = api::Mode::Observe;
  life.watch(1min, {fails("health")});
  CHECK(life.standing() == "Held Observing");
  CHECK(life.template_changes == 0);
}

//  v2 ✗✗✗ ─▶ recorded, Held AwaitingApproval ─▶ approved ─▶ v1
TEST_CASE("Approve records the rollback and waits, and goes on when a person approves") {
  Life life = baking(api::Mode::Approve);
  life.fail_thrice();
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.act() == "StartRollback");
  CHECK(life.phase() == "Pending");
  CHECK(life.rollback->spec.mode == api::Mode::Approve);
  life.watch(1h, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.template_changes == 0);
  CHECK(life.rollback->status.message.starts_with("It waits, AwaitingApproval: Rollback web-2-1b4e waits for approval: kubectl"));
  CHECK(life.told("RollbackStarted") == 0);
  CHECK(life.told("RollbackHeld") == 1);
  std::string how;
  SECTION("on the Rollback") {
    life.approve();
    how = "A person approved it, by spec.approved of the Rollback";
  }
  SECTION("on the Deployment, after another was named there") {
    life.guarding.approve = "web-1-1b4e";
    life.watch(10s, {fails("health")});
    CHECK(life.standing() == "Held AwaitingApproval");
    CHECK(life.rollback->status.message.ends_with("lastgood.dev/approve names web-1-1b4e, which is not it"));
    CHECK(life.told("RollbackHeld") == 2);
    life.guarding.approve = "web-2-1b4e";
    how = "A person approved it, by lastgood.dev/approve on the Deployment";
  }
  life.watch(10s, {fails("health")});
  CHECK(life.told("RollbackStarted") == 1);
  CHECK(std::ranges::count(life.rollback->status.timeline, how, &api::Moment::what) == 1);
  CHECK(life.on_deployment() == "v1");
  life.pass_time(1s).look().roll_out().look().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.template_changes == 1);
}

TEST_CASE("What waits for approval and gets well is cancelled, and judged on") {
  Life life = baking(api::Mode::Approve);
  life.fail_thrice().watch_well(10s);
  CHECK(life.phase() == "Superseded");
  CHECK(life.told("RollbackCancelled") == 1);
  life.look();
  CHECK(life.guard.state == api::State::Watching);
}

TEST_CASE("Approved when it does not fail any more, it is put back only when it fails again") {
  Life life = baking(api::Mode::Approve);
  life.fail_thrice().watch(1h, {unknown("health")}).approve().look();
  CHECK(life.standing() == "Held Unconfirmed");
  CHECK(life.template_changes == 0);
  life.watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A newer template while it waits for approval supersedes the rollback, and an approval comes too late") {
  Life life = baking(api::Mode::Approve);
  life.fail_thrice().ship("v3").look();
  CHECK(life.phase() == "Superseded");
  life.approve().watch(1min, {});
  CHECK(life.template_changes == 0);
}

TEST_CASE("A restart while it waits for approval changes nothing of it") {
  Life life = baking(api::Mode::Approve);
  life.fail_thrice().restart().watch(10s, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  life.approve().watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
  CHECK(life.records == 1);
}

//  v3 is good ─▶ a person asks ─▶ v2
TEST_CASE("A person who asks for a rollback gets the last good revision, with the same record and verification") {
  Life life = three_good();
  life.ask().look();
  CHECK(life.standing() == "RollingBack RequestedByHand");
  CHECK(life.act() == "BindRequest");
  CHECK(life.rollback->spec.from.hash == TemplateHash("v3"));
  CHECK(life.rollback->spec.to.hash == TemplateHash("v2"));
  CHECK(life.rollback->spec.generation == life.deployment.meta.generation);
  CHECK(life.wake() == Duration{0});
  life.look();
  CHECK(life.on_deployment() == "v2");
  life.pass_time(1s).look().roll_out().look().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.phase() == "Succeeded");
  CHECK(life.verdict("v3") == "RolledBack");
  CHECK(life.template_changes == 1);
  CHECK(life.guard.rollbacks.empty());
}

TEST_CASE("A person may name the revision") {
  Life life = three_good();
  life.ask({.to_revision = 1}).look().look();
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("What a person asks for is done although the policy observes, a limit is reached or the breaker is open") {
  Life life = three_good();
  life.guarding.spec.mode = GENERATE(api::Mode::Observe, api::Mode::Approve, api::Mode::Enforce);
  life.guarding.spec.limit = {.count = 1, .within = 24h};
  life.guard.rollbacks = {{.name = "earlier", .at = life.now}};
  life.breaker = {.is_open = true, .message = "many fail"};
  life.ask().look().look();
  CHECK(life.on_deployment() == "v2");
}

TEST_CASE("What a person asks for is refused with a reason where it would do harm, and forced it is done") {
  Life life = three_good();
  SECTION("suspended") { life.suspend(); }
  SECTION("to be left alone") { life.guarding.pause_until = life.now + 1h; }
  SECTION("past a mark") { life.guard.current->no_rollback_past = true; }
  SECTION("something that it names is missing") {
    life.preflight->ready = api::Truth::False;
    life.preflight->reason = "MissingReference";
  }
  life.ask().look().look();
  CHECK(life.server.at("by-hand-0").status.phase == RollbackPhase::Refused);
  CHECK(life.told("RollbackRefused") == 1);
  CHECK(life.template_changes == 0);
  life.ask({.force = true}).look().look();
  CHECK(life.on_deployment() == "v2");
}

TEST_CASE("Forced, a suspended policy still judges nothing: the end is seen when it is not suspended any more") {
  Life life = three_good();
  life.suspend().ask({.force = true}).look().look().pass_time(1s).look().roll_out().watch(1h, {});
  CHECK(life.on_deployment() == "v2");
  CHECK(life.standing() == "RollingBack Suspended");
  life.suspend(false).look().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
}

TEST_CASE("What could not be seen to work is not refused for good: it waits") {
  Life life = three_good();
  life.preflight.reset();
  life.ask().look();
  CHECK(life.act().empty());
  CHECK(life.wake().value() <= Duration{50ms});
  life.preflight = api::Preflight{.ready = api::Truth::True, .reason = "Ready"};
  life.look().look();
  CHECK(life.on_deployment() == "v2");
}

TEST_CASE("A request while a rollback is under way is refused, and does not disturb it") {
  Life life = baking();
  life.fail_thrice().ask().look();
  CHECK(life.server.at("by-hand-1").status.phase == RollbackPhase::Refused);
  life.pass_time(1s).look().roll_out().look().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.template_changes == 1);
}

TEST_CASE("A request ends a freeze's silence: a person who asks is needed no more") {
  Life life = baking();
  life.guarding.spec.limit = {.count = 1, .within = 24h};
  life.guard.rollbacks = {{.name = "earlier", .at = life.now}};
  life.fail_thrice();
  REQUIRE(life.standing() == "Frozen LimitReached");
  life.ask().look().look();
  CHECK(life.on_deployment() == "v1");
  CHECK_FALSE(life.guard.freeze.has_value());
}

TEST_CASE("Killed between the binding and the patch, a request is gone on with") {
  Life life = three_good();
  life.ask().look();
  REQUIRE(life.act() == "BindRequest");
  const std::size_t moment = life.persisted.size();
  for (std::size_t i = 0; i <= moment; ++i) {
    CAPTURE(i);
    Life next = life;
    next.restart_with(i == 0 ? api::GuardStatus{} : life.persisted[i - 1]);
    next.look().look();
    CHECK(next.on_deployment() == "v2");
    next.pass_time(1s).look().roll_out().look().watch_well(6min);
    CHECK(next.standing() == "Idle RolledBack");
    CHECK(next.template_changes == 1);
  }
}

TEST_CASE("A check that fails already before the release has a pod holds it, until the release fails on its own") {
  Life life = baking();
  life.watch(30s, {fails_as_before("health", true)});
  CHECK(life.standing() == "Held AlreadyFailing");
  api::Sample own = fails("health");
  own.comparison = api::Comparison{.result = api::SampleResult::Pass};
  life.watch(10s, {own});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A check that fails just the same for the old revision holds the release, and passing ends the breach") {
  Life life = baking();
  life.watch(30s, {fails_as_before("health", false)});
  CHECK(life.standing() == "Held SharedCause");
  life.watch_well(10s);
  CHECK(life.standing() == "Watching Baking");
  CHECK_FALSE(life.guard.checks[1].comparison.has_value());
  CHECK(life.template_changes == 0);
}
