// The condition ChecksEstablished and its Event.
#include "guard/checks_established.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::ConditionStatus;

namespace {

// v1 is presumed good, and the check has not passed for any revision.
DeploymentHarness idle_v1() {
  DeploymentHarness harness;
  harness.establishes_checks = false;
  harness.ship("v1").roll_out().reconcile().reconcile();
  return harness;
}

api::Condition condition_of(const DeploymentHarness& harness) {
  const auto* found = api::find_condition(harness.guard.conditions, "ChecksEstablished");
  return found ? *found : api::Condition{};
}

}  // namespace

TEST_CASE("ChecksEstablished is Unknown until a check passes or has failed twice") {
  DeploymentHarness harness = idle_v1();
  CHECK(condition_of(harness).status == ConditionStatus::Unknown);
  CHECK(condition_of(harness).message.contains("health (Pending)"));
  harness.reconcile({fails("health")});
  CHECK(condition_of(harness).status == ConditionStatus::Unknown);
  CHECK(condition_of(harness).message.contains("health (WrongStatus)"));
  CHECK(harness.emitted(Reason::CheckNotEstablished) == 0);
  harness.reconcile({fails("health")});
  CHECK(condition_of(harness).status == ConditionStatus::False);
  CHECK(condition_of(harness).reason == "CheckNotEstablished");
  CHECK(condition_of(harness).message.contains("RollbackPolicy/web"));
  harness.reconcile({fails("health")});
  CHECK(harness.emitted(Reason::CheckNotEstablished) == 1);
  harness.reconcile({pass("health")});
  CHECK(condition_of(harness).status == ConditionStatus::True);
}

TEST_CASE("ChecksEstablished is True when the policy has no checks") {
  DeploymentHarness harness = idle_v1();
  harness.policy.spec.checks.clear();
  harness.reconcile();
  CHECK(condition_of(harness).status == ConditionStatus::True);
}

TEST_CASE("ChecksEstablished is Unknown when no policy applies") {
  DeploymentHarness harness = idle_v1();
  harness.reconcile({pass("health")}).opt_out().reconcile();
  CHECK(condition_of(harness).status == ConditionStatus::Unknown);
}

TEST_CASE("ChecksEstablished is False when a changed check fails for a release") {
  DeploymentHarness harness = idle_v1();
  harness.reconcile({pass("health")});
  api::http_of(harness.policy.spec.checks[0]).path = "/wrong";
  harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile({pass("rollout")});
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::CheckNotEstablished));
  CHECK(condition_of(harness).status == ConditionStatus::False);
  CHECK(harness.emitted(Reason::CheckNotEstablished) == 1);
}
