// A rollback seen through: RollingBack, Verifying, Frozen, and what people do meanwhile.
#include <catch2/catch.hpp>

#include "harness.hpp"
#include "rollback/record.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v1 good and kept; v2 breached; v1 is put back and its rollout is under way.
DeploymentHarness rolling_back() {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .pass_time(1h)
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice();
  return harness.pass_time(1s).look();
}

DeploymentHarness verifying() {
  DeploymentHarness harness = rolling_back();
  return harness.roll_out().pass_time(1s).look();
}

// v2 is breached, and the Rollback is recorded, but nothing is touched yet.
DeploymentHarness pending() {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look(
      {pass("rollout")});
  harness.steps_allowed = 0;
  harness.fail_thrice();
  harness.steps_allowed = 100;
  return harness;
}

}  // namespace

//  v2 ✗✗✗ ▶ patch ▶ v1 rolls out ▶ verified 5m ▶ Idle
TEST_CASE("A rollback rolls out, is verified by the same checks, and ends as a success") {
  DeploymentHarness harness = rolling_back();
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  CHECK(harness.emitted(Reason::RolledBack) == 1);
  CHECK(harness.emitted(Reason::ReleaseSeen) == 1);
  harness.roll_out().pass_time(1s).look();
  CHECK(harness.state() == verifying(Reason::RolledOut));
  CHECK(harness.phase() == RollbackPhase::Verifying);
  CHECK(harness.requeue_at() == Duration{0});
  harness.watch_well(4min);
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.watch_well(2min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
  CHECK(harness.emitted(Reason::RollbackVerified) == 1);
  CHECK(harness.template_changes == 1);
}

//  v1 put back ▶ ✗✗✗ ▶ Frozen ▶ v3 ▶ Evaluating
TEST_CASE("A restored revision that fails too freezes, which only a new template ends") {
  DeploymentHarness harness = verifying();
  harness.fail_thrice();
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
  CHECK(harness.phase() == RollbackPhase::Failed);
  CHECK(harness.emitted(Reason::RollbackFailed) == 1);
  harness.watch_well(1h).scale(6).roll_out().watch_well(1h);
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
  harness.ship("v3").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
}

TEST_CASE(
    "A restored revision that does not roll out freezes at once when the rollout check says so") {
  DeploymentHarness harness = rolling_back();
  harness.watch(10s, {fails_at_once("rollout")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.phase() == RollbackPhase::Failed);
}

TEST_CASE("A restored revision that does not roll out freezes after a quarter of an hour") {
  DeploymentHarness harness = rolling_back();
  harness.look();
  CHECK(harness.requeue_at().value() > Duration{14min});
  harness.watch(14min, {unknown("rollout")});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  harness.watch(2min, {unknown("rollout")});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
}

TEST_CASE("A restoration that gets further has a quarter of an hour from its last progress") {
  DeploymentHarness harness = rolling_back();
  const auto progresses = [&](api::ConditionStatus truth) {
    harness.deployment.conditions = {
        {.type = "Progressing", .status = truth, .last_update = harness.now}};
    harness.watch(14min, {unknown("rollout")});
  };
  for (int i = 0; i < 3; ++i) progresses(api::ConditionStatus::True);
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  SECTION("then no more") {
    harness.watch(2min, {unknown("rollout")});
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
    CHECK_THAT(harness.guard.message, mentions({"15m"}));
  }
  SECTION("what is said to be without progress is none") {
    progresses(api::ConditionStatus::False);
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
  SECTION("nor to its end in an hour, where pods are ready and unready by turns") {
    progresses(api::ConditionStatus::True);
    CHECK(harness.state() == rolling_back(Reason::RollingOut));
    progresses(api::ConditionStatus::True);
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
  SECTION("nor is what is to come") {
    harness.deployment.conditions = {{.type = "Progressing",
                                      .status = api::ConditionStatus::True,
                                      .last_update = harness.now + 24h}};
    harness.watch(2min, {unknown("rollout")});
    CHECK(harness.state() == frozen(Reason::RollbackFailed));
  }
}

TEST_CASE("A restoration that is found complete is no failure, however long nobody looked") {
  DeploymentHarness harness = rolling_back();
  harness.roll_out().pass_time(24h).look();
  CHECK(harness.state() == verifying(Reason::RolledOut));
}

TEST_CASE(
    "A restoration whose rollout a person pauses has not failed, and has its time again "
    "afterwards") {
  DeploymentHarness harness = rolling_back();
  harness.pause().watch(1h, {unknown("rollout")});
  CHECK(harness.state() == rolling_back(Reason::DeploymentPaused));
  harness.pause(false).look();
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  harness.watch(14min, {});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  harness.watch(2min, {});
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
}

TEST_CASE(
    "A restored revision whose check gives no answer is not called verified, but does not wait for "
    "ever") {
  DeploymentHarness harness = verifying();
  harness.watch(4min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::RolledOut));
  harness.watch(2min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE(
    "A restored revision whose check was never asked is verified no sooner than it is asked") {
  DeploymentHarness harness = verifying();
  harness.watch(1h, {pass("rollout")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.watch(10s, {pass("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE("A release after a rollback goes back to the right one, never to the bad one") {
  DeploymentHarness harness = verifying();
  harness.watch_well(6min).ship("v3").look().roll_out().look().fail_thrice();
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.template_changes == 2);
}

//  v2 was rolled back; a person applies v2 again
TEST_CASE("A template that was rolled back and is applied again is judged afresh") {
  DeploymentHarness harness = verifying();
  harness.watch_well(6min).ship("v2").look();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.events.back().reason == Reason::ReleaseSeen);
  harness.roll_out().look({pass("rollout")});
  SECTION("and is good when it bakes") {
    harness.watch_well(11min);
    CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
  }
  SECTION("and is rolled back again when it fails again") {
    harness.fail_thrice();
    CHECK(harness.template_changes == 2);
    CHECK(harness.on_deployment() == "v1");
  }
}

//  patch ▶ v1 ▶ a person applies v2 before we looked
TEST_CASE(
    "The bad template put back by a person right after our patch is their choice: the rollback is "
    "superseded") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice();
  REQUIRE(harness.on_deployment() == "v1");
  harness.ship("v2").look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.emitted(Reason::RolledBack) == 1);
  CHECK(harness.template_changes == 1);
}

//  Rollback recorded ▶ a person ships v3 before the patch
TEST_CASE("A newer template while the rollback is only recorded supersedes it") {
  DeploymentHarness harness = pending();
  REQUIRE(harness.phase() == RollbackPhase::Pending);
  SECTION("its ReplicaSet is there") { harness.ship("v3").look(); }
  SECTION("its ReplicaSet comes later") {
    harness.ship_without_set("v3").look();
    CHECK(harness.requeue_at() == Duration{1s});
    harness.pass_time(1s).ship("v3").look();
  }
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.template_changes == 0);
}

TEST_CASE(
    "The same template put back by a person before us ends our rollback, and is judged as theirs") {
  DeploymentHarness harness = pending();
  harness.ship("v1").look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Evaluating});
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
}

TEST_CASE("A newer template while the restored one is verified begins a new watch") {
  DeploymentHarness harness = verifying();
  harness.watch_well(1min).ship("v3").look();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
}

TEST_CASE("Scaling while a rollback is under way changes nothing of it") {
  DeploymentHarness harness = rolling_back();
  harness.scale(6).look().roll_out().look().watch_well(1min).scale(2).roll_out().watch_well(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.template_changes == 1);
}

//  create of the Rollback fails
TEST_CASE("A rollback that could not be recorded is tried again, and emitted once") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  harness.can_record = false;
  harness.fail_thrice().watch(30s, {fails("health")});
  CHECK(harness.state() == rolling_back(Reason::WrongStatus));
  CHECK(harness.action() == ActionKind::StartRollback);
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
  SECTION("it can: it is done") {
    harness.can_record = true;
    harness.watch(10s, {fails("health")});
    CHECK(harness.on_deployment() == "v1");
  }
  SECTION("the check passes before it can: nothing is done") {
    harness.can_record = true;
    harness.watch(10s, {pass("rollout"), pass("health")});
    CHECK(harness.state() == evaluating(Reason::Baking));
    CHECK(harness.template_changes == 0);
  }
  SECTION("a newer template comes: what was seen of the older one is not held against it") {
    harness.can_record = true;
    harness.ship_without_set("v3").look();
    CHECK(harness.action() == ActionKind::None);
    harness.ship("v3").look();
    CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
    CHECK(harness.template_changes == 0);
  }
}

TEST_CASE("A rollback that can never be done, as its template is lost, freezes and says so") {
  DeploymentHarness harness = pending();
  harness.rollback->status.phase = api::RollbackPhase::Failed;
  harness.rollback->status.message = "ControllerRevision web-v1 does not exist";
  harness.look();
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.emitted(Reason::RollbackFailed) == 1);
  CHECK(harness.verdict("v2") == RevisionVerdict::Breached);
}

TEST_CASE("What carrying out came to is looked at again within a second") {
  DeploymentHarness harness = pending();
  CHECK(harness.requeue_at() == Duration{1s});
  harness.pass_time(1s).look();
  CHECK(harness.action() == ActionKind::ResumeRollback);
  CHECK(harness.requeue_at() == Duration{1s});
}

TEST_CASE("A release is rolled back once at most, also when scaling gave it another generation") {
  DeploymentHarness harness = pending();
  harness.rollback->status.phase = api::RollbackPhase::Rejected;
  harness.look();
  CHECK(harness.state() == held(Reason::AlreadyRolledBack));
  harness.scale(6).roll_out().watch(1min, {fails("health")});
  CHECK(harness.state() == held(Reason::AlreadyRolledBack));
  CHECK(harness.records == 1);
}

TEST_CASE(
    "A failure of the bad revision that arrives after the patch is not held against the restored "
    "one") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice();
  REQUIRE(harness.on_deployment() == "v1");
  harness.look({fails_at_once("rollout")});
  CHECK(harness.state() == rolling_back(Reason::RollingOut));
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE(
    "An answer of before our patch is not held against the bad template that a person has put back "
    "since") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice();
  REQUIRE(harness.on_deployment() == "v1");
  harness.ship("v2").pass_time(1s).look({fails_at_once("rollout")});
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.guard.checks[0].consecutive_failures == 0);
}

