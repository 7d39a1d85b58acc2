// Manual rollbacks, from the request to the end of the rollback.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v1, v2 and v3 are good, and v3 runs.
DeploymentHarness good_v3() {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(11min).ship("v3").reconcile().roll_out().reconcile();
  return harness.pass_checks_for(11min);
}

}  // namespace

// v3 is good ──▶ a user creates a Rollback ──▶ v2
TEST_CASE(
    "rolls back to the last good revision, and verifies it, when a user requests a rollback") {
  DeploymentHarness harness = good_v3();
  harness.request_rollback().reconcile();
  CHECK(harness.state() == rolling_back(Reason::RequestedManually));
  CHECK(harness.action() == ActionKind::BindRequest);
  CHECK(harness.rollback->spec.from.hash == TemplateHash("v3"));
  CHECK(harness.rollback->spec.to.hash == TemplateHash("v2"));
  CHECK(harness.rollback->spec.generation == harness.deployment.meta.generation);
  CHECK(harness.requeue_after() == Duration{0});
  harness.reconcile();
  CHECK(harness.deployed_template() == "v2");
  harness.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.phase() == RollbackPhase::Succeeded);
  CHECK(harness.verdict("v3") == RevisionVerdict::RolledBack);
  CHECK(harness.restorations == 1);
  CHECK(harness.guard.rollbacks.empty());
}

TEST_CASE("rolls back to the requested revision") {
  DeploymentHarness harness = good_v3();
  harness.request_rollback({.to_revision = 1}).reconcile().reconcile();
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("executes a manual rollback in any mode, above the limit and while the breaker is open") {
  DeploymentHarness harness = good_v3();
  harness.policy.spec.mode = GENERATE(api::Mode::Observe, api::Mode::Approve, api::Mode::Enforce);
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.guard.rollbacks = {{.name = "earlier", .at = harness.now}};
  harness.breaker = {.is_open = true, .message = "many fail"};
  harness.request_rollback().reconcile().reconcile();
  CHECK(harness.deployed_template() == "v2");
}

TEST_CASE("rejects a manual rollback for a reason that force overrides, unless it is forced") {
  DeploymentHarness harness = good_v3();
  SECTION("suspended") { harness.suspend(); }
  SECTION("paused until a later time") { harness.policy.pause_until = harness.now + 1h; }
  SECTION("the current revision has no-rollback-past") {
    harness.guard.current->no_rollback_past = true;
  }
  SECTION("a reference is missing") {
    harness.preflight->ready = api::ConditionStatus::False;
    harness.preflight->reason = Reason::MissingReference;
  }
  harness.request_rollback().reconcile().reconcile();
  CHECK(harness.stored_rollbacks.at("manual-0").status.phase == RollbackPhase::Rejected);
  CHECK(harness.emitted(Reason::RollbackRejected) == 1);
  CHECK(harness.restorations == 0);
  harness.request_rollback({.force = true}).reconcile().reconcile();
  CHECK(harness.deployed_template() == "v2");
}

TEST_CASE("executes a forced rollback while suspended, and verifies it when the suspension ends") {
  DeploymentHarness harness = good_v3();
  harness.suspend().request_rollback({.force = true}).reconcile();
  CHECK(harness.requeue_after() == Duration{0});
  harness.reconcile().pass_time(1s).reconcile().roll_out().reconcile_for(1h, {});
  CHECK(harness.deployed_template() == "v2");
  CHECK(harness.state() == rolling_back(Reason::Suspended));
  harness.unsuspend().reconcile().pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
}

TEST_CASE("waits, without a rejection, while the preflight of a manual rollback has no result") {
  DeploymentHarness harness = good_v3();
  harness.preflight.reset();
  harness.request_rollback().reconcile();
  CHECK(harness.action() == ActionKind::None);
  CHECK(harness.requeue_after().value() <= Duration{50ms});
  harness.preflight = api::Preflight{.ready = api::ConditionStatus::True, .reason = Reason::Ready};
  harness.reconcile().reconcile();
  CHECK(harness.deployed_template() == "v2");
}

TEST_CASE("rejects a manual rollback while another one is in progress") {
  DeploymentHarness harness = baking_v2();
  harness.fail_three_times().request_rollback().reconcile();
  // The request is the second Rollback: the automatic one came first.
  CHECK(harness.stored_rollbacks.at("manual-1").status.phase == RollbackPhase::Rejected);
  harness.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(6min);
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.restorations == 1);
}

TEST_CASE("ends a freeze when a user requests a rollback") {
  DeploymentHarness harness = baking_v2();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.guard.rollbacks = {{.name = "earlier", .at = harness.now}};
  harness.fail_three_times();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  harness.request_rollback().reconcile().reconcile();
  CHECK(harness.deployed_template() == "v1");
  CHECK_FALSE(harness.guard.freeze.has_value());
}

TEST_CASE("resumes a manual rollback after a restart before the patch, with any earlier guard") {
  DeploymentHarness harness = good_v3();
  harness.request_rollback().reconcile();
  REQUIRE(harness.action() == ActionKind::BindRequest);
  const std::size_t guard_writes = harness.guard_writes.size();
  for (std::size_t i = 0; i <= guard_writes; ++i) {
    CAPTURE(i);
    DeploymentHarness next = harness;
    next.restart_with(i == 0 ? api::GuardStatus{} : harness.guard_writes[i - 1]);
    next.reconcile().reconcile();
    CHECK(next.deployed_template() == "v2");
    next.pass_time(1s).reconcile().roll_out().reconcile().pass_checks_for(6min);
    CHECK(next.state() == idle(Reason::RolledBack));
    CHECK(next.restorations == 1);
  }
}

TEST_CASE("rejects a manual rollback while paused, and waits for a missing ReplicaSet") {
  DeploymentHarness harness = running_v1();
  harness.ship("v2")
      .reconcile()
      .roll_out()
      .reconcile()
      .pass_checks_for(11min)
      .ship_without_replica_set("v3");
  SECTION("paused") {
    harness.pause().request_rollback().reconcile();
    CHECK(harness.last_plan.request->phase == api::RollbackPhase::Rejected);
    CHECK(harness.last_plan.request->message.starts_with("DeploymentPaused"));
  }
  SECTION("no ReplicaSet yet") {
    harness.request_rollback().reconcile();
    CHECK(harness.last_plan.request->phase == api::RollbackPhase::Pending);
    CHECK_THAT(harness.last_plan.request->message, mentions({"ReplicaSet"}));
    CHECK(harness.requeue_after().value() >= Duration{1s});
    harness.reconcile();
    CHECK_FALSE(harness.last_plan.request.has_value());
  }
}
