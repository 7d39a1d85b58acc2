#include "guard/gates/request_gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "guard/gates/gate.hpp"
#include "guard/preflight.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

using MaybeRejection = std::optional<Rejection>;

const Revision* asked_for(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto& number = inputs.request->spec.to_revision;
  if (!number) return nullptr;
  const auto found = std::ranges::find(guard.revisions, *number, &Revision::number);
  return found == guard.revisions.end() ? nullptr : &*found;
}

std::string snapshot_numbers(const api::GuardStatus& guard) {
  std::string numbers;
  for (const Revision& revision : guard.revisions) {
    if (!revision.snapshot.empty())
      numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", revision.number);
  }
  return numbers.empty() ? "none" : numbers;
}

MaybeRejection not_guarded(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.policy.governs()) return {};
  return Rejection{.reason = Reason::NotGuarded,
                   .message = fmt::format(
                       "No policy that can be used governs the Deployment ({}), so nothing of it "
                       "is kept; opt in first",
                       inputs.policy.reason == Reason::None ? "not opted in" : inputs.policy.message)};
}

MaybeRejection deleting(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.meta.deleting) return {};
  return Rejection{.reason = Reason::Deleting, .message = "The Deployment is being deleted"};
}

MaybeRejection deployment_paused(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.paused) return {};
  return Rejection{.reason = Reason::DeploymentPaused,
                   .message = "The Deployment is paused; resume it first (kubectl rollout resume)"};
}

MaybeRejection scaled_to_zero(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.deployment.replicas != 0) return {};
  return Rejection{
      .reason = Reason::ScaledToZero,
      .message = "The Deployment is scaled to zero: whether it helped could not be seen"};
}

MaybeRejection busy(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  if (!rollback::is_open(inputs.rollback, inputs.deployment) ||
      !rollback::is_seen_through(guard, inputs.rollback))
    return {};
  return Rejection{
      .reason = Reason::Busy,
      .message = fmt::format(
          "Rollback {} is not over yet ({}): wait for its end, approve it if it waits for "
          "that, or delete it while nothing is touched",
          inputs.rollback->meta.key.name, guard.reason)};
}

MaybeRejection not_recognised(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  if (guard.current && guard.template_digest == inputs.deployment.template_digest) return {};
  return Rejection{.reason = Reason::WaitingForReplicaSet,
                   .message = "The ReplicaSet of the present template does not exist yet",
                   .is_passing = true};
}

MaybeRejection no_such_revision(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const auto& number = inputs.request->spec.to_revision;
  if (!number || asked_for(inputs, guard)) return {};
  return Rejection{.reason = Reason::RevisionNotFound,
                   .message = fmt::format("Revision {} of the Deployment is not known; kept are {}",
                                          *number, snapshot_numbers(guard))};
}

MaybeRejection already_there(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(inputs, guard);
  if (!revision || !guard.current || revision->hash != guard.current->hash) return {};
  return Rejection{.reason = Reason::AlreadyCurrent,
                   .message = fmt::format("Revision {} is the present one", revision->number)};
}

MaybeRejection no_snapshot(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(inputs, guard);
  if (!revision || !revision->snapshot.empty()) return {};
  return Rejection{
      .reason = Reason::NoSnapshot,
      .message = fmt::format(
          "The template of revision {} is not kept; kept are {}. It can still be brought back by "
          "kubectl rollout undo --to-revision={}",
          revision->number, snapshot_numbers(guard), revision->number)};
}

MaybeRejection no_last_good(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (inputs.request->spec.to_revision || target.revision || target.is_past_mark) return {};
  return Rejection{.reason = Reason::NoLastGood,
                   .message = fmt::format("There is nothing to go back to: {}", target.why_not)};
}

MaybeRejection quarantined(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(inputs, guard);
  if (!revision || revision->verdict != RevisionVerdict::RolledBack) return {};
  return Rejection{.reason = Reason::Quarantined,
                   .message = fmt::format("Revision {} was rolled back itself", revision->number)};
}

MaybeRejection not_proven(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(inputs, guard);
  if (!revision || is_proven(*revision) || revision->verdict == RevisionVerdict::RolledBack)
    return {};
  return Rejection{.reason = Reason::NotProven,
                   .message = fmt::format("Revision {} is not proven good: its last verdict is {}",
                                          revision->number, api::to_string(revision->verdict))};
}

