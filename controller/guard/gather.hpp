// The values that a reconcile reads from the state of the Deployment before decide().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/guard_state.hpp"
#include "guard/inputs.hpp"
#include "guard/needs.hpp"
#include "guard/outcomes.hpp"

namespace lastgood::guard {

// The measurements since the last plan, except those of another revision, and those of a check that
// has changed since the measurement began. The failure of an external metric becomes Unknown if it
// is not known how the metric was when the release began: see known_before.hpp.
[[nodiscard]] std::vector<api::Measurement> usable_measurements(const GuardState& state,
                                                                const api::PolicySpec& spec);

// The checks that are due and not running. If a check is still running at its turn, it is due when
// this run has ended. `deployments`: how many Deployments are watched.
[[nodiscard]] ChecksStarted due_checks(const GuardState& state, const Needs& needs,
                                       const api::PolicySpec& spec, std::size_t deployments,
                                       MonotonicTime now, Time wall_time);

// Sets the inputs that come from `observation`. The observation is empty, and nothing is set, while
// the watch is behind the live read.
void apply_observation(Inputs& inputs, std::optional<TemplateObservation> observation);

}  // namespace lastgood::guard
