// When a Deployment is left alone altogether, whatever its release does.
#include "golden.hpp"

namespace lastgood::guard::test {

const std::vector<HoldRow>& rows_on_touching() {
  static const std::vector<HoldRow> rows = {
      {"Deleting",
       "what is being deleted is left alone",
       [](Inputs& w) { w.deployment.meta.deleting = true; },
       {{.reason = Reason::Deleting}}},
      {"Deleting", "what is not is not", [](Inputs&) {}},
      {"Suspended",
       "a suspended policy does nothing",
       [](Inputs& w) { w.policy.spec.suspend = true; },
       {{.reason = Reason::Suspended, .mentions = {"RollbackPolicy/web", "spec.suspend"}}}},
      {"Suspended", "one that is not does", [](Inputs& w) { w.policy.spec.suspend = false; }},
      {"DeploymentPaused",
       "a paused Deployment is left alone",
       [](Inputs& w) { w.deployment.paused = true; },
       {{.reason = Reason::DeploymentPaused, .mentions = {"kubectl rollout resume"}}}},
      {"DeploymentPaused", "a resumed one is not", [](Inputs& w) { w.deployment.paused = false; }},
      {"ScaledToZero",
       "without a pod nothing is judged",
       [](Inputs& w) { w.deployment.replicas = 0; },
       {{.reason = Reason::ScaledToZero}}},
      {"ScaledToZero", "one is enough", [](Inputs& w) { w.deployment.replicas = 1; }},
      {"PausedUntil",
       "it is left alone until the time that its owner says",
       [](Inputs& w) { w.policy.pause_until = moment + 1ms; },
       {{.reason = Reason::PausedUntil,
         .mentions = {"lastgood.dev/pause-until", "2026-11-24T12:00:30Z"},
         .until = 1ms}}},
      {"PausedUntil", "and not any more when that has come",
       [](Inputs& w) { w.policy.pause_until = moment; }},
      {"PausedUntil", "nor where no time is said", [](Inputs& w) { w.policy.pause_until.reset(); }},
  };
  return rows;
}

}  // namespace lastgood::guard::test
