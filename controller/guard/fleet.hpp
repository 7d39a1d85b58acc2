// Facts about one Deployment from the states of all of them: the fleet for the breaker, and the
// other members of its group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/breaker.hpp"
#include "guard/guard_state.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// A Deployment that was not reconciled in this term counts by its DeploymentGuard.
[[nodiscard]] Fleet count_fleet(const GuardStates& states, const kube::Stores& stores,
                                const BreakerSettings& settings,
                                const BreakerOverride& breaker_override, Time now);

// The fleet has to be counted only if this is true: a check fails, or a rollback is due.
[[nodiscard]] bool may_be_rolled_back(const api::GuardStatus& guard,
                                      const std::vector<api::Measurement>& measurements);

// The other Deployments of the namespace with that group. One that was not reconciled yet is
// blocked.
[[nodiscard]] std::vector<GroupMember> other_members(const Key& deployment,
                                                     const std::string& group,
                                                     const GuardStates& states,
                                                     const kube::Stores& stores);

// The Rollback that spec.causedBy names, from the watch.
[[nodiscard]] std::optional<api::Rollback> initiator_for(
    const std::optional<api::Rollback>& rollback, const kube::Stores& stores);

}  // namespace lastgood::guard
