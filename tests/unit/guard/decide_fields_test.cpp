// Which fields of the guard's status a plan resets, and which fields it keeps.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 is breached and held. Every field that belongs to an evaluation has a value.
DeploymentHarness held_release() {
  DeploymentHarness web = baking_v2().pause().fail_three_times();
  web.guard.rolled_out = web.now;
  web.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = web.now};
  web.guard.pending = "web-2-1b4e";
  return web;
}

// Frozen: v2 is breached, but the limit of rollbacks is reached.
DeploymentHarness frozen_release() {
  DeploymentHarness web = baking_v2();
  web.guard.rollbacks = {{"a", noon}, {"b", noon}, {"c", noon}};
  web.policy.spec.limit = {.count = 1, .within = 24h};
  web.fail_three_times();
  REQUIRE(web.state() == frozen(Reason::LimitReached));
  return web;
}

}  // namespace

TEST_CASE("keeps the revisions, and nothing of the evaluation, when the Deployment opts out") {
  DeploymentHarness web = held_release();
  const auto revisions = web.guard.revisions;
  web.opt_out().reconcile();
  const api::GuardStatus& guard = web.guard;
  CHECK(web.state() == idle(Reason::NotOptedIn));
  CHECK(guard.revisions == revisions);
  CHECK_FALSE(guard.current.has_value());
  CHECK_FALSE(guard.template_digest.has_value());
  CHECK_FALSE(guard.evaluation_started.has_value());
  CHECK_FALSE(guard.rolled_out.has_value());
  CHECK_FALSE(guard.bake.has_value());
  CHECK(guard.checks.empty());
  CHECK_FALSE(guard.declined.has_value());
  CHECK(guard.pending.empty());
}

TEST_CASE("makes a release inconclusive when the Deployment opts out during its evaluation") {
  DeploymentHarness web = baking_v2();
  web.opt_out().reconcile();
  CHECK(web.verdict("v2") == RevisionVerdict::Inconclusive);
  CHECK(web.guard.revisions.front().since == web.now);
}

TEST_CASE("quarantines v2 when the Deployment opts out after the patch, but not before the patch") {
  DeploymentHarness restored = baking_v2().fail_three_times();
  restored.opt_out().reconcile();
  CHECK(restored.verdict("v2") == RevisionVerdict::RolledBack);
  CHECK(restored.phase() == RollbackPhase::Superseded);
  DeploymentHarness pending = pending_rollback();
  pending.opt_out().reconcile();
  CHECK(pending.verdict("v2") == RevisionVerdict::Breached);
  CHECK(pending.phase() == RollbackPhase::Superseded);
}

