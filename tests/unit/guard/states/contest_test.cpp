// A template that was rolled back is applied again, by a user or by a tool. It is a contest if a
// tool applies it.
#include <catch2/catch.hpp>

#include "rollback/record.hpp"
#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 was rolled back to v1, and v1 is verified. Without a cooldown, the next rollback may start at
// once.
DeploymentHarness verified_v1() {
  DeploymentHarness harness = running_v1();
  harness.policy.spec.cooldown = 0s;
  harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile({pass("rollout")});
  harness.fail_three_times().pass_time(1s).reconcile().roll_out().reconcile();
  return harness.pass_checks_for(6min);
}

// v2 is applied again, fails, and is rolled back again. v1 is verified.
DeploymentHarness& apply_v2_again(DeploymentHarness& harness) {
  harness.ship("v2").reconcile().roll_out().reconcile({pass("rollout")}).fail_three_times();
  return harness.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(6min);
}

// Frozen, because a tool applied v2 again and the limit is 1.
DeploymentHarness contested_v2() {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.author = tool;
  harness.ship("v2").reconcile();
  return harness.roll_out().reconcile();
}

DeploymentHarness verifying_v1() { return restored_v1().roll_out().pass_time(1s).reconcile(); }

}  // namespace

TEST_CASE("counts a contest when a tool applies a rolled back template, and freezes at the limit") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 2, .within = 1h};
  harness.author = tool;
  harness.guard.rollbacks.clear();
  apply_v2_again(harness);
  REQUIRE(harness.guard.contests.size() == 1);
  CHECK(harness.guard.contests[0].by == "Argo CD (argocd-controller)");
  CHECK(harness.restorations == 2);
  harness.pass_time(10s).ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.guard.freeze->since == harness.now);
  CHECK_THAT(harness.guard.freeze->message,
             mentions({"Argo CD (argocd-controller)", "2 consecutive times", "limit 2"}));
  CHECK(harness.emitted(Reason::Contested) == 1);
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  harness.roll_out().reconcile().reconcile_for(1h, {fails("health")});
  CHECK(harness.restorations == 2);
}

TEST_CASE("counts contests of a template as consecutive, no matter how much time is between them") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 2, .within = 20min};
  harness.author = tool;
  apply_v2_again(harness);
  harness.pass_time(24h);
  harness.ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.guard.contests.size() == 2);
}

// v2 rolled back ── a tool: v2 ── v3 ── a tool: v2
TEST_CASE("begins the count of contests again when another release comes between them") {
  const bool is_by_tool = GENERATE(false, true);
  CAPTURE(is_by_tool);
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 2, .within = 1h};
  harness.author = tool;
  apply_v2_again(harness);
  REQUIRE(harness.guard.contests.size() == 1);
  harness.author = is_by_tool ? tool : user;
  harness.ship("v3").reconcile();
  CHECK(harness.guard.contests.empty());
  harness.author = tool;
  harness.ship("v2").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.guard.contests.size() == 1);
}

TEST_CASE("begins the count of contests again when a user applies the template") {
  DeploymentHarness harness = verified_v1();
  harness.author = tool;
  apply_v2_again(harness);
  harness.author = user;
  apply_v2_again(harness);
  CHECK(harness.guard.contests.empty());
}

TEST_CASE("counts only the contests of the same template") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 3, .within = 1h};
  harness.author = tool;
  harness.guard.contests = {{TemplateHash("v0"), tool.name, noon},
                            {TemplateHash("v2"), tool.name, noon},
                            {TemplateHash(), tool.name, noon}};
  harness.ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.guard.contests.size() == 3);
}

TEST_CASE("forgets the contests of a template when it becomes good") {
  DeploymentHarness harness = verified_v1();
  harness.author = tool;
  harness.ship("v2").reconcile().roll_out().reconcile();
  REQUIRE(harness.guard.contests.size() == 1);
  harness.pass_checks_for(11min);
  CHECK(harness.verdict("v2") == RevisionVerdict::Good);
  CHECK(harness.guard.contests.empty());
}

