// Which records of rollbacks may be deleted. Must not know how; reads nothing but the records.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rollback.hpp"

namespace lastgood::rollback {

inline constexpr std::size_t max_rollbacks = 20;

// Of the Rollbacks of one Deployment: the names of all finished ones but the newest max_rollbacks
// of those that changed the template, and as many of the others (drills, what was observed or
// refused), so that these push out no incident. Oldest first. Never one that is not finished, and
// never `in_guard`, of which the guard's status speaks.
[[nodiscard]] std::vector<std::string> superfluous_rollbacks(std::vector<api::Rollback> rollbacks,
                                                             std::string_view in_guard);

}  // namespace lastgood::rollback
