// Gates on the group of a Deployment: whether all members can be rolled back, and in which order.
// Private to guard/.
#pragma once

#include <optional>

#include "guard/gates/gate.hpp"

namespace lastgood::guard::gates {

// Before the Rollback is recorded: can every member that was released together be rolled back?
[[nodiscard]] std::optional<Hold> group_blocked(const Inputs& inputs, const api::GuardStatus& guard,
                                                Time now);

// For a recorded Rollback: can every member still be rolled back?
[[nodiscard]] std::optional<Hold> group_members_ready(const Inputs& inputs,
                                                      const api::GuardStatus& guard, Time now);

// Holds a member before any member is restored, while the initiator's Rollback is held or its group
// rollback is about to be planned again.
[[nodiscard]] std::optional<Hold> initiator_held(const Inputs& inputs,
                                                 const api::GuardStatus& guard, Time now);

// Blocks until every member has been reconciled since the controller started.
[[nodiscard]] std::optional<Hold> group_known(const Inputs& inputs, const api::GuardStatus& guard,
                                              Time now);

// Blocks until the members that are before this one in the order are rolled back.
[[nodiscard]] std::optional<Hold> group_order(const Inputs& inputs, const api::GuardStatus& guard,
                                              Time now);

}  // namespace lastgood::guard::gates
