// The state that follows a finished Rollback, when the guard does not know yet that it is finished.
#include <catch2/catch.hpp>

#include "rollback/record.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// The state is RollingBack. Then lastgood.dev/pause-until blocks each new rollback.
DeploymentHarness pending_rollback_then_paused() {
  DeploymentHarness harness = pending_rollback();
  harness.policy.pause_until = harness.now + 1h;
  return harness;
}

}  // namespace

TEST_CASE("evaluates the release when its Rollback ended without a change") {
  for (const auto phase :
       {RollbackPhase::Superseded, RollbackPhase::Observed, RollbackPhase::Rejected}) {
    CAPTURE(phase);
    DeploymentHarness harness = pending_rollback_then_paused();
    harness.rollback->status.phase = phase;
    harness.reconcile();
    CHECK(harness.state() == held(Reason::PausedUntil));
  }
}

TEST_CASE("freezes when a Rollback failed after the state began, not when it failed before") {
  for (const auto& [since_state, state] : {std::pair(-1ms, held(Reason::PausedUntil)),
                                           std::pair(0ms, frozen(Reason::RollbackFailed))}) {
    CAPTURE(since_state.count());
    DeploymentHarness harness = pending_rollback_then_paused();
    harness.rollback->status.phase = RollbackPhase::Failed;
    harness.rollback->status.finished = *harness.guard.state_since + since_state;
    harness.reconcile();
    CHECK(harness.state() == state);
  }
}

TEST_CASE("freezes and quarantines the release when its Rollback failed after the patch") {
  DeploymentHarness harness = baking_v2().fail_three_times();
  REQUIRE(harness.verdict("v2") == RevisionVerdict::Breached);
  harness.rollback->status.phase = RollbackPhase::Failed;
  // Another replica finished the Rollback, and its clock is behind.
  harness.rollback->status.finished = *harness.guard.state_since - 1s;
  harness.reconcile();
  CHECK(harness.state() == frozen(Reason::RollbackFailed));
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  CHECK(harness.emitted(Reason::RolledBack) == 1);
}

TEST_CASE("follows the end of a verification that another replica recorded") {
  DeploymentHarness harness = restored_v1().roll_out().reconcile();
  REQUIRE(harness.state() == verifying(Reason::RolledOut));
  harness.rollback->status = rollback::advance(harness.rollback->status, RollbackPhase::Succeeded,
                                               "v1 passes its checks", harness.now);
  harness.reconcile();
  CHECK(harness.state() == idle(Reason::RolledBack));
  CHECK(harness.guard.message == "v1 passes its checks");
}
