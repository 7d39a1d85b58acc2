#include "guard/fleet_index.hpp"

#include <algorithm>

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

void FleetIndex::on_state(const Key& key, const GuardState& state) {
  const bool is_guarded = !state.guard->policy.empty();
  const bool is_active =
      is_guarded && (state.guard->state != api::State::Idle || !state.guard->rollbacks.empty());
  unloaded_.erase(key);
  set_member(guarded_, key, is_guarded);
  set_member(active_, key, is_active);
}

void FleetIndex::on_forgotten(const Key& key) {
  guarded_.erase(key);
  active_.erase(key);
  unloaded_.erase(key);
}

void FleetIndex::clear() {
  guarded_.clear();
  active_.clear();
  unloaded_.clear();
}

void FleetIndex::on_deployment(const Key& key, const api::Deployment* after) {
  set_member(unavailable_, key, after && is_unavailable(*after));
}

}  // namespace lastgood::guard
