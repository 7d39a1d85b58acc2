// What people say must be left alone is left alone, in every state: opted out, broken, paused,
// suspended, scaled to zero, deleted.
#include <catch2/catch.hpp>

#include "harness.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

DeploymentHarness running() {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().pass_time(1h);
  return harness;
}

DeploymentHarness baking() {
  DeploymentHarness harness = running();
  harness.ship("v2").look().roll_out().look({pass("rollout")});
  return harness;
}

// Recorded, and not touched yet.
DeploymentHarness pending() {
  DeploymentHarness harness = baking();
  harness.steps_allowed = 0;
  harness.fail_thrice();
  harness.steps_allowed = 100;
  return harness;
}

DeploymentHarness restored() { return baking().fail_thrice().pass_time(1s).look(); }

}  // namespace

TEST_CASE(
    "Opted out while baking: nothing is judged, and opted in again the release is judged from the "
    "beginning") {
  DeploymentHarness harness = baking();
  harness.watch(20s, {fails("health")}).opt_out().watch(1h, {fails("health")});
  CHECK(harness.state() == idle(Reason::NotOptedIn));
  CHECK_FALSE(harness.current().has_value());
  CHECK(harness.template_changes == 0);
  harness.opt_in().look();
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  harness.watch(20s, {fails("health")});
  CHECK(harness.template_changes == 0);
  harness.watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "Opted out before the Deployment is touched: the Rollback is superseded and never done later") {
  DeploymentHarness harness = pending();
  harness.opt_out().look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  harness.pass_time(24h).opt_in().watch_well(11min);
  CHECK(harness.template_changes == 0);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE(
    "Opted out after the template is back: the bad one stays quarantined, and the good one known "
    "as good") {
  DeploymentHarness harness = restored();
  harness.opt_out().look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  harness.roll_out().opt_in().look();
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  CHECK(harness.emitted(Reason::RolledBack) == 1);
}

TEST_CASE("Opted out and in again, a revision that was breached is judged, not presumed good") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 24h;
  harness.fail_thrice().opt_out().look().opt_in().look();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

TEST_CASE(
    "A policy that breaks while a release bakes: nothing counts from then, and it bakes anew when "
    "it is mended") {
  DeploymentHarness harness = baking();
  harness.watch_well(9min).break_policy().watch_well(1h);
  CHECK(harness.state() == evaluating(Reason::PolicyNotFound));
  CHECK(harness.emitted(Reason::PolicyNotFound) == 1);
  harness.opt_in().watch_well(9min);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch_well(2min);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE(
    "A policy that breaks while a release is held lets go of the breach, which must be seen "
    "again") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 1min;
  harness.fail_thrice();
  REQUIRE(harness.state() == held(Reason::PausedUntil));
  harness.break_policy().watch(10min, {}).opt_in().look();
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.template_changes == 0);
  harness.fail_thrice();
  CHECK(harness.on_deployment() == "v1");
}

TEST_CASE(
    "A policy that breaks while a rollback is under way stops it where it stands, and mended it "
    "goes on") {
  DeploymentHarness harness = pending();
  SECTION("before the patch") {
    harness.break_policy().watch(1h, {});
    CHECK(harness.template_changes == 0);
  }
  SECTION("after the patch") {
    harness.look().break_policy().roll_out().watch(1h, {});
    CHECK(harness.state() == rolling_back(Reason::PolicyNotFound));
  }
  SECTION("while it is verified") {
    harness.look().roll_out().look().watch_well(4min).break_policy().watch(1h, {});
    CHECK(harness.state() == verifying(Reason::PolicyNotFound));
  }
  harness.opt_in().watch(20s, {});
  // Not touched yet, it must be seen to fail still.
  if (harness.on_deployment() == "v2") harness.fail_thrice();
  harness.watch(20s, {}).roll_out().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.template_changes == 1);
}

TEST_CASE("What nothing governs is not ready to be rolled back, and says why") {
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
  const auto ready = [&] {
    return *api::find_condition(harness.guard.conditions, "RollbackReady");
  };
  REQUIRE(ready().status == api::ConditionStatus::True);
  harness.break_policy().look();
  CHECK(ready().status == api::ConditionStatus::False);
  CHECK(ready().reason == to_string(Reason::PolicyNotFound));
  CHECK(ready().message == "There is none");
  harness.opt_out().look();
  CHECK(ready().status == api::ConditionStatus::False);
  CHECK(ready().reason == to_string(Reason::NotOptedIn));
}

