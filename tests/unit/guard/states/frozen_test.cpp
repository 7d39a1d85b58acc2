// How a Deployment becomes frozen, and which actions of a user end the freeze.
#include <catch2/catch.hpp>

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

// Frozen, because a tool applied v2 again and the limit is 1.
DeploymentHarness contested_v2() {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.author = tool;
  harness.ship("v2").reconcile();
  return harness.roll_out().reconcile();
}

}  // namespace

TEST_CASE("stays frozen when a tool applies a rolled back template, even below the limit") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.ship("v3").reconcile().roll_out().reconcile({pass("rollout")}).fail_three_times();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  harness.policy.spec.limit.count = 5;
  harness.author = tool;
  harness.ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.guard.message == harness.guard.freeze->message);
  CHECK(harness.guard.message.contains("Argo CD"));
}

TEST_CASE("ends the freeze of a contest only by an action of a user") {
  struct Row {
    const char* name;
    void (*change)(DeploymentHarness&);
    bool ends_freeze;
  };
  const std::vector<Row> rows = {
      {"nothing changes", [](DeploymentHarness&) {}, false},
      {"a day passes", [](DeploymentHarness& harness) { harness.pass_time(24h); }, false},
      {"resume is after the freeze",
       [](DeploymentHarness& harness) {
         harness.policy.resume = *harness.guard.freeze->since + 1ms;
       },
       true},
      {"resume is in the second of the freeze",
       [](DeploymentHarness& harness) {
         harness.policy.resume =
             std::chrono::floor<std::chrono::seconds>(*harness.guard.freeze->since);
       },
       true},
      {"resume is 1ms before the second of the freeze",
       [](DeploymentHarness& harness) {
         harness.policy.resume =
             std::chrono::floor<std::chrono::seconds>(*harness.guard.freeze->since) - 1ms;
       },
       false},
      {"resume is an hour before the freeze",
       [](DeploymentHarness& harness) {
         harness.policy.resume = *harness.guard.freeze->since - 1h;
       },
       false},
      {"resume is in the future",
       [](DeploymentHarness& harness) { harness.policy.resume = harness.now + 1ms; }, false},
      {"resume was in the future and is reached",
       [](DeploymentHarness& harness) {
         harness.policy.resume = harness.now + 1min;
         harness.pass_time(1min);
       },
       true},
      {"a user removes status.freeze",
       [](DeploymentHarness& harness) { harness.guard.freeze.reset(); }, true},
      {"a user ships a new template", [](DeploymentHarness& harness) { harness.ship("v3"); }, true},
      {"the Deployment is scaled", [](DeploymentHarness& harness) { harness.scale(5).roll_out(); },
       false},
      {"the controller restarts", [](DeploymentHarness& harness) { harness.restart(); }, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    DeploymentHarness harness = contested_v2();
    REQUIRE(harness.state() == frozen(Reason::Contested));
    harness.pass_time(10s);
    row.change(harness);
    harness.reconcile();
    CHECK((harness.guard.state == api::State::Evaluating) == row.ends_freeze);
    CHECK((harness.guard.state == api::State::Frozen) == !row.ends_freeze);
    CHECK(harness.guard.freeze.has_value() == !row.ends_freeze);
  }
}

TEST_CASE("requeues at the time of lastgood.dev/resume when that time is in the future") {
  DeploymentHarness harness = contested_v2();
  harness.policy.resume = harness.now + 1min;
  harness.reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.requeue_after() == Duration{1min});
}

TEST_CASE("requeues at once when a user ends a freeze while the policy is suspended") {
  DeploymentHarness harness = contested_v2();
  harness.suspend().pass_time(1min);
  harness.policy.resume = harness.now - 30s;
  harness.reconcile();
  CHECK(harness.state() == evaluating(Reason::Resumed));
  CHECK(harness.requeue_after() == Duration{0});
}

