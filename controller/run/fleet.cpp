#include "run/fleet.hpp"

#include <algorithm>

#include "policy/annotations.hpp"

namespace lastgood::run {

decide::Fleet count_fleet(const Memories& memories, const decide::BreakerSettings& settings, Time now) {
  decide::Fleet fleet;
  for (const auto& [key, memory] : memories) {
    if (memory->guard.policy.empty()) continue;
    ++fleet.guarded;
    if (decide::is_troubled(memory->guard, settings, now)) ++fleet.troubled;
  }
  return fleet;
}

bool may_be_put_back(const api::GuardStatus& guard, const std::vector<api::Sample>& samples) {
  return guard.state == api::State::Held ||
         std::ranges::any_of(guard.checks, [](const api::CheckStatus& check) { return check.failures > 0; }) ||
         std::ranges::any_of(samples, [](const api::Sample& sample) { return sample.result == api::SampleResult::Fail; });
}

std::vector<decide::GroupMember> others_of_group(const Key& deployment, const std::string& group, const Memories& memories,
                                                 const Stores& stores) {
  std::vector<decide::GroupMember> others;
  if (group.empty()) return others;
  stores.deployments.for_each_in(deployment.namespace_, [&](const auto& other) {
    const auto said = other->meta.annotations.find(std::string(policy::key::group));
    const bool is_of_it = said != other->meta.annotations.end() && said->second == group;
    if (!is_of_it || other->meta.key == deployment || other->meta.deleting) return;
    decide::GroupMember member{.deployment = other->meta.key.name, .cannot = "it has not been looked at yet"};
    const auto known = memories.find(other->meta.key);
    if (known != memories.end() && known->second->group == group) {
      const Memory& memory = *known->second;
      member = {.deployment = other->meta.key.name,
                .order = memory.group_order,
                .guard = memory.guard,
                .rollback = memory.rollback,
                .cannot = memory.cannot};
    }
    others.push_back(std::move(member));
  });
  return others;
}

}  // namespace lastgood::run
