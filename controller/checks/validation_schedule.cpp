#include "checks/validation_schedule.hpp"

#include <algorithm>
#include <set>

#include "checks/policy_validation.hpp"

namespace lastgood::checks {

namespace {

constexpr std::ptrdiff_t max_running = 4;

}  // namespace

std::vector<PolicyVersion> ValidationSchedule::take_due(std::span<const PolicyVersion> policies,
                                                        MonotonicTime now) {
  std::set<Key> existing;
  for (const PolicyVersion& policy : policies) existing.insert(policy.key);
  std::erase_if(entries_, [&](const auto& one) { return !existing.contains(one.first); });
  auto running =
      std::ranges::count_if(entries_, [](const auto& one) { return one.second.is_running; });
  std::vector<PolicyVersion> due;
  for (const PolicyVersion& policy : policies) {
    const Entry fresh{.uid = policy.uid, .generation = policy.generation, .next = now};
    Entry& entry = entries_.try_emplace(policy.key, fresh).first->second;
    const bool is_other = entry.uid != policy.uid;
    // The validation of a deleted policy still runs, and its end is ignored.
    if (is_other || (!entry.is_running && entry.generation != policy.generation)) entry = fresh;
    if (entry.is_running || entry.next > now || running >= max_running) continue;
    entry.is_running = true;
    running += 1;
    due.push_back(policy);
  }
  return due;
}

void ValidationSchedule::finish(const PolicyVersion& policy,
                                std::optional<api::Condition> condition, MonotonicTime now) {
  const auto found = entries_.find(policy.key);
  if (found == entries_.end() || found->second.uid != policy.uid) return;
  Entry& entry = found->second;
  entry.is_running = false;
  entry.condition = std::move(condition);
  const auto status = entry.condition ? entry.condition->status : api::ConditionStatus::True;
  entry.attempts = status == api::ConditionStatus::True ? 0 : entry.attempts + 1;
  entry.next = now + next_validation_after(status, entry.attempts);
}

std::optional<api::Condition> ValidationSchedule::condition_of(const Key& key,
                                                               const Uid& uid) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.uid != uid) return std::nullopt;
  return found->second.condition;
}

}  // namespace lastgood::checks
