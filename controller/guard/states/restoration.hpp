// Shared by the states of a rollback, from the recorded Rollback to its end. Private to guard/.
#pragma once

#include <span>
#include <string>

#include "guard/gates/chains.hpp"
#include "guard/states/step.hpp"

namespace lastgood::guard {

// Most failed rollouts end earlier, by the progress deadline of the Deployment. This one ends those
// of a Deployment without a deadline.
inline constexpr std::chrono::minutes restoration_timeout{15};

// After an action the Deployment is reconciled again, even if no event arrives.
inline constexpr std::chrono::seconds recheck_delay{1};

// The next step for a user after a failed rollback.
inline constexpr const char* failure_advice = "Ship a new release";

// Updates `guard.checks` with the measurements of this plan.
void apply_measurements(Step& step);

// Ends the Rollback as Failed and freezes the Deployment.
void fail_rollback(Step& step, const api::Rollback& rollback, Reason reason,
                   const std::string& message);

// Enters Held, with an Event if the reason is new. A quiet hold changes no state. `subject` begins
// the Event: "revision 5 (web-6d4b75cb6d) is breached but".
void enter_hold(Step& step, const Hold& hold, const std::string& subject);

// The gates that forbid every write of the Rollback.
[[nodiscard]] std::span<const Gate> write_gates_for(const api::Rollback& rollback);

// True if one of the gates blocks. Then `state` is entered with the reason of the gate, unless the
// hold is quiet.
bool is_held(Step& step, std::span<const Gate> gates, api::State state);

// Plans the next write of the Rollback, unless a gate forbids every write.
void execute(Step& step, const api::Rollback& rollback);

// Takes the status over from a Rollback that was recorded before the status was written.
void adopt_rollback(Step& step, const api::Rollback& rollback);

// The template of `rollback.spec.from` is off the Deployment: gives it the verdict RolledBack and
// emits that, once.
void quarantine(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
