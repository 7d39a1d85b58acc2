// Shared by the states of a rollback, from the recorded Rollback to its end. Private to guard/.
#pragma once

#include <span>
#include <string>

#include "guard/gates/chains.hpp"
#include "guard/states/step.hpp"

namespace lastgood::guard {

// How long a rollback may make no progress before it fails. Most failed rollouts end earlier, by
// the progress deadline of the Deployment.
inline constexpr std::chrono::minutes restoration_timeout{15};

// The delay after which the Deployment is reconciled again after an action.
inline constexpr std::chrono::seconds recheck_delay{1};

// The next step for a user after a failed rollback.
inline constexpr const char* failure_advice = "Ship a new release";

// Updates `guard.checks` with the measurements of this plan.
void apply_measurements(Step& step);

// Ends the Rollback as Failed and freezes the Deployment.
void fail_rollback(Step& step, const api::Rollback& rollback, Reason reason,
                   const std::string& message);

// Enters Held, with an Event if the reason is new. A quiet hold does not change the state.
// `subject` begins the Event: "revision 5 (web-6d4b75cb6d) is breached but".
void enter_hold(Step& step, const Hold& hold, const std::string& subject);

// The gates that must pass before each write of the Rollback.
[[nodiscard]] std::span<const Gate> write_gates_for(const api::Rollback& rollback);

// True if one of the gates blocks. Then enters `state` with the reason of the gate. With the state
// Held, a quiet hold enters nothing.
bool is_held(Step& step, std::span<const Gate> gates, api::State state);

// Plans the next write of the Rollback, unless one of write_gates_for() blocks.
void execute(Step& step, const api::Rollback& rollback);

// Continues a Rollback that was recorded before a restart although the guard was not written: sets
// in the guard the values that the Rollback records.
void adopt_rollback(Step& step, const api::Rollback& rollback);

// Called when the template of `rollback.spec.from` has been replaced. Gives this revision the
// verdict RolledBack, and emits RolledBack, both once.
void quarantine(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
