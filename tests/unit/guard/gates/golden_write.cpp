// Rows of the gates that forbid any change of a Deployment.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

const std::vector<GateRow>& write_gate_rows() {
  static const std::vector<GateRow> rows = {
      {"Deleting",
       "the Deployment is being deleted",
       [](Inputs& in) { in.deployment.meta.deleting = true; },
       {{.reason = Reason::Deleting}}},
      {"Deleting", "the Deployment is not being deleted", [](Inputs&) {}},
      {"Suspended",
       "the policy is suspended",
       [](Inputs& in) { in.policy.spec.suspend = true; },
       {{.reason = Reason::Suspended, .mentions = {"RollbackPolicy/web", "spec.suspend"}}}},
      {"Suspended", "the policy is not suspended",
       [](Inputs& in) { in.policy.spec.suspend = false; }},
      {"DeploymentPaused",
       "the Deployment is paused",
       [](Inputs& in) { in.deployment.paused = true; },
       {{.reason = Reason::DeploymentPaused,
         .mentions = {"kubectl rollout resume deployment/web -n shop"}}}},
      {"DeploymentPaused", "the Deployment is not paused",
       [](Inputs& in) { in.deployment.paused = false; }},
      {"ScaledToZero",
       "the Deployment has no replicas",
       [](Inputs& in) { in.deployment.replicas = 0; },
       {{.reason = Reason::ScaledToZero}}},
      {"ScaledToZero", "the Deployment has one replica",
       [](Inputs& in) { in.deployment.replicas = 1; }},
      {"PausedUntil",
       "rollbacks are forbidden for another 1ms",
       [](Inputs& in) { in.policy.pause_until = moment + 1ms; },
       {{.reason = Reason::PausedUntil,
         .mentions = {"lastgood.dev/pause-until", "2026-11-24T12:00:30Z"},
         .until = 1ms}}},
      {"PausedUntil", "rollbacks were forbidden until now",
       [](Inputs& in) { in.policy.pause_until = moment; }},
      {"PausedUntil", "rollbacks are not forbidden",
       [](Inputs& in) { in.policy.pause_until.reset(); }},
  };
  return rows;
}

}  // namespace lastgood::guard::test