TEST_CASE(
    "A restored revision that lacks a replica is waited for in those words, and not for ever") {
  DeploymentHarness harness = verifying();
  harness.deployment.available_replicas -= 1;
  harness.watch_well(6min);
  CHECK(harness.state() == verifying(Reason::AwaitingReplicas));
  harness.watch_well(15min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK_THAT(harness.rollback->status.message, mentions({"replica"}));
  CHECK(harness.emitted(Reason::RollbackUnverified) == 1);
}

TEST_CASE(
    "A restored revision whose check failed once and then fell silent is not waited for without an "
    "end") {
  DeploymentHarness harness = verifying();
  harness.look({fails("health")}).watch(6min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.watch(15min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK_THAT(harness.rollback->status.message, mentions({"a check that failed"}));
}

//  v2 ✗✗✗ ▶ patch ▶ v2 again by a tool, before anybody looked
TEST_CASE("A tool that puts the bad template back before that is seen is counted all the same") {
  DeploymentHarness harness = rolling_back();
  harness.ship("v2").roll_out();
  harness.author = machine;
  harness.rollback->status =
      rollback::advance(harness.rollback->status, api::RollbackPhase::Superseded,
                        "the template has changed since", harness.now);
  harness.guard.current = harness.rollback->spec.from;
  harness.guard.template_digest = TemplateDigest("v2");
  harness.pass_time(1s).look();
  CHECK(harness.verdict("v2") == RevisionVerdict::Evaluating);
  CHECK(harness.emitted(Reason::RolledBack) == 1);
  CHECK(harness.guard.contests.size() == 1);
  CHECK(harness.guard.rollbacks.size() == 1);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.watch(30s, {fails("health")});
  CHECK(harness.emitted(Reason::RolledBack) == 1);
}

TEST_CASE("A restored revision at which nobody can look is waited for without haste") {
  DeploymentHarness harness = verifying();
  for (int i = 0; i < 30; ++i) {
    harness.pass_time(1min).look();
    CHECK(harness.requeue_at().value_or(Duration{1h}) > Duration{0});
  }
  CHECK(harness.state() == verifying(Reason::AwaitingPass));
  harness.watch_well(10s);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.emitted(Reason::RollbackVerified) == 1);
}

TEST_CASE(
    "A restored revision that fails slowly is no success: it is judged until it passes or is "
    "breached") {
  DeploymentHarness harness = verifying();
  harness.policy.spec.checks[0].failure_threshold = 150;
  harness.watch(24min, {pass("rollout"), fails("health")});
  CHECK(harness.guard.state == api::State::Verifying);
  harness.watch(2min, {pass("rollout"), fails("health")});
  CHECK(harness.state() == frozen(Reason::VerificationFailed));
}

TEST_CASE("The rollout check has two turns too before it is called silent") {
  DeploymentHarness harness = verifying();
  harness.policy.spec.verify_for = 2s;
  harness.policy.spec.checks.clear();
  api::Measurement early = unknown("rollout");
  harness.look({early}).pass_time(2s).look({early});
  CHECK(harness.guard.state == api::State::Verifying);
  harness.pass_time(1s).look({pass("rollout")});
  CHECK(harness.emitted(Reason::RollbackVerified) == 1);
}

TEST_CASE(
    "A template that was put back by a leader whose clock goes before ours is a contest once") {
  DeploymentHarness harness = rolling_back();
  harness.ship("v2").roll_out();
  harness.author = machine;
  harness.rollback->status =
      rollback::advance(harness.rollback->status, api::RollbackPhase::Superseded,
                        "the template has changed since", harness.now);
  harness.rollback->status.template_restored = harness.now + 5s;
  harness.guard.current = harness.rollback->spec.from;
  harness.guard.template_digest = TemplateDigest("v2");
  for (int i = 0; i < 4; ++i) harness.pass_time(1s).look();
  CHECK(harness.guard.contests.size() == 1);
  CHECK(harness.guard.state == api::State::Evaluating);
}
