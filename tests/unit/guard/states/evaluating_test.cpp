// A release from its first reconcile to its verdict, in the states Idle, Evaluating and Held.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

std::vector<std::string> notes_of(const DeploymentHarness& harness, Reason reason) {
  std::vector<std::string> notes;
  for (const EventRecord& event : harness.events) {
    if (event.reason == reason) notes.push_back(event.note);
  }
  return notes;
}

}  // namespace

TEST_CASE("presumes a revision good when it is complete at the first reconcile") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile();
  CHECK(harness.state() == idle(Reason::PresumedGood));
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
  CHECK(harness.guard.state_since == noon);
  CHECK(harness.action() == ActionKind::CreateSnapshot);
  CHECK(harness.emitted(Reason::PresumedGood) == 1);
  harness.reconcile();
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.guard.last_good->snapshot == "web-v1");
}

// v1 scales up ▁▂▃ first reconcile ▅▇▇ bakes ──▶ good
TEST_CASE("evaluates a revision when it is still scaling up at the first reconcile") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().scale(6).reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK_FALSE(harness.guard.last_good.has_value());
  harness.roll_out().pass_checks_for(11min);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
}

TEST_CASE("holds a breach when no earlier revision is good") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out_partly().reconcile().pass_time(10s).reconcile(
      {fails_immediately("rollout")});
  CHECK(harness.state() == held(Reason::NoLastGood));
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
  harness.pass_time(10s).reconcile({fails_immediately("rollout")});
  CHECK(harness.emitted(Reason::RollbackHeld) == 1);
}

// v1 ──▶ v2 ▁▃▅▇ ── bakes for 10m ──▶ good
TEST_CASE("makes a release good and the last good revision when it bakes without a breach") {
  DeploymentHarness harness = baking_v2();
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.pass_checks_for(9min + 50s);
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  harness.pass_checks_for(20s);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.emitted(Reason::ReleaseGood) == 1);
  CHECK(harness.guard.current->snapshot == "web-v2");
  CHECK(harness.guard.last_good->hash == TemplateHash("v2"));
  harness.ship("v3").reconcile();
  CHECK(harness.guard.last_good->hash == TemplateHash("v2"));
}

TEST_CASE("requeues at once when an evaluation starts, so that its checks run") {
  DeploymentHarness harness = running_v1();
  harness.ship("v2").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.requeue_after() == Duration{0});
}

TEST_CASE("requeues after 1s when the ReplicaSet of a new template does not exist yet") {
  DeploymentHarness harness = running_v1();
  harness.ship_without_replica_set("v2").reconcile();
  CHECK(harness.state() == idle(Reason::WaitingForReplicaSet));
  CHECK(harness.requeue_after() == Duration{1s});
  harness.pass_time(1s).ship("v2").reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

//  v1 ──▶ v2 ✗✗✗ ──▶ v1
TEST_CASE("rolls back to v1 when three consecutive failures breach a check") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(20s, {fails("health")});
  CHECK(harness.state() == evaluating(Reason::CheckFailing));
  CHECK(harness.emitted(Reason::CheckFailing) == 1);
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.state() == rolling_back(Reason::WrongStatus));
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.restorations == 1);
}

TEST_CASE("says in an Event how many failures a check has, unless its threshold is 1") {
  DeploymentHarness harness = baking_v2();
  SECTION("threshold 3") {
    harness.fail_three_times();
    CHECK_THAT(notes_of(harness, Reason::CheckFailing).at(0),
               mentions({"revision 2 (web-v2)", "(1 of 3 consecutive failures)"}));
    CHECK_THAT(notes_of(harness, Reason::CheckBreached).at(0),
               mentions({"revision 2 (web-v2)", "(3 of 3 consecutive failures)"}));
  }
  SECTION("threshold 1") {
    harness.policy.spec.checks[0].failure_threshold = 1;
    harness.reconcile({fails("health")});
    CHECK(notes_of(harness, Reason::CheckBreached) ==
          std::vector<std::string>{"Check health of revision 2 (web-v2) is breached: message of "
                                   "the measurement"});
  }
}

