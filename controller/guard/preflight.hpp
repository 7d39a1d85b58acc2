// When it is found out anew whether a rollback would work, and what people read of it: the
// condition RollbackReady.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// Of this very generation and target.
[[nodiscard]] bool is_about(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target);

// That, and from just now: what it says may be acted upon.
[[nodiscard]] bool is_fresh(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target,
                            Time now);

// Is it to be found out now? On change, every ten minutes, and again and again while a rollback may
// be near.
[[nodiscard]] bool is_preflight_due(const Inputs& inputs, Time now);

// RollbackReady, and when it is looked at again.
void set_rollback_ready(api::GuardStatus& guard, const Inputs& inputs, Time now);

// When the next preflight is due should nothing happen before; nothing where there is nothing to go
// back to.
[[nodiscard]] std::optional<Time> next_preflight(const Inputs& inputs,
                                                 const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
