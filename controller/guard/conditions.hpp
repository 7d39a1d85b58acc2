// The conditions of a DeploymentGuard, of the type metav1.Condition: Governed, and Ready,
// Reconciling and Stalled for kstatus.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The reason of the condition Governed.
[[nodiscard]] Reason governed_reason(const EffectivePolicy& policy);

// Governed says whether a policy applies, and if not why.
void set_governed(api::GuardStatus& guard, const policy::EffectivePolicy& policy,
                  std::int64_t generation, Time now);

// Ready, Reconciling and Stalled: from the state, or from the error of the policy.
void set_standing(api::GuardStatus& guard, const policy::EffectivePolicy& policy,
                  std::int64_t generation, Time now);

}  // namespace lastgood::guard
