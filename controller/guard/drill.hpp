// A drill does everything of a rollback except the write, so that users know whether a rollback
// would work.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The status of a drill. `found`: the result of its preflight. `took`: the time from the decision
// to the response of the API server.
[[nodiscard]] api::RollbackStatus drill_outcome(const api::Rollback& record,
                                                const api::Preflight& found, Duration took,
                                                const api::PolicySpec& spec, Time now);

// Records the finished drill as the last one of the guard.
void record_drill(api::GuardStatus& guard, const api::Rollback& drill);

// The Event of the last drill in `after`. Empty if that drill passed, or was already the last one
// in `before`.
[[nodiscard]] std::optional<EventRecord> drill_event(const api::GuardStatus& before,
                                                     const api::GuardStatus& after);

}  // namespace lastgood::guard
