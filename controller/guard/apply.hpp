// Changes of a Deployment's state outside of a plan: measurements that arrive, actions that failed,
// and actions of users that the watches show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/guard_state.hpp"
#include "guard/inbox.hpp"
#include "guard/inputs.hpp"
#include "guard/needs.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// False if the entry is about another object with the same name: it is not put into the inbox.
[[nodiscard]] bool is_about(const InboxEntry& entry, const GuardState& state);

// The state after the entries of the inbox, oldest first. If a user deleted the guard, the state is
// loaded again.
[[nodiscard]] GuardState fold(GuardState state, Inbox inbox, const api::Deployment& deployment,
                              const kube::Stores& stores, Time now);

// Empties `state.measurements`. Drops the measurements of another revision, and of a check that has
// changed since the measurement began.
[[nodiscard]] std::vector<api::Measurement> take_measurements(GuardState& state,
                                                              const api::PolicySpec& spec);

// The names of the checks that are due and not running. Marks them as running.
[[nodiscard]] std::vector<std::string> take_due_checks(GuardState& state, const Needs& needs,
                                                       const api::PolicySpec& spec,
                                                       MonotonicTime now);

// Sets the inputs that come from `observation`. It is empty while the watch is behind the live
// read.
void apply_observation(Inputs& inputs, std::optional<TemplateObservation> observation);

// Removes the snapshot of the target from the status if the preflight found that it is gone.
void clear_missing_snapshot(GuardState& state);

// Sets `state.snapshot_error` after a try to store a snapshot. A lost race, and the end of the
// term, are not reported: the next reconcile tries again.
void record_snapshot_result(GuardState& state, const Result<void>& stored);

// Sets the fields of `state` that the other members of the group read.
void publish_to_group(GuardState& state, const EffectivePolicy& policy, const Plan& plan);

// Sets `state.unblocked_since`: since when nothing blocks the rollback. Resets it while the
// rollback is held, and once the template is restored.
void record_unblocked_since(const Action& action, GuardState& state, MonotonicTime now);

// Called when the spec of the manual Rollback could not be written. Restores the guard from before
// the plan, for example its freeze, and drops the Event RollbackStarted.
void undo_binding(Plan& plan, const Inputs& inputs, GuardState& state);

}  // namespace lastgood::guard