TEST_CASE("starts the evaluation of a held release again when its policy breaks") {
  DeploymentHarness web = held_release();
  web.guard.checks[1].baseline = api::BaselineResult{.before = false};
  web.guard.checks[0].baseline = api::BaselineResult{.before = true};
  web.break_policy().reconcile();
  CHECK(web.state() == evaluating(Reason::PolicyNotFound));
  CHECK(web.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(web.guard.current->since == web.now);
  CHECK_FALSE(web.guard.bake.has_value());
  for (const api::CheckStatus& check : web.guard.checks) {
    CHECK(check.consecutive_failures == 0);
    CHECK_FALSE(check.breached);
    CHECK(check.reason == Reason::Pending);
  }
  CHECK(web.guard.checks[0].baseline.has_value());
  CHECK_FALSE(web.guard.checks[1].baseline.has_value());
  CHECK(web.guard.checks[1].failure_threshold == 3);
  CHECK_FALSE(web.guard.checks[1].config_hash.empty());
}

TEST_CASE("keeps the state and the verdict of a release that bakes when its policy breaks") {
  DeploymentHarness web = baking_v2();
  const auto since = web.guard.current->since;
  web.pass_time(1min).break_policy().reconcile();
  CHECK(web.state() == evaluating(Reason::PolicyNotFound));
  CHECK(web.guard.current->since == since);
}

TEST_CASE("keeps the results of a good revision when its policy is broken") {
  DeploymentHarness web = baking_v2().pass_checks_for(11min);
  REQUIRE(web.state() == idle(Reason::Good));
  const auto [checks, rolled_out] = std::pair(web.guard.checks, web.guard.rolled_out);
  web.break_policy().reconcile();
  CHECK(web.guard.checks == checks);
  CHECK(web.guard.rolled_out == rolled_out);
}

TEST_CASE("names no policy in the status when the policy is broken") {
  DeploymentHarness web = running_v1();
  REQUIRE(web.guard.policy == "RollbackPolicy/web");
  web.break_policy().policy.name = "RollbackPolicy/web";
  web.reconcile();
  CHECK(web.guard.policy.empty());
}

TEST_CASE("emits an Event when only the reason or only the message of a broken policy changes") {
  DeploymentHarness web = running_v1().break_policy().reconcile();
  const auto events_of = [&](Reason reason, const std::string& message) {
    web.policy.reason = reason;
    web.policy.message = message;
    web.events.clear();
    web.reconcile();
    return web.events.size();
  };
  const Reason reason = web.policy.reason;
  CHECK(events_of(reason, web.policy.message) == 0);
  CHECK(events_of(reason, "another message") == 1);
  CHECK(events_of(Reason::InvalidAnnotation, "another message") == 1);
}

TEST_CASE("keeps the message of a freeze while the policy is broken") {
  DeploymentHarness web = frozen_release();
  const auto freeze = web.guard.freeze;
  web.break_policy().reconcile();
  CHECK(web.state() == frozen(Reason::LimitReached));
  CHECK(web.guard.freeze == freeze);
}

TEST_CASE("starts the evaluation again, with all counts at zero, when a user ends a freeze") {
  DeploymentHarness web = frozen_release();
  web.guard.contests = {{TemplateHash("v2"), "tool", noon}};
  web.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = noon};
  web.guard.pending = "web-2-1b4e";
  web.guard.rolled_out = noon;
  web.pass_time(1min);
  web.policy.resume = web.now;
  web.reconcile();
  const api::GuardStatus& guard = web.guard;
  CHECK(web.state() == evaluating(Reason::Resumed));
  CHECK(guard.rollbacks.empty());
  CHECK(guard.contests.empty());
  CHECK(guard.current->verdict == RevisionVerdict::Evaluating);
  CHECK(guard.current->since == web.now);
  CHECK(guard.revisions.front().verdict == RevisionVerdict::Evaluating);
  CHECK(guard.evaluation_started == web.now);
  CHECK(guard.rolled_out == noon);
  CHECK_FALSE(guard.bake.has_value());
  CHECK(guard.checks.empty());
  CHECK_FALSE(guard.declined.has_value());
  CHECK(guard.pending.empty());
  CHECK_FALSE(guard.freeze.has_value());
  CHECK(web.requeue_after() == 0s);
}

