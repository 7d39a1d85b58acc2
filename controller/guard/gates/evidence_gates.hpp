// Gates that hold a release whose check may be wrong or fails for another cause. Private to guard/.
#pragma once

#include <optional>

#include "guard/gates/gate.hpp"
#include "guard/inputs.hpp"

namespace lastgood::guard::gates {

// The first of actionable_breaches() whose check is established. Null if there is none.
[[nodiscard]] const api::CheckStatus* established_breach(const api::GuardStatus& guard,
                                                         const api::PolicySpec& spec, Time now);

// Blocks while no breached check is established. A check of the Rollback in progress was
// established when the Rollback was recorded, and still is unless its configuration has changed.
[[nodiscard]] std::optional<Hold> check_not_established(const Inputs& inputs,
                                                        const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard::gates
