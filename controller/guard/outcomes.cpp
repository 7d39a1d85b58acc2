#include "guard/outcomes.hpp"

#include "guard/drill.hpp"

namespace lastgood::guard {

std::optional<Error> error_of(const ActionOutcome& outcome) {
  if (const auto* failed = std::get_if<ActionFailed>(&outcome)) return failed->error;
  if (const auto* executed = std::get_if<RollbackExecuted>(&outcome)) return executed->error;
  return {};
}

std::vector<EventRecord> events_after(const ActionEnded& ended, const GuardState& state) {
  std::vector<EventRecord> events = ended.plan.events;
  const bool is_binding = std::holds_alternative<BindRequest>(ended.plan.action);
  // The plan is undone: see apply().
  if (is_binding && error_of(ended.outcome))
    std::erase_if(events,
                  [](const EventRecord& event) { return event.reason == Reason::RollbackStarted; });
  if (auto event = drill_event(ended.inputs.guard, state.guard))
    events.push_back(std::move(*event));
  return events;
}

bool has_status(const api::DeploymentGuard& guard) {
  return !guard.problem.empty() || guard.status != api::GuardStatus{};
}

GuardWritten guard_written(GuardWritten written, StatusPatched<api::DeploymentGuard> patched,
                           api::GuardStatus status) {
  if (!patched.error) {
    written.version = std::move(patched.version);
    written.status = std::move(status);
    return written;
  }
  written.error = std::move(patched.error);
  written.overtaken_by = std::move(patched.overtaken_by);
  if (patched.may_be_stored) {
    written.unconfirmed = digest_of_status(status);
    written.version = {};  // the next write reads the object first
  }
  if (patched.is_gone) written.uid = {};
  return written;
}

RollbackWritten rollback_written(StatusPatched<api::Rollback> patched, api::RollbackStatus status) {
  RollbackWritten written;
  if (!patched.error || patched.is_gone) {
    written.version = std::move(patched.version);
    written.status = std::move(status);
    return written;
  }
  written.error = std::move(patched.error);
  written.overtaken_by = std::move(patched.overtaken_by);
  if (patched.may_be_stored) written.unconfirmed = digest_of_status(status);
  return written;
}

std::unexpected<Error> overtaken(GuardWritten& written, api::DeploymentGuard guard) {
  written.overtaken_by = std::move(guard);
  return fail(ErrorKind::Conflict, "the DeploymentGuard exists already, with a status");
}

}  // namespace lastgood::guard
