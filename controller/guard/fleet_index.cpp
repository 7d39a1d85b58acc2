#include "guard/fleet_index.hpp"

#include <algorithm>

#include "guard/guard_status.hpp"

namespace lastgood::guard {

namespace {

void set_member(std::set<Key>& keys, const Key& key, bool is_member) {
  if (is_member) {
    keys.insert(key);
  } else {
    keys.erase(key);
  }
}

bool is_unavailable(const api::Deployment& deployment) {
  return std::ranges::any_of(deployment.conditions, [](const api::DeploymentCondition& one) {
    return one.type == "Available" && one.status != api::ConditionStatus::True;
  });
}

}  // namespace

FleetIndex::Membership FleetIndex::membership_of(const GuardState& state) {
  const api::GuardStatus& guard = *state.guard;
  const bool is_noteworthy = guard.state != api::State::Idle || !guard.rollbacks.empty();
  return {.policy = guard.policy,
          .is_active = !guard.policy.empty() && is_noteworthy,
          .has_policy_conflict = has_policy_conflict(guard)};
}

void FleetIndex::on_state(const Key& key, const Membership& membership) {
  unloaded_.erase(key);
  remove_policy(key);
  if (!membership.policy.empty()) {
    policies_.emplace(key, membership.policy);
    ++governed_[{key.namespace_, membership.policy}];
  }
  set_member(active_, key, membership.is_active);
  set_member(conflicting_, key, membership.has_policy_conflict);
}

void FleetIndex::on_forgotten(const Key& key) {
  remove_policy(key);
  active_.erase(key);
  conflicting_.erase(key);
  unloaded_.erase(key);
}

void FleetIndex::clear() {
  policies_.clear();
  governed_.clear();
  active_.clear();
  conflicting_.clear();
  unloaded_.clear();
}

std::size_t FleetIndex::guarded_by(const InternedString& namespace_,
                                   const InternedString& policy) const {
  const auto found = governed_.find({namespace_, policy});
  return found == governed_.end() ? 0 : found->second;
}

void FleetIndex::remove_policy(const Key& key) {
  const auto found = policies_.find(key);
  if (found == policies_.end()) return;
  const auto governed = governed_.find({key.namespace_, found->second});
  if (--governed->second == 0) governed_.erase(governed);
  policies_.erase(found);
}

void FleetIndex::on_deployment(const Key& key, const api::Deployment* after) {
  set_member(unavailable_, key, after && is_unavailable(*after));
}

}  // namespace lastgood::guard
