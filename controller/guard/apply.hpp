// Changes of a Deployment's state outside of a plan: measurements that arrive, actions that could
// not be done, and actions of users that the watches show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/guard_state.hpp"
#include "guard/inputs.hpp"
#include "guard/needs.hpp"

namespace lastgood::guard {

// Empties the inbox. Measurements of another revision, or of a check that has changed since, are
// dropped.
[[nodiscard]] std::vector<api::Measurement> take_measurements(GuardState& state,
                                                              const api::PolicySpec& spec);

// The checks that are due and not running, marked as running.
[[nodiscard]] std::vector<std::string> take_due_checks(GuardState& state, const Needs& needs,
                                                       const api::PolicySpec& spec,
                                                       MonotonicTime now);

// Empty while the watch is behind the live read.
void apply_observation(Inputs& inputs, std::optional<TemplateObservation> observation);

// Removes the snapshot of the target from the status if the preflight found that it is gone.
void clear_missing_snapshot(GuardState& state);

// Sets the fields of `state` that the other members of the group read.
void publish_to_group(GuardState& state, const EffectivePolicy& policy, const Plan& plan);

// Since when nothing blocks the rollback. Reset while it is held, and once the template is
// restored.
void record_unblocked_since(const Action& action, GuardState& state, MonotonicTime now);

// A user deleted the Rollback before the Deployment was changed: the release stays.
void cancel_deleted(GuardState& state, const api::Rollback& deleted, Time now);

// The manual Rollback could not be accepted: it has not started, has ended no freeze and emits
// nothing.
void undo_binding(Plan& plan, const Inputs& inputs, GuardState& state);

}  // namespace lastgood::guard
