// Idle: the message while the same revision runs, and the choice between a snapshot and a drill.
#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

DeploymentHarness presumed_good_v1() {
  DeploymentHarness harness;
  return harness.ship("v1").roll_out().reconcile();
}

DeploymentHarness inconclusive_v2() {
  return baking_v2().reconcile_for(10min, {pass("rollout"), unknown("health")});
}

// v1 was restored and verified, and then a user deleted the Rollback.
DeploymentHarness verified_v1_without_rollback() {
  DeploymentHarness harness = restored_v1().roll_out().reconcile().pass_checks_for(6min);
  harness.rollback.reset();
  return harness;
}

}  // namespace

TEST_CASE("keeps its reason and message while the same revision runs") {
  struct Row {
    const char* name;
    DeploymentHarness harness;
    Reason reason;
  };
  const std::vector<Row> rows = {{"presumed good", presumed_good_v1(), Reason::PresumedGood},
                                 {"inconclusive", inconclusive_v2(), Reason::Inconclusive},
                                 {"restored", verified_v1_without_rollback(), Reason::RolledBack}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    REQUIRE(row.harness.state() == idle(row.reason));
    DeploymentHarness later = row.harness;
    later.pass_time(1min).reconcile();
    CHECK(later.state() == idle(row.reason));
    CHECK(later.guard.message == row.harness.guard.message);
  }
}

TEST_CASE("forgets the results of a corrected check of an Inconclusive revision") {
  DeploymentHarness web = inconclusive_v2();
  REQUIRE(web.state() == idle(Reason::Inconclusive));
  REQUIRE(web.guard.checks.size() == 2);
  std::get<api::HttpCheck>(web.policy.spec.checks[0].kind).path = "/corrected";
  web.pass_time(1min).reconcile();
  CHECK(web.state() == idle(Reason::Inconclusive));
  CHECK(web.guard.checks.size() == 1);
  CHECK(web.guard.checks[0].name == "rollout");
  CHECK_THAT(web.guard.message, mentions({"is not proven good", "kubectl rollout restart"}));
  CHECK_FALSE(web.guard.message.contains("NoPodsToProbe"));
}

TEST_CASE("reports a suspended policy or a paused Deployment in Idle for as long as it lasts") {
  struct Row {
    const char* name;
    DeploymentHarness& (*begin)(DeploymentHarness&);
    DeploymentHarness& (*end)(DeploymentHarness&);
    Reason reason;
    std::vector<std::string> mentions;
  };
  const std::vector<Row> rows = {
      {"suspended",
       [](DeploymentHarness& web) -> DeploymentHarness& { return web.suspend(); },
       [](DeploymentHarness& web) -> DeploymentHarness& { return web.unsuspend(); },
       Reason::Suspended,
       {"revision 1", "presumed good", "RollbackPolicy/web", "spec.suspend"}},
      {"paused",
       [](DeploymentHarness& web) -> DeploymentHarness& { return web.pause(); },
       [](DeploymentHarness& web) -> DeploymentHarness& { return web.unpause(); },
       Reason::DeploymentPaused,
       {"revision 1", "presumed good", "kubectl rollout resume deployment/web -n shop"}}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    DeploymentHarness web = running_v1();
    const auto since = web.guard.state_since;
    row.begin(web).pass_time(1min).reconcile();
    CHECK(web.state() == idle(row.reason));
    CHECK_THAT(web.guard.message, mentions(row.mentions));
    CHECK(web.guard.state_since == since);
    CHECK(api::find_condition(web.guard.conditions, "Ready")->status == api::ConditionStatus::True);
    const auto message = web.guard.message;
    const auto writes = web.guard_writes.size();
    web.reconcile_for(10min, {});
    CHECK(web.guard.message == message);
    CHECK(web.guard_writes.size() == writes);
    row.end(web).reconcile();
    CHECK(web.state() == idle(Reason::PresumedGood));
    CHECK_FALSE(web.guard.message.contains("spec.suspend"));
    CHECK_FALSE(web.guard.message.contains("rollout resume"));
  }
}

TEST_CASE("stays Reconciling in Idle when the template changes while the Deployment is paused") {
  DeploymentHarness web = running_v1();
  web.pause().reconcile().ship_without_replica_set("v2").reconcile();
  CHECK(web.state() == idle(Reason::DeploymentPaused));
  CHECK(api::find_condition(web.guard.conditions, "Reconciling")->status ==
        api::ConditionStatus::True);
}

TEST_CASE("reports nothing in Idle when the Deployment is scaled to zero") {
  DeploymentHarness web = running_v1();
  web.scale(0).reconcile();
  CHECK(web.state() == idle(Reason::PresumedGood));
}

TEST_CASE("creates no snapshot of a revision that is not proven") {
  DeploymentHarness harness = inconclusive_v2();
  harness.reconcile();
  CHECK(harness.guard.current->snapshot.empty());
  CHECK(harness.action() == ActionKind::None);
}

TEST_CASE("creates a missing snapshot before it runs a drill that is due") {
  DeploymentHarness harness = baking_v2();
  harness.policy.spec.drill.after_good = true;
  harness.can_snapshot = false;
  harness.pass_checks_for(11min);
  REQUIRE(harness.state() == idle(Reason::Good));
  CHECK(harness.action() == ActionKind::CreateSnapshot);
  harness.can_snapshot = true;
  harness.reconcile().reconcile();
  CHECK(harness.action() == ActionKind::RunDrill);
}
