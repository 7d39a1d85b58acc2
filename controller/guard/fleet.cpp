#include "guard/fleet.hpp"

#include <algorithm>

#include "guard/guard_status.hpp"
#include "policy/annotations.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

// Calls visit(key, status, replicas) for each guarded Deployment that may count. Returns the number
// of all guarded Deployments.
template <class Visit>
std::size_t for_each_noteworthy(const GuardStates& states, const kube::Stores& stores, Time now,
                                Visit visit) {
  std::size_t guarded = states.index().guarded();
  states.index().for_each([&](const Key& key) {
    const GuardState& state = *states.find(key);
    visit(key, *state.guard, state.replicas);
  });
  for (const Key& key : states.index().unloaded()) {
    const auto guard = stores.guards.find(key);
    const auto deployment = stores.deployments.find(key);
    // Skip a guard whose Deployment is gone or was created again.
    if (!guard || !deployment || deployment->meta.uid != guard->status->deployment_uid ||
        guard->status->policy.empty())
      continue;
    ++guarded;
    if (guard->status->state == api::State::Idle) {
      visit(key, *guard->status, std::nullopt);
      continue;
    }
    api::GuardStatus status = *guard->status;
    reset_results(status, now);  // as after a restart: only failures and breaches stay
    visit(key, status, std::nullopt);
  }
  return guarded;
}

struct FleetCount {
  Fleet fleet = {};
  std::vector<Time> failing_now = {};  // when each of the present failures began
  bool is_self_failing = false;
  bool is_self_held = false;  // by the breaker
};

FleetCount count_fleet(FleetMemory& memory, const GuardStates& states, const kube::Stores& stores,
                       const BreakerSettings& settings, const BreakerOverride& breaker_override,
                       const Key& self, Time now) {
  FleetCount count;
  count.fleet.guarded = for_each_noteworthy(
      states, stores, now,
      [&](const Key& key, const api::GuardStatus& guard,
          const std::optional<SeenReplicas>& replicas) {
        std::optional<Time> began = failing_since(guard, now);
        if (began) {
          memory.failing.record(key, *began, now);
          began = memory.failing.began(key);
          count.failing_now.push_back(*began);
          count.is_self_failing = count.is_self_failing || key == self;
        }
        const bool fails = counts_as_failing(guard, began, settings, breaker_override, now);
        const bool is_held = is_held_by_breaker(guard);
        if (fails) ++count.fleet.failing;
        if (fails && is_held) ++count.fleet.held;
        count.is_self_held = count.is_self_held || (is_held && key == self);
        const auto deployment = stores.deployments.find(key);
        const auto trouble =
            deployment ? began_to_fail(guard, *deployment, replicas, now) : std::nullopt;
        if (trouble) memory.began_to_fail.record(key, *trouble, now);
      });
  memory.failing.forget_old(now);
  memory.began_to_fail.forget_old(now);
  return count;
}

Duration distance(Time a, Time b) { return a < b ? b - a : a - b; }

// The breaker for a Deployment that the breaker holds already. Counts only the Deployments that
// fail now and began to fail when `self` did. After a restart, the hold of `self` has another
// reason until the failure of `self` is confirmed again: meanwhile this breaker applies too.
Breaker breaker_of_held(FleetMemory& memory, const FleetCount& count,
                        const BreakerSettings& settings, const BreakerOverride& breaker_override,
                        const Key& self, Time now) {
  const auto own = memory.failing.began(self);
  Fleet fleet = count.fleet;
  fleet.failing =
      static_cast<std::size_t>(std::ranges::count_if(count.failing_now, [&](Time began) {
        return own && distance(began, *own) < settings.within;
      }));
  const auto [known, is_first] = memory.above_around.try_emplace(self, now);
  const auto above = last_above(settings, fleet, breaker_override, known->second, now);
  if (above) known->second = *above;
  return evaluate_fleet(settings, fleet, breaker_override, above, now);
}

// Members of the same group are released together, so they say nothing about each other.
std::vector<OtherFailure> other_failures(const FleetMemory& memory, const GuardStates& states,
                                         const Key& self, const std::string& group) {
  std::vector<OtherFailure> others;
  for (const auto& [key, span] : memory.began_to_fail.spans()) {
    const GuardState* state = states.find(key);
    const bool is_member =
        !group.empty() && key.namespace_ == self.namespace_ && state && state->group == group;
    if (key != self && !is_member) others.push_back({.deployment = key, .began = span.began});
  }
  return others;
}

}  // namespace

FleetView observe_fleet(FleetMemory& memory, const GuardStates& states, const kube::Stores& stores,
                        const FleetSettings& settings, const BreakerOverride& breaker_override,
                        const Key& self, const std::string& group, Time now) {
  const BreakerSettings& limits = settings.breaker;
  const FleetCount count = count_fleet(memory, states, stores, limits, breaker_override, self, now);
  memory.last_above = last_above(limits, count.fleet, breaker_override, memory.last_above, now);
  FleetView view{
      .breaker = evaluate_fleet(limits, count.fleet, breaker_override, memory.last_above, now),
      .other_failures = other_failures(memory, states, self, group),
      .min_other_failures = min_other_failures(settings, count.fleet, breaker_override, now)};
  const bool was_held =
      count.is_self_held || (count.is_self_failing && memory.above_around.contains(self));
  if (!was_held) {
    memory.above_around.erase(self);
  } else if (!view.breaker.is_open) {
    view.breaker = breaker_of_held(memory, count, limits, breaker_override, self, now);
  }
  return view;
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
  const Key members{.namespace_ = deployment.namespace_, .name = group};
  stores.deployments.for_each_of(members, [&](const auto& other) {
    if (other->meta.key == deployment || other->meta.deleting) return;
    GroupMember member{.deployment = other->meta.key.name,
                       .blocked_because = "it has not been reconciled yet"};
    const GuardState* known = states.find(other->meta.key);
    if (known && known->group == group) {
      const GuardState& state = *known;
      member = {.deployment = other->meta.key.name,
                .order = state.group_order,
                .guard = *state.guard,
                .rollback = state.rollback.copy(),
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
