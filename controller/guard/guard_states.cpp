#include "guard/guard_states.hpp"

#include <utility>

#include "guard/apply.hpp"
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
  return true;
}

std::shared_ptr<GuardState> GuardStates::open(const api::Deployment& deployment,
                                              const kube::Stores& stores, Time now) {
  Entry& entry = entries_[deployment.meta.key];
  if (!entry.state || entry.state->deployment_uid != deployment.meta.uid ||
      entry.state->is_unmanaged) {
    entry = {.state = std::make_shared<GuardState>(load(deployment, stores, now))};
    return entry.state;
  }
  Inbox inbox = std::exchange(entry.inbox, {});
  *entry.state = fold(std::move(*entry.state), std::move(inbox), deployment, stores, now);
  return entry.state;
}

void GuardStates::set_unmanaged(const Key& deployment, GuardState state) {
  entries_[deployment] = {.state = std::make_shared<GuardState>(std::move(state))};
}

}  // namespace lastgood::guard
