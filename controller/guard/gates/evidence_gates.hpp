// Gates that ask whether a check can be trusted. Private to guard/.
#pragma once

#include <optional>

#include "guard/gates/gate.hpp"
#include "guard/inputs.hpp"

namespace lastgood::guard::gates {

// Blocks while no breached check is established.
[[nodiscard]] std::optional<Hold> check_not_established(const Inputs& inputs,
                                                        const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard::gates
