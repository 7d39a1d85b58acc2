// A release that the cluster prevents from rolling out is held, and evaluated again afterwards.
#include "guard/cluster_fault.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

api::Measurement cluster_fault(Reason reason = Reason::PodsNotCreated) {
  return {.check = "rollout",
          .result = api::MeasurementResult::Fail,
          .reason = reason,
          .message = "exceeded quota: pods",
          .immediate = true};
}

api::Measurement missing_config() {
  return {.check = "rollout",
          .result = api::MeasurementResult::Fail,
          .reason = Reason::ConfigError,
          .message = "ConfigMap settings does not exist",
          .min_failing_time = 10s};
}

DeploymentHarness held_by_cluster() {
  return running_v1().ship("v2").reconcile().reconcile({cluster_fault()});
}

}  // namespace

TEST_CASE("holds a release with the message of the cluster when the cluster prevents the rollout") {
  for (const Reason reason : {Reason::PodsNotCreated, Reason::Unschedulable, Reason::NodeNotReady,
                              Reason::RegistryUnavailable, Reason::RegistryAccessDenied}) {
    DeploymentHarness harness = running_v1().ship("v2").reconcile();
    harness.reconcile({cluster_fault(reason)});
    CHECK(harness.state() == held(Reason::ClusterFault));
    CHECK(harness.guard.message ==
          "The cluster prevents the rollout, so a rollback would not help. " +
              std::string(api::to_string(reason)) +
              ": exceeded quota: pods. Remove the cause: the hold ends when the rollout continues");
    harness.reconcile_for(1h, {cluster_fault(reason)});
    CHECK(harness.restorations == 0);
  }
}

TEST_CASE("evaluates the release again when the fault of the cluster ends") {
  DeploymentHarness harness = held_by_cluster();
  harness.reconcile({unknown("rollout")});
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  harness.roll_out().pass_checks_for(11min);
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.restorations == 0);
}

TEST_CASE("counts the time of a failure from its own beginning when it follows a cluster fault") {
  DeploymentHarness harness = held_by_cluster();
  harness.reconcile({missing_config()});
  CHECK(harness.restorations == 0);
  harness.pass_time(5s).reconcile({missing_config()});
  CHECK(harness.restorations == 0);
  harness.pass_time(5s).reconcile({missing_config()});
  CHECK(harness.restorations == 1);
}

TEST_CASE("rolls back for another check when the cluster prevents the rollout too") {
  DeploymentHarness harness = held_by_cluster();
  for (int i = 0; i < 3; ++i) harness.pass_time(10s).reconcile({cluster_fault(), fails("health")});
  CHECK(harness.restorations == 1);
}
