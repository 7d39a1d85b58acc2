#include "guard/states/request.hpp"

#include <fmt/format.h>

#include "guard/gates/request_gates.hpp"
#include "guard/manual_request.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RollbackPhase;
using api::State;

namespace {

// Accepts the request: fills in the fields of its spec that a user does not set.
void bind(Step& step, const Revision& target) {
  api::GuardStatus& guard = step.guard();
  api::Rollback record = *step.inputs.request;
  record.spec.deployment_uid = step.deployment().meta.uid;
  record.spec.generation = step.deployment().meta.generation;
  record.spec.from = *guard.current;
  record.spec.to = target;
  rollback::record_undone(record.spec, guard);
  record.spec.reason = Reason::RequestedManually;
  record.spec.detected = step.now;
  record.spec.policy = guard.policy;
  record.spec.released_by = guard.current->released_by;
  record.spec.released = guard.evaluation_started;
  record.status.evidence = guard.checks;
  record.status = rollback::advance(std::move(record.status), RollbackPhase::Pending,
                                    "Accepted. The Deployment is not changed yet", step.now);
  guard.rollback = record.meta.key.name;
  const std::string subject = fmt::format(
      "{} to {}, {}{}", step.current_name(), rollback::name_of(step.deployment(), target),
      rollback::cause_text(record.spec), rollback::undone_text(record.spec));
  step.enter(State::RollingBack, record.spec.reason, "Rolling back " + subject);
  step.emit(EventType::Normal, Reason::RollbackStarted, EventAction::Rollback,
            fmt::format("Rolling back {}. Record: Rollback {}", subject, guard.rollback));
  step.requeue_at(step.now);
  step.plan.action = BindRequest{.record = std::move(record)};
}

// The request is neither rejected nor started yet. Unless the wait is brief, the message of the
// request says why it waits.
void postpone(Step& step, const Rejection& rejection) {
  constexpr std::chrono::milliseconds brief_delay{50};
  constexpr std::chrono::seconds delay{5};
  if (rejection.is_brief) return step.requeue_at(step.now + brief_delay);
  step.requeue_at(step.now + delay);
  const std::string message = fmt::format("Waiting ({}): {}", rejection.reason, rejection.message);
  if (step.inputs.request->status.message == message) return;
  step.plan.request =
      rollback::advance(step.inputs.request->status, RollbackPhase::Pending, message, step.now);
}

}  // namespace

void handle_request(Step& step) {
  const auto& request = step.inputs.request;
  if (!request) return;
  const auto rejection = first_rejection(request_gates(), step.inputs, step.guard(), step.now);
  if (rejection && rejection->is_temporary) return postpone(step, *rejection);
  const auto target = wanted_target(step.inputs, step.guard());
  if (rejection || !target) {
    const std::string message = rejection
                                    ? fmt::format("{}: {}", rejection->reason, rejection->message)
                                    : fmt::format("{}: there is no snapshot", Reason::NoLastGood);
    step.plan.request =
        rollback::advance(request->status, RollbackPhase::Rejected, message, step.now);
    step.emit(EventType::Warning, Reason::RollbackRejected, EventAction::None,
              fmt::format("Rollback {} is rejected. {}", request->meta.key.name, message));
    return;
  }
  if (!request->spec.drill) return bind(step, *target);
  api::Rollback drill = *request;
  drill.spec.from = *step.guard().current;
  drill.spec.to = *target;
  step.plan.action = RunDrill{.record = std::move(drill)};
}

}  // namespace lastgood::guard