TEST_CASE(
    "emits RollbackStarted again when the release recovered before its Rollback was created") {
  DeploymentHarness harness = baking_v2();
  harness.can_record = false;
  harness.fail_three_times();
  REQUIRE(harness.emitted(Reason::RollbackStarted) == 1);
  harness.pass_checks_for(10s);
  REQUIRE(harness.state() == evaluating(Reason::Baking));
  harness.fail_three_times();
  CHECK(harness.emitted(Reason::RollbackStarted) == 2);
}

TEST_CASE("rolls out again when a breach ends before the rollout is complete") {
  DeploymentHarness harness = running_v1();
  harness.policy.pause_until = harness.now + 1h;
  harness.ship("v2").roll_out_partly().reconcile().reconcile({fails_immediately("rollout")});
  REQUIRE(harness.state() == held(Reason::PausedUntil));
  harness.reconcile({pass("rollout")});
  CHECK(harness.state() == evaluating(Reason::RollingOut));
}

TEST_CASE("keeps the time of the breach while a release is held") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_three_times();
  const Time breached = harness.now;
  harness.reconcile_for(1min, {fails("health")});
  CHECK(harness.guard.current->since == breached);
}

TEST_CASE("counts failures from zero again after a check has passed") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(20s, {fails("health")})
      .reconcile_for(10s, {pass("health")})
      .reconcile_for(20s, {fails("health")});
  CHECK(harness.state() == evaluating(Reason::CheckFailing));
  CHECK(harness.restorations == 0);
}

TEST_CASE("ends a bake as inconclusive when a check never has a result") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(11min, {pass("rollout"), unknown("health")});
  CHECK(harness.state() == idle(Reason::Inconclusive));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Inconclusive});
  CHECK(harness.emitted(Reason::ReleaseInconclusive) == 1);
  CHECK(harness.guard.last_good->hash == TemplateHash("v1"));
  harness.ship("v3").reconcile().roll_out().reconcile().fail_three_times();
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.verdict("v2") == RevisionVerdict::Inconclusive);
}

TEST_CASE("starts no rollback when no check ever has a result") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(24h, {unknown("rollout"), unknown("health")});
  CHECK(harness.restorations == 0);
  CHECK(harness.rollbacks_created == 0);
}

TEST_CASE("waits for two intervals of a check when its interval is longer than the bake") {
  DeploymentHarness harness = running_v1();
  harness.policy.spec.bake_time = 1min;
  harness.policy.spec.checks[0].interval = 5min;
  harness.ship("v2").reconcile().roll_out().reconcile({pass("rollout")});
  CHECK(harness.requeue_after() == Duration{1min});
  harness.reconcile_for(4min, {pass("rollout")});
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.reconcile_for(1min, {pass("rollout"), pass("health")});
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.reconcile_for(20s, {pass("rollout")});
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("continues the evaluation when a check has not run at all") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(1h, {pass("rollout")});
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

TEST_CASE("continues the bake, then waits for replicas, when the Deployment is scaled up") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(5min).scale(6).pass_checks_for(4min);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.pass_checks_for(2min);
  CHECK(harness.state() == evaluating(Reason::AwaitingReplicas));
  CHECK(harness.emitted(Reason::ReleaseSeen) == 1);
  harness.roll_out().pass_checks_for(10s);
  CHECK(harness.state() == idle(Reason::Good));
}

// v2 bakes ──▶ v3 before the end
TEST_CASE("supersedes a baking release when a newer template is shipped") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(2min).ship("v3").reconcile();
  CHECK(harness.verdict("v2") == RevisionVerdict::Superseded);
  CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
  harness.roll_out().reconcile().fail_three_times();
  CHECK(harness.deployed_template() == "v1");
}

