// The only code that changes the state of a Deployment after it was loaded:
//   - fold() takes the entries of its inbox,
//   - apply() takes what the shell has read and written.
#pragma once

#include <string>
#include <vector>

#include "guard/guard_state.hpp"
#include "guard/inbox.hpp"
#include "guard/outcomes.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// False if the entry is about another object with the same name. Such an entry is not put into the
// inbox.
[[nodiscard]] bool is_about(const InboxEntry& entry, const GuardState& state);

// The state after the entries of the inbox, oldest first. If a user deleted the guard, the state is
// loaded again.
[[nodiscard]] GuardState fold(GuardState state, Inbox inbox, const api::Deployment& deployment,
                              const kube::Stores& stores, Time now);

// The state after the outcome. If a manual Rollback could not be bound, the guard is as before the
// plan, for example with its freeze.
[[nodiscard]] GuardState apply(GuardState state, const Outcome& outcome);

}  // namespace lastgood::guard