MaybeRejection no_rollback_past(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* asked = asked_for(inputs, guard);
  const auto kept = proven_with_snapshot(guard);
  const auto last = std::ranges::find_if(
      kept, [&](const Revision* one) { return one->hash != guard.current->hash; });
  if (!asked && last != kept.end()) asked = *last;
  const Revision* mark = asked ? mark_before(guard, *asked) : nullptr;
  if (!mark) return {};
  return Rejection{
      .reason = Reason::NoRollbackPast,
      .message = fmt::format(
          "Going back would do harm: revision {} is marked lastgood.dev/no-rollback-past",
          mark->number)};
}

MaybeRejection suspended(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.policy.spec.suspend) return {};
  return Rejection{
      .reason = Reason::Suspended,
      .message = fmt::format("{} is suspended; set spec.suspend to false", inputs.policy.name)};
}

MaybeRejection paused_until(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& until = inputs.policy.pause_until;
  if (!until || *until <= now) return {};
  return Rejection{
      .reason = Reason::PausedUntil,
      .message = fmt::format(
          "lastgood.dev/pause-until says to leave it alone until {}; take it away to end that",
          format_rfc3339(*until))};
}

MaybeRejection not_checked(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const auto target = wanted_target(inputs, guard);
  if (!target) return {};
  const bool is_known = is_fresh(inputs.preflight, inputs.deployment, *target, now);
  if (is_known && inputs.preflight->ready != api::ConditionStatus::Unknown) return {};
  // What the server would not say is not known a moment later.
  const bool is_unsaid =
      inputs.preflight && inputs.preflight->ready == api::ConditionStatus::Unknown;
  return Rejection{
      .reason = Reason::CheckingRollback,
      .message = fmt::format("Whether the rollback would work is being found out{}{}",
                             is_unsaid ? ": " : "", is_unsaid ? inputs.preflight->message : ""),
      .is_passing = true,
      .is_brief = !is_unsaid};
}

// Whether the rollback would work is what a drill is to find out: the next two are for those that
// action.
MaybeRejection missing_reference(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.request->spec.drill || !inputs.preflight ||
      inputs.preflight->reason != Reason::MissingReference)
    return {};
  return Rejection{.reason = Reason::MissingReference, .message = inputs.preflight->message};
}

MaybeRejection would_fail(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.request->spec.drill || !inputs.preflight ||
      inputs.preflight->ready == api::ConditionStatus::True)
    return {};
  if (inputs.preflight->reason == Reason::MissingReference) return {};
  return Rejection{.reason = inputs.preflight->reason, .message = inputs.preflight->message};
}

// Those about the Deployment, about what is asked for, about harm, and last what only the server
// knows.
constexpr std::array rules{
    RequestGate{.name = "NotGuarded", .rejects = not_guarded},
    RequestGate{.name = "Deleting", .rejects = deleting},
    RequestGate{.name = "DeploymentPaused", .rejects = deployment_paused},
    RequestGate{.name = "ScaledToZero", .rejects = scaled_to_zero},
    RequestGate{.name = "Busy", .rejects = busy},
    RequestGate{.name = "WaitingForReplicaSet", .rejects = not_recognised},
    RequestGate{.name = "RevisionNotFound", .rejects = no_such_revision},
    RequestGate{.name = "AlreadyCurrent", .rejects = already_there},
    RequestGate{.name = "NoSnapshot", .rejects = no_snapshot},
    RequestGate{.name = "NoLastGood", .rejects = no_last_good},
    RequestGate{.name = "Quarantined", .rejects = quarantined, .yields_to_force = true},
    RequestGate{.name = "NotProven", .rejects = not_proven, .yields_to_force = true},
    RequestGate{.name = "NoRollbackPast", .rejects = no_rollback_past, .yields_to_force = true},
    RequestGate{.name = "Suspended", .rejects = suspended, .yields_to_force = true},
    RequestGate{.name = "PausedUntil", .rejects = paused_until, .yields_to_force = true},
    RequestGate{.name = "CheckingRollback", .rejects = not_checked},
    RequestGate{.name = "MissingReference", .rejects = missing_reference, .yields_to_force = true},
    RequestGate{.name = "WouldFail", .rejects = would_fail},
};

}  // namespace

std::span<const RequestGate> request_gates() { return rules; }

std::optional<Rejection> first_rejection(std::span<const RequestGate> asked, const Inputs& inputs,
                                         const api::GuardStatus& guard, Time now) {
  for (const RequestGate& gate : asked) {
    if (gate.yields_to_force && inputs.request->spec.force) continue;
    auto rejection = gate.rejects(inputs, guard, now);
    if (rejection && gate.yields_to_force && !inputs.request->spec.drill)
      rejection->message += force_hint;
    if (rejection) return rejection;
  }
  return {};
}

