// Gates on the release, the fleet, the limits and the policy. chains.cpp puts them in order.
// Private to guard/.
#pragma once

#include <optional>
#include <string>

#include "guard/gates/gate.hpp"

namespace lastgood::guard::gates {

using MaybeHold = std::optional<Hold>;

[[nodiscard]] MaybeHold declined(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold already_rolled_back(const Inputs& inputs, const api::GuardStatus& guard,
                                            Time now);
[[nodiscard]] MaybeHold no_last_good(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold no_rollback_past(const Inputs& inputs, const api::GuardStatus& guard,
                                         Time now);
[[nodiscard]] MaybeHold too_far_back(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold unconfirmed(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold already_failing(const Inputs& inputs, const api::GuardStatus& guard,
                                        Time now);
[[nodiscard]] MaybeHold shared_cause(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold shared_with_fleet(const Inputs& inputs, const api::GuardStatus& guard,
                                          Time now);
[[nodiscard]] MaybeHold cluster_fault(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
[[nodiscard]] MaybeHold breaker_open(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold limit_reached(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
// When the next automatic rollback is within the limit. Nothing: limit_reached() does not block.
[[nodiscard]] std::optional<Time> end_of_limit(const Inputs& inputs, const api::GuardStatus& guard,
                                               Time now);
[[nodiscard]] MaybeHold cooldown(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold preflight(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold same_image(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold observing(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold awaiting_approval(const Inputs& inputs, const api::GuardStatus& guard,
                                          Time now);

// How the Rollback in `inputs` was approved, for example "spec.approved of the Rollback". Empty if
// the Rollback needs no approval, or is not approved yet.
[[nodiscard]] std::string approval_of(const Inputs& inputs);

// A user approved the initiator's Rollback, and with it the rollback of its group. Precondition:
// the Rollback has started. In mode Approve it starts only after an approval.
[[nodiscard]] bool was_approved(const api::Rollback& initiator_rollback);

// The hold of a Rollback that waits for approval, with the commands that approve it.
[[nodiscard]] Hold approval_hold(const api::Rollback& rollback);

}  // namespace lastgood::guard::gates
