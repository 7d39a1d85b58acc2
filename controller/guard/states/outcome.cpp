#include "guard/states/outcome.hpp"

#include "guard/states/evaluating.hpp"
#include "guard/states/frozen.hpp"
#include "guard/states/outage.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RollbackPhase;
using api::State;

namespace {

// The Rollback failed before the present state began, and changed nothing. So it says nothing about
// the present breach.
bool is_of_earlier_attempt(const api::GuardStatus& guard, const api::Rollback& rollback) {
  return rollback::changed_nothing(rollback) && rollback.status.finished &&
         rollback.status.finished < guard.state_since;
}

}  // namespace

void enter_outcome(Step& step, const api::Rollback& rollback) {
  const std::string& message = rollback.status.message;
  switch (rollback.status.phase) {
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Rejected: return step_evaluating(step);
    case RollbackPhase::Failed:
      if (is_of_earlier_attempt(step.guard(), rollback)) return step_evaluating(step);
      if (rollback.status.template_restored) quarantine(step, rollback);
      if (const api::CheckStatus* breach = failed_verification(rollback))
        return resume_failed_verification(step, rollback, *breach);
      return freeze(step, Reason::RollbackFailed, message, failure_advice);
    case RollbackPhase::Succeeded:
      quarantine(step, rollback);
      return step.enter(State::Idle, Reason::RolledBack, message);
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying: return;
  }
}

}  // namespace lastgood::guard
