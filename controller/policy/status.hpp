// What a RollbackPolicy's status says. Pure.
#pragma once

#include <cstdint>

#include "api/policy.hpp"

namespace lastgood::policy {

// `guarded`: how many Deployments it governs now.
[[nodiscard]] api::PolicyStatus status_of(const api::RollbackPolicy& policy, std::int64_t guarded,
                                          Time now);

}  // namespace lastgood::policy