// v1 good ──▶ v2 good ──▶ v1 again ──▶ v3 before v1 has baked again
TEST_CASE("keeps a good revision good when it is shipped again and replaced while it bakes") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(11min)
      .ship("v1")
      .reconcile()
      .roll_out()
      .pass_checks_for(1min)
      .ship("v3")
      .reconcile();
  CHECK(harness.verdict("v1") == RevisionVerdict::PresumedGood);
  CHECK(harness.verdict("v2") == RevisionVerdict::Good);
}

TEST_CASE("creates a new snapshot when a good revision is shipped again and has baked") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(11min).ship("v1").reconcile();
  CHECK(harness.guard.current->snapshot.empty());
  harness.roll_out().reconcile({pass("rollout")}).pass_checks_for(11min);
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::Good});
  CHECK_FALSE(harness.guard.current->snapshot.empty());
}

// breach before lastgood.dev/pause-until ──▶ Held ──▶ that time is reached ──▶ RollingBack
TEST_CASE("starts a held rollback when the time of the hold ends") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 31s;
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::PausedUntil));
  CHECK(harness.requeue_after() == Duration{1s});
  CHECK(harness.action() == ActionKind::None);
  harness.pass_time(1s).reconcile();
  CHECK(harness.state() == rolling_back(Reason::WrongStatus));
  CHECK(harness.action() == ActionKind::StartRollback);
  CHECK(harness.emitted(Reason::RollbackStarted) == 1);
}

TEST_CASE("bakes from the start when a breach ends while it is held") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_three_times();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Breached});
  harness.pass_checks_for(10s);
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.emitted(Reason::BreachEnded) == 1);
  harness.pass_checks_for(9min + 50s);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.pass_checks_for(20s);
  CHECK(harness.state() == idle(Reason::Good));
}

TEST_CASE("evaluates the newer template when a held release is replaced") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_three_times().ship("v3").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.verdict("v2") == RevisionVerdict::Breached);
  CHECK(harness.emitted(Reason::ReleaseSuperseded) == 1);
}

// breach ──▶ Held for an hour without results ──▶ the hold ends
TEST_CASE("does not roll back for an old breach until the check fails again") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_three_times().reconcile_for(2h, {unknown("health")});
  CHECK(harness.state() == held(Reason::Unconfirmed));
  CHECK(harness.restorations == 0);
  SECTION("the check fails again") {
    harness.reconcile_for(10s, {fails("health")});
    CHECK(harness.deployed_template() == "v1");
  }
  SECTION("the check passes") {
    harness.pass_checks_for(10s);
    CHECK(harness.state() == evaluating(Reason::Baking));
  }
}

TEST_CASE("ends a breach when the failure threshold becomes greater than the failures") {
  DeploymentHarness harness = baking_v2();
  harness.policy.pause_until = harness.now + 1h;
  harness.fail_three_times();
  harness.policy.spec.checks[0].failure_threshold = 10;
  harness.reconcile();
  CHECK(harness.state() == evaluating(Reason::CheckFailing));
}

TEST_CASE("reports the current revision as last good when it is good") {
  DeploymentHarness harness = baking_v2();
  CHECK(harness.guard.last_good->hash == TemplateHash("v1"));
  harness.pass_checks_for(11min);
  CHECK(harness.guard.last_good->hash == TemplateHash("v2"));
}

// check of v2 runs ──▶ v3 is shipped ──▶ the result for v2 arrives
TEST_CASE("ignores a result for the previous revision when a newer template is deployed") {
  DeploymentHarness harness = baking_v2();
  harness.ship("v3").roll_out().reconcile({fails_immediately("rollout")});
  CHECK(harness.current() == HashAndVerdict{"v3", RevisionVerdict::Evaluating});
  CHECK(harness.guard.checks[0].consecutive_failures == 0);
  CHECK(harness.restorations == 0);
}

TEST_CASE("evaluates from the start when a release is replaced and shipped again") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(20s, {fails("health")})
      .ship("v1")
      .reconcile()
      .ship("v2")
      .reconcile({fails("health")});
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.guard.checks[1].consecutive_failures == 0);
}

