// Which Rollback objects are deleted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rollback.hpp"

namespace lastgood::rollback {

// How many finished Rollbacks are kept: this many that changed the template, and this many others,
// such as drills. The two are counted separately, so drills do not displace executed rollbacks.
inline constexpr std::size_t max_rollbacks = 20;

// The names of the finished Rollbacks to delete, oldest first. `rollbacks` are those of one
// Deployment. `named_by_guard`, the Rollback that the status of the guard names, is never deleted.
[[nodiscard]] std::vector<std::string> rollbacks_to_delete(std::vector<api::Rollback> rollbacks,
                                                           std::string_view named_by_guard);

}  // namespace lastgood::rollback
