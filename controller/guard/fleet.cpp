#include "guard/fleet.hpp"

#include <algorithm>

#include "guard/guard_status.hpp"
#include "policy/annotations.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

Fleet count_fleet(const GuardStates& states, const kube::Stores& stores,
                  const BreakerSettings& settings, const BreakerOverride& breaker_override,
                  Time now) {
  Fleet fleet;
  const auto count = [&](const api::GuardStatus& guard) {
    if (guard.policy.empty()) return;
    ++fleet.guarded;
    if (counts_as_failing(guard, settings, breaker_override, now)) ++fleet.failing;
    if (is_held_by_breaker(guard)) ++fleet.held;
  };
  states.for_each([&](const Key&, const GuardState& state) { count(state.guard); });
  stores.guards.for_each([&](const auto& guard) {
    const auto deployment = stores.deployments.find(guard->meta.key);
    // Skip a guard whose Deployment is gone or was created again, or is already counted above.
    if (!deployment || deployment->meta.uid != guard->status.deployment_uid ||
        states.find(guard->meta.key))
      return;
    api::GuardStatus status = guard->status;
    reset_results(status, now);  // as after a restart: only failures and breaches stay
    count(status);
  });
  return fleet;
}

bool needs_fleet_count(const api::GuardStatus& guard,
                       const std::vector<api::Measurement>& measurements) {
  return guard.state == api::State::Held || guard.state == api::State::RollingBack ||
         std::ranges::any_of(
             guard.checks,
             [](const api::CheckStatus& check) { return check.consecutive_failures > 0; }) ||
         std::ranges::any_of(measurements, [](const api::Measurement& measurement) {
           return measurement.result == api::MeasurementResult::Fail;
         });
}

std::vector<GroupMember> other_members(const Key& deployment, const std::string& group,
                                       const GuardStates& states, const kube::Stores& stores) {
  std::vector<GroupMember> others;
  if (group.empty()) return others;
  stores.deployments.for_each_in(deployment.namespace_, [&](const auto& other) {
    const auto named = other->meta.annotations.find(std::string(api::annotation::group));
    const bool is_member = named != other->meta.annotations.end() && named->second == group;
    if (!is_member || other->meta.key == deployment || other->meta.deleting) return;
    GroupMember member{.deployment = other->meta.key.name,
                       .blocked_because = "it has not been reconciled yet"};
    const GuardState* known = states.find(other->meta.key);
    if (known && known->group == group) {
      const GuardState& state = *known;
      member = {.deployment = other->meta.key.name,
                .order = state.group_order,
                .guard = state.guard,
                .rollback = state.rollback,
                .blocked_because = state.blocked_because,
                .mode = state.mode,
                .is_patched = state.rollback && rollback::is_patched_by(*other, *state.rollback)};
    }
    others.push_back(std::move(member));
  });
  return others;
}

std::optional<api::Rollback> initiator_rollback_in_watch(
    const std::optional<api::Rollback>& rollback, const kube::Stores& stores) {
  if (!rollback || rollback->spec.caused_by.empty()) return {};
  const auto initiator = stores.rollbacks.find(
      {.namespace_ = rollback->meta.key.namespace_, .name = rollback->spec.caused_by});
  return initiator ? std::optional(*initiator) : std::nullopt;
}

}  // namespace lastgood::guard
