// The part of the rollout check that runs after the rollout. It fails if too many pods are not
// ready.
#pragma once

#include <vector>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/startup.hpp"

namespace lastgood::checks {

// Fail if more than a quarter of the counted pods are not ready. It must last for
// rules.unavailable_for; if that is 0, the check does not fail. A quarter is the default of
// maxUnavailable in Kubernetes. Unknown if no pod is counted. A pod is not counted if:
//   - its node does not report,
//   - it is unscheduled,
//   - it waits for an image whose registry is unavailable,
//   - it lacks an image or configuration that another pod of the revision has, or
//   - it may still be starting.
[[nodiscard]] api::Measurement measure_readiness(const api::RolloutCheck& rules,
                                                 const std::vector<const api::Pod*>& pods,
                                                 const StartupAllowance& allowance);

}  // namespace lastgood::checks