TEST_CASE("keeps the newest 20 contests, the newest first") {
  DeploymentHarness harness = verified_v1();
  harness.author = tool;
  for (int i = 1; i <= 20; ++i)
    harness.guard.contests.push_back({TemplateHash("v2"), std::to_string(i), noon});
  harness.ship("v2").reconcile();
  REQUIRE(harness.guard.contests.size() == 20);
  CHECK(harness.guard.contests.front().by == tool.name);
  CHECK(harness.guard.contests.back().by == "19");
}

TEST_CASE("evaluates a rolled back template, without a contest, when a user applies it") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.author = user;
  harness.ship("v2").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.guard.contests.empty());
  CHECK(harness.events.back().reason == Reason::ReleaseSeen);
}

TEST_CASE("counts a contest when the author of a rolled back template is unknown") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.author.reset();
  harness.ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK_THAT(harness.guard.freeze->message, mentions({"unknown"}));
}

TEST_CASE("counts no contest when a tool ships a new template") {
  DeploymentHarness harness = verified_v1();
  harness.author = tool;
  harness.ship("v3").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.guard.contests.empty());
}

TEST_CASE("freezes again when the tool applies v1 and then the contested v2 again") {
  DeploymentHarness harness = contested_v2();
  CHECK_THAT(harness.guard.freeze->message, mentions({"1 consecutive time"}));
  harness.ship("v1").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  harness.ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
}

// v2 rolled back ──▶ a user applies v2 again
TEST_CASE("decides again whether a rolled back template is good when a user applies it again") {
  DeploymentHarness harness = verifying_v1();
  harness.pass_checks_for(6min).ship("v2").reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.events.back().reason == Reason::ReleaseSeen);
  harness.roll_out().reconcile({pass("rollout")});
  SECTION("v2 bakes without a breach") {
    harness.pass_checks_for(11min);
    CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
  }
  SECTION("v2 fails again") {
    harness.fail_three_times();
    CHECK(harness.restorations == 2);
    CHECK(harness.deployed_template() == "v1");
  }
}

// v2 ✗✗✗ ──▶ patch to v1 ──▶ a user applies v2 before the next reconcile
TEST_CASE("supersedes the rollback when a user applies the bad template right after the patch") {
  DeploymentHarness harness = baking_v2();
  harness.fail_three_times();
  REQUIRE(harness.deployed_template() == "v1");
  harness.ship("v2").reconcile();
  CHECK(harness.phase() == RollbackPhase::Superseded);
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.emitted(Reason::RolledBack) == 1);
  CHECK(harness.restorations == 1);
}

// v2 ✗✗✗ ──▶ patch to v1 ──▶ a tool applies v2 before the next reconcile
TEST_CASE("counts a contest when a tool applies the bad template before the next reconcile") {
  DeploymentHarness harness = restored_v1();
  harness.ship("v2").roll_out();
  harness.author = tool;
  harness.rollback->status =
      rollback::advance(harness.rollback->status, api::RollbackPhase::Superseded,
                        "the template has changed since", harness.now);
  harness.guard.current = harness.rollback->spec.from;
  harness.guard.template_digest = TemplateDigest("v2");
  harness.pass_time(1s).reconcile();
  CHECK(harness.verdict("v2") == RevisionVerdict::Evaluating);
  CHECK(harness.emitted(Reason::RolledBack) == 1);
  CHECK(harness.guard.contests.size() == 1);
  CHECK(harness.guard.rollbacks.size() == 1);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.reconcile_for(30s, {fails("health")});
  CHECK(harness.emitted(Reason::RolledBack) == 1);
}

TEST_CASE("counts a contest once when the clock of the leader that rolled back is ahead") {
  DeploymentHarness harness = restored_v1();
  harness.ship("v2").roll_out();
  harness.author = tool;
  harness.rollback->status =
      rollback::advance(harness.rollback->status, api::RollbackPhase::Superseded,
                        "the template has changed since", harness.now);
  harness.rollback->status.template_restored = harness.now + 5s;
  harness.guard.current = harness.rollback->spec.from;
  harness.guard.template_digest = TemplateDigest("v2");
  for (int i = 0; i < 4; ++i) harness.pass_time(1s).reconcile();
  CHECK(harness.guard.contests.size() == 1);
  CHECK(harness.guard.state == api::State::Evaluating);
}
