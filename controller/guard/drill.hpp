// Drills: going through a rollback without doing it, so that a person knows beforehand that it
// would work.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// How a drill went: `found` is what going through it came to, `took` from the plan to the server's
// answer.
[[nodiscard]] api::RollbackStatus drill_outcome(const api::Rollback& record,
                                                const api::Preflight& found, Duration took,
                                                const api::PolicySpec& spec, Time now);

// Remembered on the guard: when the last one was, and how it went.
void note_drill(api::GuardStatus& guard, const api::Rollback& drill);

// One that has failed since is emitted.
[[nodiscard]] std::optional<EventRecord> drill_to_tell(const api::GuardStatus& before,
                                                       const api::GuardStatus& after);

}  // namespace lastgood::guard
