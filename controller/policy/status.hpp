// The status of a RollbackPolicy.
#pragma once

#include <cstdint>

#include "api/policy.hpp"

namespace lastgood::policy {

// `guarded` is the number of Deployments to which the policy applies now.
[[nodiscard]] api::PolicyStatus status_of(const api::RollbackPolicy& policy, std::int64_t guarded,
                                          Time now);

}  // namespace lastgood::policy