TEST_CASE(
    "A policy that breaks while all is well is said, nothing else happens, and mended it is said "
    "again what runs") {
  DeploymentHarness harness = running();
  const auto breaks_and_is_mended = [&] {
    const auto [reason, current] = std::pair(harness.guard.reason, harness.current());
    const int emitted = harness.emitted(Reason::PolicyNotFound);
    harness.break_policy().look().look();
    CHECK(harness.state() == idle(Reason::PolicyNotFound));
    CHECK(harness.guard.message == "There is none");
    CHECK(harness.emitted(Reason::PolicyNotFound) == emitted + 1);
    harness.opt_in().look();
    CHECK(harness.state() == idle(reason));
    CHECK(harness.current() == current);
    return harness.guard.message;
  };
  SECTION("presumed good") {
    CHECK_THAT(breaks_and_is_mended(), mentions({"revision 1 (web-v1)", "presumed good"}));
  }
  SECTION("good") {
    harness.ship("v2").look().roll_out().look().watch_well(11min);
    CHECK_THAT(breaks_and_is_mended(), mentions({"revision 2 (web-v2)", "good"}));
  }
  SECTION("never judged") {
    harness.ship("v2").look().roll_out().look().watch(11min, {pass("rollout"), unknown("health")});
    REQUIRE(harness.state() == idle(Reason::Inconclusive));
    CHECK_THAT(breaks_and_is_mended(), mentions({"revision 2 (web-v2)", "check"}));
  }
  SECTION("put back") {
    harness = restored();
    harness.look().roll_out().watch_well(6min);
    REQUIRE(harness.state() == idle(Reason::RolledBack));
    CHECK(breaks_and_is_mended() == harness.rollback->status.message);
    SECTION("and by now good on its own") {
      harness.ship("v3").look().ship("v1").look().roll_out().look().watch_well(11min);
      REQUIRE(harness.state() == idle(Reason::Good));
      CHECK_THAT(breaks_and_is_mended(), mentions({"revision 4 (web-v1)", "good"}));
    }
  }
}

TEST_CASE(
    "A template that is changed while the Deployment is paused is no release before it is resumed, "
    "and that is said") {
  DeploymentHarness harness = running();
  harness.pause().ship_without_set("v2").look();
  CHECK(harness.state() == idle(Reason::DeploymentPaused));
  CHECK_THAT(harness.guard.message, mentions({"kubectl rollout resume"}));
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  SECTION("resumed, it is one") {
    harness.pause(false).ship("v2").look();
    CHECK(harness.state() == evaluating(Reason::RollingOut));
  }
  SECTION("taken back, it is said again what runs") {
    harness.ship("v1").look();
    CHECK(harness.state() == idle(Reason::PresumedGood));
    CHECK(harness.emitted(Reason::ReleaseSeen) == 0);
  }
}

TEST_CASE(
    "Suspended, paused or scaled to zero, a release neither bakes nor is put back, and bakes anew "
    "afterwards") {
  DeploymentHarness harness = baking();
  harness.watch_well(5min);
  const auto resume = GENERATE(0, 1, 2);
  if (resume == 0) harness.suspend();
  if (resume == 1) harness.pause();
  if (resume == 2) harness.scale(0);
  harness.watch_well(1h);
  CHECK(harness.guard.state == api::State::Evaluating);
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  if (resume == 0) harness.suspend(false);
  if (resume == 1) harness.pause(false);
  if (resume == 2) harness.scale(3);
  harness.roll_out().watch_well(9min);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch_well(2min);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE(
    "A breach on a paused Deployment is held and reported, and acted upon when it is resumed") {
  DeploymentHarness harness = baking();
  harness.pause().fail_thrice();
  CHECK(harness.state() == held(Reason::DeploymentPaused));
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  harness.pause(false).look();
  CHECK(harness.action() == ActionKind::StartRollback);
}

TEST_CASE("A breach that was held by a suspension must be seen again when it ends") {
  DeploymentHarness harness = baking();
  harness.policy.pause_until = harness.now + 1min;
  harness.fail_thrice().suspend().watch(1h, {});
  CHECK(harness.state() == held(Reason::Suspended));
  harness.suspend(false).look();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.template_changes == 0);
}

TEST_CASE("A rollback that is recorded waits while it may not touch the Deployment") {
  DeploymentHarness harness = pending();
  const auto what = GENERATE(0, 1, 2, 3);
  if (what == 0) harness.suspend();
  if (what == 1) harness.pause();
  if (what == 2) harness.scale(0);
  if (what == 3) harness.policy.pause_until = harness.now + 1h;
  harness.watch(30min, {});
  CHECK(harness.guard.state == api::State::Held);
  CHECK(harness.template_changes == 0);
  if (what == 0) harness.suspend(false);
  if (what == 1) harness.pause(false);
  if (what == 2) harness.scale(3);
  if (what == 3) {
    CHECK(harness.requeue_at().value() <= Duration{30min});
    harness.pass_time(30min);
  }
  harness.look();
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.template_changes == 0);
  SECTION("and it still fails") {
    harness.look({fails("health")});
    CHECK(harness.template_changes == 1);
  }
  SECTION("but meanwhile it got well") {
    harness.look({pass("health")});
    CHECK(harness.phase() == RollbackPhase::Superseded);
    harness.look();
    CHECK(harness.guard.state == api::State::Evaluating);
    CHECK(harness.template_changes == 0);
    const std::string first = harness.rollback->meta.key.name;
    if (GENERATE(false, true)) harness.restart().look();
    harness.fail_thrice();
    CHECK(harness.rollback->meta.key.name != first);
    CHECK(harness.template_changes == 1);
  }
}