TEST_CASE("does not end a freeze in the reconcile that begins it") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.policy.resume = harness.now;
  harness.author = tool;
  harness.ship("v2").reconcile();
  CHECK(harness.state() == frozen(Reason::Contested));
}

// Frozen ──▶ resumed ──▶ evaluated again, with all counts at zero
TEST_CASE("evaluates the release again, with all counts at zero, when a user ends the freeze") {
  DeploymentHarness harness = contested_v2();
  harness.pass_time(10s).policy.resume = harness.now;
  harness.reconcile();
  CHECK(harness.state() == evaluating(Reason::Resumed));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.verdict("v2") == RevisionVerdict::Evaluating);
  CHECK(harness.guard.contests.empty());
  CHECK(harness.guard.rollbacks.empty());
  CHECK(harness.emitted(Reason::Resumed) == 1);
  harness.reconcile().roll_out().reconcile({pass("rollout")}).pass_checks_for(11min);
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
}

// v2 ✗✗✗ ──▶ v1 ──▶ v3 ✗✗✗ ──▶ Frozen LimitReached ──▶ a user resumes v3 ──▶ ✗✗✗ ──▶ v1
TEST_CASE(
    "freezes at the limit of rollbacks, and can roll back again when a user ends the freeze") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.ship("v3").reconcile().roll_out().reconcile({pass("rollout")}).fail_three_times();
  CHECK(harness.state() == frozen(Reason::LimitReached));
  CHECK(harness.restorations == 1);
  harness.pass_time(10s).policy.resume = harness.now;
  harness.reconcile().reconcile({pass("rollout")}).fail_three_times();
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.restorations == 2);
}

TEST_CASE("counts automatic rollbacks for the limit, but not manual ones") {
  DeploymentHarness harness = verified_v1();
  REQUIRE(harness.guard.rollbacks.size() == 1);
  CHECK(harness.guard.rollbacks[0].name == "web-2-1b4e");
  harness.ship("v3")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")})
      .request_rollback()
      .reconcile()
      .reconcile()
      .reconcile();
  CHECK(harness.deployed_template() == "v1");
  CHECK(harness.verdict("v3") == RevisionVerdict::RolledBack);
  CHECK(harness.guard.rollbacks.size() == 1);
}

TEST_CASE("ignores and reports a lastgood.dev/resume before the second in which the freeze began") {
  DeploymentHarness harness;
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.policy.spec.cooldown = 0s;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")})
      .fail_three_times()
      .roll_out();
  harness.pass_checks_for(6min)
      .ship("v3")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")})
      .pass_time(300ms)
      .fail_three_times();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  const Time frozen_since = *harness.guard.freeze->since;
  const std::string freeze_message = harness.guard.message;
  harness.policy.resume = frozen_since - 2min;
  harness.reconcile().reconcile();
  CHECK_THAT(harness.guard.message,
             mentions({"lastgood.dev/resume", format_rfc3339(frozen_since - 2min),
                       format_rfc3339(frozen_since), freeze_message}));
  CHECK(harness.guard_writes.back().message == harness.guard.message);
  harness.policy.resume.reset();
  harness.reconcile();
  CHECK(harness.guard.message == freeze_message);
  harness.policy.resume = std::chrono::floor<std::chrono::seconds>(frozen_since);
  harness.pass_time(1s).reconcile();
  CHECK(harness.guard.state == api::State::Evaluating);
}

TEST_CASE("measures a rolled out release as rolled out when a user ends the freeze") {
  DeploymentHarness harness = verified_v1();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.ship("v3").reconcile().roll_out().reconcile({pass("rollout")});
  harness.fail_three_times();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  harness.deployment.available_replicas = 0;
  harness.pass_time(10s).policy.resume = harness.now;
  harness.reconcile().reconcile();
  CHECK(harness.state() == evaluating(Reason::Baking));
  CHECK(harness.guard.rolled_out.has_value());
}
