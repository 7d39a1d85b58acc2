// The gate CheckNotEstablished: the check of the release may be wrong. Private to guard/.
#pragma once

#include <optional>

#include "guard/gates/gate.hpp"
#include "guard/inputs.hpp"

namespace lastgood::guard::gates {

// The first of actionable_breaches() whose check is established. Null if there is none.
[[nodiscard]] const api::CheckStatus* established_breach(const api::GuardStatus& guard,
                                                         const api::PolicySpec& spec, Time now);

// Blocks while no breached check is established. Does not block a Rollback in progress whose check
// has the same configuration as when the Rollback was recorded: the check was established then.
[[nodiscard]] std::optional<Hold> check_not_established(const Inputs& inputs,
                                                        const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard::gates
