// Facts that need the states of all Deployments: the fleet for the breaker, and the other members
// of a group.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guard/breaker.hpp"
#include "guard/failure_log.hpp"
#include "guard/guard_states.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// The memory of the fleet in this term.
struct FleetMemory {
  FailureLog failing;              // Deployments whose release fails
  FailureLog began_to_fail;        // Deployments that were healthy before
  std::optional<Time> last_above;  // see last_above() in breaker.hpp
  // The same for a Deployment that the breaker holds: only the failures that began when the failure
  // of this Deployment began are counted.
  std::map<Key, Time> above_around;
};

struct FleetView {
  Breaker breaker = {};
  std::vector<OtherFailure> other_failures = {};
  std::size_t min_other_failures = 0;  // see min_other_failures() in breaker.hpp
};

// The fleet as the Deployment `self` sees it. `group`: the group of `self`; empty: it has none. A
// Deployment that was not reconciled in this term is counted by the status of its DeploymentGuard.
//
// The breaker is open for `self` in two cases:
// - More Deployments than the limits allow began to fail recently.
// - `self` is held by the breaker, and more Deployments than the limits allow began to fail when
//   `self` did, and still fail. So the breaker holds the Deployments that an outage broke until the
//   outage ends, but no release that comes later.
[[nodiscard]] FleetView observe_fleet(FleetMemory& memory, const GuardStates& states,
                                      const kube::Stores& stores, const FleetSettings& settings,
                                      const BreakerOverride& breaker_override, const Key& self,
                                      const std::string& group, Time now);

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
