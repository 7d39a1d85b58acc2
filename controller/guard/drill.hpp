// Drills: everything of a rollback but the write, so that users know beforehand whether it works.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The status of a drill. `took`: from the decision to the answer of the API server.
[[nodiscard]] api::RollbackStatus drill_outcome(const api::Rollback& record,
                                                const api::Preflight& found, Duration took,
                                                const api::PolicySpec& spec, Time now);

// Records the drill as the last one.
void record_drill(api::GuardStatus& guard, const api::Rollback& drill);

// The Event of the last drill in `after`, if that drill is not in `before` and failed. Else empty.
[[nodiscard]] std::optional<EventRecord> drill_event(const api::GuardStatus& before,
                                                     const api::GuardStatus& after);

}  // namespace lastgood::guard
