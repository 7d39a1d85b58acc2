#include "guard/guard_states.hpp"

#include <algorithm>
#include <utility>

#include "guard/apply.hpp"
#include "guard/guard_status.hpp"
#include "guard/load.hpp"

namespace lastgood::guard {

const GuardState* GuardStates::find(const Key& deployment) const {
  const auto found = entries_.find(deployment);
  return found == entries_.end() ? nullptr : found->second.state.get();
}

bool GuardStates::post(const Key& deployment, InboxEntry entry) {
  const auto found = entries_.find(deployment);
  if (found == entries_.end() || !is_about(entry, *found->second.state)) return false;
  found->second.inbox.push_back(std::move(entry));
  return !found->second.is_gathering;
}

bool GuardStates::is_rollback_deleted(const Key& deployment, const Uid& rollback) const {
  const auto found = entries_.find(deployment);
  if (found == entries_.end()) return false;
  return std::ranges::any_of(found->second.inbox, [&](const InboxEntry& entry) {
    const auto* deleted = std::get_if<RollbackDeleted>(&entry);
    return deleted && deleted->rollback == rollback;
  });
}

std::shared_ptr<const GuardState> GuardStates::open(const api::Deployment& deployment,
                                                    const kube::Stores& stores, Time now) {
  Entry& entry = entries_[deployment.meta.key];
  if (!entry.state || entry.state->deployment_uid != deployment.meta.uid ||
      entry.state->is_unmanaged) {
    entry = {.state = std::make_shared<GuardState>(load(deployment, stores, now))};
  }
  drain(deployment, stores, now);
  entry.is_gathering = true;
  return entry.state;
}

bool GuardStates::end_gather(const Key& deployment) {
  const auto found = entries_.find(deployment);
  if (found == entries_.end()) return false;
  found->second.is_gathering = false;
  return !found->second.inbox.empty();
}

void GuardStates::drain(const api::Deployment& deployment, const kube::Stores& stores, Time now) {
  const auto found = entries_.find(deployment.meta.key);
  if (found == entries_.end()) return;
  Inbox inbox = std::exchange(found->second.inbox, {});
  GuardState& state = *found->second.state;
  state = fold(std::move(state), std::move(inbox), deployment, stores, now);
  index(deployment.meta.key, found->second);
}

void GuardStates::apply(const Key& deployment, const Outcome& outcome) {
  const auto found = entries_.find(deployment);
  if (found == entries_.end()) return;
  GuardState& state = *found->second.state;
  state = guard::apply(std::move(state), outcome);
  index(deployment, found->second);
}

void GuardStates::share_stored(const api::DeploymentGuard& guard) {
  const auto found = entries_.find(guard.meta.key);
  if (found == entries_.end() || found->second.state->guard_uid != guard.meta.uid) return;
  GuardState& state = *found->second.state;
  // `written` differs if the watch is behind the last write.
  const bool is_same = guard.problem.empty() && state.guard->state == api::State::Idle &&
                       is_stored_as(state.guard, guard.status) &&
                       is_stored_as(state.written, guard.status);
  if (!is_same) return;
  state.guard = guard.status;
  state.written = guard.status;
}

void GuardStates::set_unmanaged(const Key& deployment, GuardState state) {
  Entry& entry = entries_[deployment];
  entry = {.state = std::make_shared<GuardState>(std::move(state))};
  index(deployment, entry);
}

void GuardStates::index(const Key& deployment, Entry& entry) {
  const FleetIndex::Membership membership = FleetIndex::membership_of(*entry.state);
  if (entry.indexed == membership) return;
  entry.indexed = membership;
  index_.on_state(deployment, membership);
}

}  // namespace lastgood::guard