namespace {

const api::Rollback* recorded(const Inputs& inputs, const api::GuardStatus& guard) {
  const api::Rollback* rollback = rollback::named_by(guard, inputs.rollback);
  return rollback && rollback->status.phase == RollbackPhase::Pending ? rollback : nullptr;
}

}  // namespace

std::optional<Revision> due_target(const Inputs& inputs, const api::GuardStatus& guard) {
  if (const api::Rollback* rollback = recorded(inputs, guard)) return rollback->spec.to;
  return choose_target(guard).revision;
}

std::optional<Revision> wanted_target(const Inputs& inputs, const api::GuardStatus& guard) {
  if (!inputs.request || recorded(inputs, guard)) return due_target(inputs, guard);
  if (inputs.request->spec.to_revision) {
    const Revision* revision = asked_for(inputs, guard);
    return revision && !revision->snapshot.empty() ? std::optional(*revision) : std::nullopt;
  }
  const Target target = choose_target(guard);
  if (target.revision || !target.is_past_mark || !inputs.request->spec.force)
    return target.revision;
  for (const Revision* proven : proven_with_snapshot(guard)) {
    if (!guard.current || proven->hash != guard.current->hash) return *proven;
  }
  return {};
}

api::RollbackStatus refuse_unguarded(const api::Rollback& request, bool exists, Time now) {
  const std::string& name = request.spec.deployment;
  const std::string message =
      exists ? fmt::format(
                   "NotGuarded: Deployment {} is not guarded by Lastgood, so nothing of it is "
                   "kept; opt in first",
                   name)
             : fmt::format("DeploymentNotFound: there is no Deployment {} in this namespace", name);
  return rollback::advance(request.status, RollbackPhase::Rejected, message, now);
}

namespace {

void bind(Step& step, const Revision& target) {
  api::GuardStatus& guard = step.guard();
  api::Rollback record = *step.inputs.request;
  record.spec.deployment_uid = step.deployment().meta.uid;
  record.spec.generation = step.deployment().meta.generation;
  record.spec.from = *guard.current;
  record.spec.to = target;
  record.spec.reason = Reason::RequestedManually;
  record.spec.detected = step.now;
  record.spec.policy = guard.policy;
  record.spec.released_by = guard.current->released_by;
  record.spec.released = guard.evaluation_started;
  record.status.evidence = guard.checks;
  record.status = rollback::advance(std::move(record.status), RollbackPhase::Pending,
                                    "Accepted; the Deployment is not touched yet", step.now);
  guard.rollback = record.meta.key.name;
  const std::string what =
      fmt::format("{} is put back to {} {}", rollback::name_of(step.deployment(), *guard.current),
                  rollback::name_of(step.deployment(), target), rollback::why(record.spec));
  step.enter(State::RollingBack, record.spec.reason, what);
  step.emit(EventType::Normal, Reason::RollbackStarted, EventAction::Rollback,
            fmt::format("{}: Rollback {}", what, guard.rollback));
  step.requeue_at(step.now);
  step.out.action = BindRequest{.record = std::move(record)};
}

}  // namespace

namespace {

// Not refused, and not begun either: the record says why, once.
void wait_for_answer(Step& step, const Rejection& rejection) {
  constexpr std::chrono::milliseconds in_a_moment{50};
  constexpr std::chrono::seconds in_a_while{5};
  if (rejection.is_brief) return step.requeue_at(step.now + in_a_moment);
  step.requeue_at(step.now + in_a_while);
  const std::string message = "It waits. " + rejection.message;
  if (step.inputs.request->status.message == message) return;
  step.out.request =
      rollback::advance(step.inputs.request->status, RollbackPhase::Pending, message, step.now);
}

}  // namespace

void take_request(Step& step) {
  const auto& request = step.inputs.request;
  if (!request) return;
  const auto rejection = first_rejection(request_gates(), step.inputs, step.guard(), step.now);
  if (rejection && rejection->is_passing) return wait_for_answer(step, *rejection);
  const auto target = wanted_target(step.inputs, step.guard());
  if (rejection || !target) {
    const std::string message = rejection
                                    ? fmt::format("{}: {}", rejection->reason, rejection->message)
                                    : "NoLastGood: nothing is kept";
    step.out.request =
        rollback::advance(request->status, RollbackPhase::Rejected, message, step.now);
    step.emit(EventType::Warning, Reason::RollbackRejected, EventAction::None,
              fmt::format("Rollback {} is refused, {}", request->meta.key.name, message));
    return;
  }
  if (!request->spec.drill) return bind(step, *target);
  api::Rollback drill = *request;
  drill.spec.from = *step.guard().current;
  drill.spec.to = *target;
  step.out.action = RunDrill{.record = std::move(drill)};
}

}  // namespace lastgood::guard
