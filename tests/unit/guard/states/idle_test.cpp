// Idle: the message while the same revision runs, and the choice between a snapshot and a drill.
#include <catch2/catch.hpp>

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
