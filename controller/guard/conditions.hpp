// The conditions of a DeploymentGuard, of the type metav1.Condition: Governed, and Ready,
// Reconciling and Stalled for kstatus.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The reason of the condition Governed.
[[nodiscard]] Reason governed_reason(const EffectivePolicy& policy);

// Sets Governed: whether a policy applies, and the reason if no policy applies.
void set_governed(api::GuardStatus& guard, const policy::EffectivePolicy& policy,
                  std::int64_t generation, Time now);

// Sets Ready, Reconciling and Stalled from the state, or from the error of a broken policy.
void set_kstatus_conditions(api::GuardStatus& guard, const policy::EffectivePolicy& policy,
                            const api::Deployment& deployment, Time now);

}  // namespace lastgood::guard
