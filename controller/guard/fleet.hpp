// What the Deployments together tell one of them: how many are in transport_error, and how the
// others of its group stand. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/breaker.hpp"
#include "guard/guard_state.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// Those that were not looked at yet in this term count as their guards tell.
[[nodiscard]] Fleet count_fleet(const GuardStates& states, const kube::Stores& stores,
                                const BreakerSettings& settings,
                                const BreakerOverride& breaker_override, Time now);

// Is there a reason to count the fleet: something of this Deployment fails, or a rollback of it is
// held or begun.
[[nodiscard]] bool may_be_put_back(const api::GuardStatus& guard,
                                   const std::vector<api::Measurement>& measurements);

// The other Deployments of the namespace that say to be of that group. One that was not looked at
// yet cannot go back.
[[nodiscard]] std::vector<GroupMember> others_of_group(const Key& deployment,
                                                       const std::string& group,
                                                       const GuardStates& states,
                                                       const kube::Stores& stores);

// The Rollback that this one follows with its group, as the watch has it.
[[nodiscard]] std::optional<api::Rollback> call_followed_by(
    const std::optional<api::Rollback>& rollback, const kube::Stores& stores);

}  // namespace lastgood::guard