TEST_CASE(
    "starts an evaluation at the present time when the last rollback is dated in the future") {
  DeploymentHarness harness = baking_v2().fail_three_times();
  harness.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(6min);
  REQUIRE(harness.state() == idle(Reason::RolledBack));
  harness.rollback->status.template_restored = harness.now + 2h;
  harness.ship("v3").reconcile();
  CHECK(harness.guard.evaluation_started == harness.now);
}

TEST_CASE("says why the rollout check has no result while the release rolls out") {
  DeploymentHarness web = running_v1();
  web.ship("v2").reconcile();
  const auto report = [&](Reason reason) {
    api::Measurement measurement = unknown("rollout");
    measurement.reason = reason;
    measurement.message = "pod web-1, container app: ErrImagePull";
    web.pass_time(2s).reconcile({measurement});
    REQUIRE(web.state() == evaluating(Reason::RollingOut));
  };
  report(Reason::RegistryUnavailable);
  CHECK_THAT(web.guard.message,
             mentions({"revision 2",
                       "Check rollout has no result (RegistryUnavailable): pod web-1, "
                       "container app: ErrImagePull"}));
  CHECK(web.stored_guard.message == web.guard.message);
  report(Reason::RollingOut);
  CHECK_FALSE(web.guard.message.contains("no result"));
}

TEST_CASE("names the check without a result while the bake waits for it") {
  DeploymentHarness web = baking_v2();
  web.pass_checks_for(1min).reconcile_for(1min, {pass("rollout"), unknown("health")});
  REQUIRE(web.state() == evaluating(Reason::Baking));
  CHECK_THAT(web.guard.message, mentions({"of 10m", "Check health has no result"}));
}

TEST_CASE("says in the freeze which check failed, what the limit is and how the freeze ends") {
  DeploymentHarness web = baking_v2();
  web.policy.spec.limit = {.count = 1, .within = 1h};
  web.guard.rollbacks = {{.name = "web-0-1b4e", .at = web.now - 10min}};
  web.fail_three_times();
  REQUIRE(web.state() == frozen(Reason::LimitReached));
  CHECK_THAT(web.guard.message,
             mentions({"revision 2", "check health is breached: message of the measurement",
                       "(3 of 3 consecutive failures)", "1 rollback within 1h (limit 1)",
                       "does not end by itself, not even after this time", "ship a new release",
                       "lastgood.dev/resume"}));
}

// A NetworkPolicy or a deleted Service: the check has no result any more.
TEST_CASE("ends a bake as inconclusive when a check failed once and has had no result since") {
  DeploymentHarness web = baking_v2().pass_checks_for(9min);
  web.pass_time(10s).reconcile({pass("rollout"), fails("health")});
  web.reconcile_for(30min, {pass("rollout"), unknown("health")});
  CHECK(web.current() == HashAndVerdict{"v2", RevisionVerdict::Inconclusive});
  CHECK(web.state() == idle(Reason::Inconclusive));
}

TEST_CASE("measures a release as rolled out after its evaluation was blocked") {
  DeploymentHarness web = baking_v2().pass_checks_for(5min);
  const auto rolled_out = web.guard.rolled_out;
  REQUIRE(rolled_out.has_value());
  const auto name_of_blocker = GENERATE("paused", "suspended", "a broken policy", "scaled to zero");
  CAPTURE(name_of_blocker);
  const std::string blocker = name_of_blocker;
  if (blocker == "paused") web.pause().reconcile().unpause();
  if (blocker == "suspended") web.suspend().reconcile().unsuspend();
  if (blocker == "a broken policy") web.break_policy().reconcile().repair_policy();
  if (blocker == "scaled to zero") web.scale(0).reconcile().scale(2);
  web.deployment.available_replicas = 0;
  const Time again = web.pass_time(10s).now;
  web.reconcile();
  CHECK(web.state() == evaluating(Reason::Baking));
  CHECK(web.guard.rolled_out == rolled_out);
  CHECK(web.guard.bake->began == again);
  CHECK(web.guard.bake->observed == 0s);
  web.roll_out().pass_checks_for(9min);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.pass_checks_for(2min);
  CHECK(web.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
}
