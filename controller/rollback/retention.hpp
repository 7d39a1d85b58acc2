// Which Rollback objects are deleted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rollback.hpp"

namespace lastgood::rollback {

// Kept of each group: Rollbacks that changed the template, and all others (drills, observed and
// rejected ones), so that the others do not displace a real rollback.
inline constexpr std::size_t max_rollbacks = 20;

// The names of the finished Rollbacks to delete, oldest first. `rollbacks` are those of one
// Deployment. `in_guard`, the Rollback that the status of the guard names, is never deleted.
[[nodiscard]] std::vector<std::string> rollbacks_to_delete(std::vector<api::Rollback> rollbacks,
                                                           std::string_view in_guard);

}  // namespace lastgood::rollback
