// When the preflight of a rollback runs, and the condition RollbackReady.
#pragma once

#include <optional>
#include <string>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// A preflight runs when the generation or the target changes, and from time to time, see
// usual_preflight_interval(). It runs every 20 s while a check fails, and every 35 s while a
// rollback starts as soon as nothing blocks it. A new leader uses the condition RollbackReady of
// the one before: while the Deployment is Idle and the condition is True, the first preflight runs
// within one usual interval. Otherwise thousands of preflights would run at once.
[[nodiscard]] bool is_preflight_due(const Inputs& inputs, Time now);

// Between two preflights of this Deployment while nothing changes: 8 to 12 minutes. With more than
// 200 guarded Deployments it is longer, because all preflights together send about one request each
// second: 80 to 120 minutes with 2,000. After a preflight that did not pass, it is 8 to 12 minutes
// in each fleet.
[[nodiscard]] Duration usual_preflight_interval(const Uid& deployment, std::size_t guarded);

// Sets the condition RollbackReady. If the snapshot of the current good revision cannot be stored,
// the condition is False: the next release could not be rolled back to it.
void set_rollback_ready(api::GuardStatus& guard, const Inputs& inputs, Time now);

// The snapshot of the current revision, which is proven, could not be stored.
[[nodiscard]] bool snapshot_failed(const Inputs& inputs, const api::GuardStatus& guard);
// For users. Requires snapshot_failed().
[[nodiscard]] std::string snapshot_failure_text(const Inputs& inputs,
                                                const api::GuardStatus& guard);

// The time of the next preflight if nothing changes until then. Empty: none, for example without a
// target.
[[nodiscard]] std::optional<Time> next_preflight(const Inputs& inputs,
                                                 const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
