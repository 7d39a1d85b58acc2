#include "guard/fleet.hpp"

#include <algorithm>

#include "guard/decide.hpp"
#include "policy/annotations.hpp"

namespace lastgood::guard {

Fleet count_fleet(const Memories& memories, const kube::Stores& stores, const BreakerSettings& settings,
                          const Closing& closing, Time now) {
  Fleet fleet;
  const auto count = [&](const api::GuardStatus& guard) {
    if (guard.policy.empty()) return;
    ++fleet.guarded;
    if (is_troubled(guard, settings, closing, now)) ++fleet.troubled;
    if (is_held_by_breaker(guard)) ++fleet.held;
  };
  for (const auto& [key, memory] : memories) count(memory->guard);
  stores.guards.for_each([&](const auto& guard) {
    const auto deployment = stores.deployments.find(guard->meta.key);
    // A guard that outlived its Deployment tells of nothing that could be put back.
    if (!deployment || deployment->meta.uid != guard->status.deployment_uid || memories.contains(guard->meta.key)) return;
    api::GuardStatus recalled = guard->status;
    forget_answers(recalled, now);
    count(recalled);
  });
  return fleet;
}

bool may_be_put_back(const api::GuardStatus& guard, const std::vector<api::Sample>& samples) {
  return guard.state == api::State::Held || guard.state == api::State::RollingBack ||
         std::ranges::any_of(guard.checks, [](const api::CheckStatus& check) { return check.failures > 0; }) ||
         std::ranges::any_of(samples, [](const api::Sample& sample) { return sample.result == api::SampleResult::Fail; });
}

std::vector<GroupMember> others_of_group(const Key& deployment, const std::string& group, const Memories& memories,
                                                 const kube::Stores& stores) {
  std::vector<GroupMember> others;
  if (group.empty()) return others;
  stores.deployments.for_each_in(deployment.namespace_, [&](const auto& other) {
    const auto said = other->meta.annotations.find(std::string(api::annotation::group));
    const bool is_of_it = said != other->meta.annotations.end() && said->second == group;
    if (!is_of_it || other->meta.key == deployment || other->meta.deleting) return;
    GroupMember member{.deployment = other->meta.key.name, .cannot = "it has not been looked at yet"};
    const auto known = memories.find(other->meta.key);
    if (known != memories.end() && known->second->group == group) {
      const Memory& memory = *known->second;
      member = {.deployment = other->meta.key.name,
                .order = memory.group_order,
                .guard = memory.guard,
                .rollback = memory.rollback,
                .cannot = memory.cannot,
                .mode = memory.mode};
    }
    others.push_back(std::move(member));
  });
  return others;
}

std::optional<api::Rollback> call_followed_by(const std::optional<api::Rollback>& rollback, const kube::Stores& stores) {
  if (!rollback || rollback->spec.caused_by.empty()) return {};
  const auto call = stores.rollbacks.find({.namespace_ = rollback->meta.key.namespace_, .name = rollback->spec.caused_by});
  return call ? std::optional(*call) : std::nullopt;
}

}  // namespace lastgood::guard