TEST_CASE("While it is suspended nothing is verified by the passing of time") {
  DeploymentHarness harness = restored();
  harness.roll_out().look().watch_well(4min).suspend().watch(1h, {});
  CHECK(harness.state() == verifying(Reason::Suspended));
  harness.suspend(false).watch_well(4min);
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.watch_well(2min);
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE(
    "What was scaled away while it was verified is verified once every replica is there again, and "
    "has its time for that") {
  DeploymentHarness harness = restored();
  harness.roll_out().look().watch_well(4min).scale(0);
  harness.deployment.updated_replicas = harness.deployment.available_replicas =
      harness.deployment.status_replicas = 0;
  harness.watch(1h, {});
  REQUIRE(harness.state() == verifying(Reason::ScaledToZero));
  harness.scale(3).watch(14min, {unknown("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingReplicas));
  CHECK_FALSE(harness.guard.rolled_out);
  SECTION("complete, it is verified from then on") {
    harness.roll_out().watch_well(4min);
    CHECK(harness.state() == verifying(Reason::RolledOut));
    harness.watch_well(2min);
    CHECK(harness.state() == idle(Reason::RolledBack));
  }
  SECTION("never complete, it ends unverified") {
    harness.watch(1h, {unknown("rollout"), unknown("health")});
    CHECK(harness.state() == idle(Reason::RolledBack));
    CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  }
  SECTION("what fails meanwhile has failed") {
    harness.watch(1min, {fails_at_once("rollout")});
    CHECK(harness.state() == frozen(Reason::VerificationFailed));
  }
}

TEST_CASE(
    "A good revision is not even kept while the policy is suspended, and is kept afterwards") {
  DeploymentHarness harness;
  harness.suspend().ship("v1").roll_out().look().look();
  CHECK(harness.action() == ActionKind::None);
  harness.suspend(false).look();
  CHECK(harness.action() == ActionKind::CreateSnapshot);
}

TEST_CASE("A Deployment that is being deleted is left alone") {
  DeploymentHarness harness = pending();
  harness.deployment.meta.deleting = true;
  harness.watch(1min, {fails("health")});
  CHECK(harness.template_changes == 0);
  CHECK(harness.action() == ActionKind::None);
}

//  deleted ▶ made again under the same name
TEST_CASE(
    "A Deployment made again under the same name is another one: nothing remembered is true of "
    "it") {
  DeploymentHarness harness = baking();
  harness.fail_thrice();
  REQUIRE(harness.records == 1);
  harness.recreate().ship("v2").half_roll_out().look();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK_FALSE(harness.verdict("v1").has_value());
  harness.watch(1min, {fails_at_once("rollout")});
  CHECK(harness.state() == held(Reason::NoLastGood));
  CHECK(harness.template_changes == 1);
}

TEST_CASE("The Rollback of an earlier Deployment of the name is nothing to the new one") {
  DeploymentHarness harness = pending();
  const auto left = harness.rollback;
  harness.recreate().ship("v2").roll_out();
  harness.rollback = left;
  harness.look();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::PresumedGood});
  CHECK_FALSE(harness.last.rollback.has_value());
}

TEST_CASE("Nothing answers anything: nothing is done") {
  DeploymentHarness harness = baking();
  harness.watch(24h, {unknown("rollout"), unknown("health")});
  CHECK(harness.template_changes == 0);
  CHECK(harness.records == 0);
}

TEST_CASE(
    "What a person asks for while the template has no ReplicaSet is answered: paused it is "
    "refused, else it waits in words") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look()
      .watch_well(11min)
      .ship_without_set("v3");
  SECTION("paused") {
    harness.pause().ask().look();
    CHECK(harness.last.request->phase == api::RollbackPhase::Rejected);
    CHECK(harness.last.request->message.starts_with("DeploymentPaused"));
  }
  SECTION("not yet there") {
    harness.ask().look();
    CHECK(harness.last.request->phase == api::RollbackPhase::Pending);
    CHECK_THAT(harness.last.request->message, mentions({"ReplicaSet"}));
    CHECK(harness.requeue_at().value() >= Duration{1s});
    harness.look();
    CHECK_FALSE(harness.last.request.has_value());
  }
}