TEST_CASE("keeps the verdict Good in the list when a user ends the freeze of a good revision") {
  DeploymentHarness web = frozen_release();
  web.guard.revisions.front().verdict = RevisionVerdict::Good;
  web.policy.resume = web.now;
  web.reconcile();
  CHECK(web.verdict("v2") == RevisionVerdict::Good);
  CHECK(web.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
}

TEST_CASE("stores the observed generation and uid of the Deployment") {
  DeploymentHarness web = baking_v2();
  web.scale(5).reconcile();
  CHECK(web.guard.deployment_generation == web.deployment.meta.generation);
  CHECK(web.guard.deployment_uid == web.deployment.meta.uid);
}

TEST_CASE("forgets everything when another Deployment has the same name") {
  DeploymentHarness web = baking_v2();
  web.recreate().ship("v9").roll_out().reconcile();
  REQUIRE(web.guard.revisions.size() == 1);
  CHECK(web.current() == HashAndVerdict{"v9", RevisionVerdict::PresumedGood});
}

TEST_CASE(
    "supersedes a pending Rollback unknown to the guard when its release is good or replaced") {
  DeploymentHarness web = pending_rollback();
  const api::Rollback unknown_to_guard = *web.rollback;
  struct Row {
    const char* name;
    void (*change)(Inputs&);
    bool is_superseded;
  };
  const std::vector<Row> rows = {
      {"the release is good", [](Inputs& in) { in.guard.current->verdict = RevisionVerdict::Good; },
       true},
      {"another revision is current",
       [](Inputs& in) { in.guard.current->hash = TemplateHash("v3"); }, true},
      {"the release is still breached", [](Inputs&) {}, false},
      {"the release is good, and the Rollback is manual",
       [](Inputs& in) {
         in.guard.current->verdict = RevisionVerdict::Good;
         in.rollback->spec.check.clear();
       },
       false},
      {"the guard was stored for another template",
       [](Inputs& in) {
         in.guard.current->verdict = RevisionVerdict::Good;
         in.guard.template_digest = TemplateDigest("v1");
       },
       false},
      {"the guard was stored for another Deployment",
       [](Inputs& in) {
         in.guard.current->verdict = RevisionVerdict::Good;
         in.guard.deployment_uid = Uid("other-uid");
       },
       false},
      {"the template was restored already",
       [](Inputs& in) {
         in.guard.current->verdict = RevisionVerdict::Good;
         in.rollback->status.phase = RollbackPhase::TemplateRestored;
       },
       false},
      {"the Deployment has the patch of the Rollback",
       [](Inputs& in) {
         in.guard.current->verdict = RevisionVerdict::Good;
         in.deployment.meta.annotations["lastgood.dev/rolled-back-by"] = in.rollback->meta.key.name;
       },
       false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Inputs inputs = web.inputs();
    inputs.rollback = unknown_to_guard;
    inputs.guard.rollback.clear();
    inputs.guard.pending.clear();
    inputs.guard.state = api::State::Evaluating;
    inputs.guard.checks.clear();
    inputs.replica_sets = {replica_set("v1", false, 1), replica_set("v2", true, 2)};
    row.change(inputs);
    const Plan plan = decide(inputs, web.now);
    const bool is_superseded = plan.rollback && plan.rollback->phase == RollbackPhase::Superseded;
    CHECK(is_superseded == row.is_superseded);
    CHECK(plan.guard.rollback.empty() == row.is_superseded);
  }
}

TEST_CASE(
    "waits a second for ReplicaSets before it adopts a Rollback that the guard does not name") {
  DeploymentHarness web = pending_rollback();
  Inputs inputs = web.inputs();
  inputs.guard.rollback.clear();
  inputs.guard.state = api::State::Evaluating;
  inputs.replica_sets.reset();
  const Plan plan = decide(inputs, web.now);
  CHECK(plan.guard.rollback.empty());
  CHECK(plan.requeue_at == web.now + 1s);
}

TEST_CASE("requeues at once only when the plan needs measurements that were not gathered") {
  DeploymentHarness web = running_v1();
  web.ship("v2").reconcile();
  CHECK(web.requeue_after() == 0s);
  web.roll_out().reconcile();
  CHECK(web.requeue_after() > 0s);
}

TEST_CASE("reports the verdict of the running revision when the policy is repaired") {
  struct Row {
    RevisionVerdict verdict;
    Reason reason;
  };
  const std::vector<Row> rows = {{RevisionVerdict::Good, Reason::Good},
                                 {RevisionVerdict::PresumedGood, Reason::PresumedGood},
                                 {RevisionVerdict::Inconclusive, Reason::Inconclusive},
                                 {RevisionVerdict::Evaluating, Reason::Inconclusive},
                                 {RevisionVerdict::Breached, Reason::Inconclusive},
                                 {RevisionVerdict::RolledBack, Reason::Inconclusive},
                                 {RevisionVerdict::Superseded, Reason::Inconclusive}};
  for (const Row& row : rows) {
    CAPTURE(row.verdict);
    DeploymentHarness web = running_v1();
    web.guard.current->verdict = row.verdict;
    web.guard.reason = Reason::PolicyNotFound;
    web.reconcile();
    CHECK(web.state() == idle(row.reason));
  }
}

TEST_CASE("reports RolledBack after a repair of the policy only if the last Rollback restored v1") {
  struct Row {
    const char* name;
    void (*change)(DeploymentHarness&);
    Reason reason;
  };
  const std::vector<Row> rows = {
      {"restored", [](DeploymentHarness&) {}, Reason::RolledBack},
      {"the verdict of v1 is newer than the rollback",
       [](DeploymentHarness& web) { web.guard.current->since = web.now + 1s; }, Reason::Good},
      {"the rollback did not succeed",
       [](DeploymentHarness& web) { web.rollback->status.phase = RollbackPhase::Failed; },
       Reason::Good},
      {"the rollback had another target",
       [](DeploymentHarness& web) { web.rollback->spec.to.hash = TemplateHash("v0"); },
       Reason::Good},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    DeploymentHarness web = restored_v1().roll_out().reconcile().pass_checks_for(6min);
    REQUIRE(web.state() == idle(Reason::RolledBack));
    web.guard.reason = Reason::PolicyNotFound;
    row.change(web);
    web.reconcile();
    CHECK(web.state() == idle(row.reason));
  }
}
