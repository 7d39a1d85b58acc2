// When the preflight of a rollback runs, and the condition RollbackReady.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The preflight is about this generation and target.
[[nodiscard]] bool is_about(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target);

// That, and it is recent enough to start a rollback.
[[nodiscard]] bool is_fresh(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target,
                            Time now);

// It runs on each change, every 10 minutes, and more often while a rollback may be near.
[[nodiscard]] bool is_preflight_due(const Inputs& inputs, Time now);

// Sets the condition RollbackReady.
void set_rollback_ready(api::GuardStatus& guard, const Inputs& inputs, Time now);

// The time of the next preflight without a change; empty without a target.
[[nodiscard]] std::optional<Time> next_preflight(const Inputs& inputs,
                                                 const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
