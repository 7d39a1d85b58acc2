// Facts that need the states of all Deployments: the fleet for the breaker, and the other members
// of a group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/breaker.hpp"
#include "guard/guard_states.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// A Deployment that was not reconciled in this term is counted by the status of its
// DeploymentGuard.
[[nodiscard]] Fleet count_fleet(const GuardStates& states, const kube::Stores& stores,
                                const BreakerSettings& settings,
                                const BreakerOverride& breaker_override, Time now);

// A check fails, or the state is Held or RollingBack: the breaker may be evaluated soon.
[[nodiscard]] bool needs_fleet_count(const api::GuardStatus& guard,
                                     const std::vector<api::Measurement>& measurements);

// The other Deployments of the namespace in that group. A Deployment that was not reconciled yet
// has no data except a text in blocked_because.
[[nodiscard]] std::vector<GroupMember> other_members(const Key& deployment,
                                                     const std::string& group,
                                                     const GuardStates& states,
                                                     const kube::Stores& stores);

// The Rollback that spec.causedBy of `rollback` names, from the watch.
[[nodiscard]] std::optional<api::Rollback> initiator_rollback_in_watch(
    const std::optional<api::Rollback>& rollback, const kube::Stores& stores);

}  // namespace lastgood::guard
