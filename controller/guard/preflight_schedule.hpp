// When the preflight of a rollback runs, and the condition RollbackReady.
#pragma once

#include <optional>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// It runs on each change, every 10 minutes, and more often while a rollback may be near.
[[nodiscard]] bool is_preflight_due(const Inputs& inputs, Time now);

// Sets the condition RollbackReady.
void set_rollback_ready(api::GuardStatus& guard, const Inputs& inputs, Time now);

// The time of the next preflight without a change; empty without a target.
[[nodiscard]] std::optional<Time> next_preflight(const Inputs& inputs,
                                                 const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
