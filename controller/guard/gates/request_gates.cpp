#include "guard/gates/request_gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "guard/manual_request.hpp"
#include "guard/preflight.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;

namespace {

using MaybeRejection = std::optional<Rejection>;

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
  return Rejection{
      .reason = Reason::NotGuarded,
      .message = fmt::format(
          "No usable policy governs the Deployment ({}), so it has no snapshots. Opt in first",
          inputs.policy.reason == Reason::None ? "not opted in" : inputs.policy.message)};
}

MaybeRejection deleting(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.meta.deleting) return {};
  return Rejection{.reason = Reason::Deleting, .message = "The Deployment is being deleted"};
}

MaybeRejection deployment_paused(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.paused) return {};
  const Key& key = inputs.deployment.meta.key;
  return Rejection{.reason = Reason::DeploymentPaused,
                   .message = fmt::format("The Deployment is paused. Resume it first: kubectl "
                                          "rollout resume deployment/{} -n {}",
                                          key.name, key.namespace_)};
}

MaybeRejection scaled_to_zero(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.deployment.replicas != 0) return {};
  return Rejection{.reason = Reason::ScaledToZero,
                   .message =
                       "The Deployment is scaled to zero, so a rollback could not be verified. "
                       "Scale it up first"};
}

MaybeRejection busy(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  if (!rollback::is_open(inputs.rollback, inputs.deployment) ||
      !rollback::is_in_progress(guard, inputs.rollback))
    return {};
  return Rejection{.reason = Reason::Busy,
                   .message = fmt::format("Rollback {} has not finished ({}). Wait for its end, "
                                          "approve it if it waits for approval, "
                                          "or delete it while the Deployment is not changed",
                                          inputs.rollback->meta.key.name, guard.reason)};
}

MaybeRejection template_not_recognized(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  if (guard.current && guard.template_digest == inputs.deployment.template_digest) return {};
  return Rejection{.reason = Reason::WaitingForReplicaSet,
                   .message = "The present template has no ReplicaSet yet",
                   .is_temporary = true};
}

// The user may have asked to roll back the release before the current one. If this replica has just
// loaded the state, the release may be older than its first reconcile, so it does not count.
MaybeRejection newer_release(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  constexpr std::chrono::seconds precision_of_created{1};
  constexpr std::chrono::seconds first_reconciles{15};
  const auto& created = inputs.request->meta.created;
  const auto& released = guard.evaluation_started;
  const bool is_newer = created && released && *released >= *created + precision_of_created &&
                        *released >= inputs.loaded + first_reconciles;
  if (!is_newer || inputs.request->spec.drill) return {};
  return Rejection{
      .reason = Reason::NewerRelease,
      .message = fmt::format(
          "The evaluation of {} began at {}, after this Rollback was created at {}, so it may be a "
          "newer release. To roll it back, create the Rollback again",
          rollback::name_of(inputs.deployment, *guard.current), format_rfc3339(*released),
          format_rfc3339(*created))};
}

MaybeRejection revision_not_found(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const auto& number = inputs.request->spec.to_revision;
  if (!number || requested_revision(inputs, guard)) return {};
  return Rejection{.reason = Reason::RevisionNotFound,
                   .message = fmt::format(
                       "The Deployment has no known revision {}. Revisions with a snapshot: {}",
                       *number, snapshot_numbers(guard))};
}

MaybeRejection already_current(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = requested_revision(inputs, guard);
  if (!revision || !guard.current || revision->hash != guard.current->hash) return {};
  return Rejection{.reason = Reason::AlreadyCurrent,
                   .message = fmt::format("Revision {} runs already", revision->number)};
}

MaybeRejection no_snapshot(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = requested_revision(inputs, guard);
  if (!revision || !revision->snapshot.empty()) return {};
  return Rejection{
      .reason = Reason::NoSnapshot,
      .message = fmt::format(
          "Revision {} has no snapshot. Revisions with a snapshot: {}. To restore it without "
          "Lastgood: kubectl rollout undo deployment/{} -n {} --to-revision={}",
          revision->number, snapshot_numbers(guard), inputs.deployment.meta.key.name,
          inputs.deployment.meta.key.namespace_, revision->number)};
}

MaybeRejection no_last_good(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const TargetChoice target = choose_target(guard);
  if (inputs.request->spec.to_revision || target.revision || target.is_past_mark) return {};
  return Rejection{
      .reason = Reason::NoLastGood,
      .message = fmt::format("There is no revision to roll back to: {}", target.why_not)};
}

MaybeRejection quarantined(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = requested_revision(inputs, guard);
  if (!revision || revision->verdict != RevisionVerdict::RolledBack) return {};
  return Rejection{.reason = Reason::Quarantined,
                   .message = fmt::format("Revision {} was rolled back itself", revision->number)};
}

MaybeRejection not_proven(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* revision = requested_revision(inputs, guard);
  if (!revision || is_proven(*revision) || revision->verdict == RevisionVerdict::RolledBack)
    return {};
  return Rejection{.reason = Reason::NotProven,
                   .message = fmt::format("Revision {} is not proven good: its last verdict is {}",
                                          revision->number, api::to_string(revision->verdict))};
}

MaybeRejection no_rollback_past(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const Revision* target = requested_revision(inputs, guard);
  const auto snapshots = proven_with_snapshot(guard);
  const auto newest_other = std::ranges::find_if(
      snapshots, [&](const Revision* revision) { return revision->hash != guard.current->hash; });
  if (!target && newest_other != snapshots.end()) target = *newest_other;
  const Revision* mark = target ? blocking_mark(guard, *target) : nullptr;
  if (!mark) return {};
  return Rejection{
      .reason = Reason::NoRollbackPast,
      .message = fmt::format(
          "A rollback would do harm: revision {} has the mark lastgood.dev/no-rollback-past",
          mark->number)};
}

MaybeRejection suspended(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.policy.spec.suspend) return {};
  return Rejection{.reason = Reason::Suspended,
                   .message = fmt::format("{} is suspended. Set spec.suspend to false first",
                                          inputs.policy.name)};
}

MaybeRejection paused_until(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& until = inputs.policy.pause_until;
  if (!until || *until <= now) return {};
  return Rejection{
      .reason = Reason::PausedUntil,
      .message = fmt::format(
          "The annotation lastgood.dev/pause-until forbids rollbacks until {}. Remove it first",
          format_rfc3339(*until))};
}

MaybeRejection checking_rollback(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const auto target = wanted_target(inputs, guard);
  if (!target) return {};
  const bool is_known = is_fresh(inputs.preflight, inputs.deployment, *target, now);
  if (is_known && inputs.preflight->ready != api::ConditionStatus::Unknown) return {};
  // If the last preflight had no result, the next one does not run at once.
  const bool has_no_result =
      inputs.preflight && inputs.preflight->ready == api::ConditionStatus::Unknown;
  return Rejection{.reason = Reason::CheckingRollback,
                   .message = fmt::format("The preflight of the rollback is running{}{}",
                                          has_no_result ? ": " : "",
                                          has_no_result ? inputs.preflight->message : ""),
                   .is_temporary = true,
                   .is_brief = !has_no_result};
}

// The next two gates do not reject a drill: a drill finds out whether a rollback would work.
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

// The order: the Deployment, the requested revision, possible harm, the preflight.
constexpr std::array gates{
    RequestGate{.name = "NotGuarded", .rejects = not_guarded},
    RequestGate{.name = "Deleting", .rejects = deleting},
    RequestGate{.name = "DeploymentPaused", .rejects = deployment_paused},
    RequestGate{.name = "ScaledToZero", .rejects = scaled_to_zero},
    RequestGate{.name = "Busy", .rejects = busy},
    RequestGate{.name = "WaitingForReplicaSet", .rejects = template_not_recognized},
    RequestGate{.name = "NewerRelease", .rejects = newer_release},
    RequestGate{.name = "RevisionNotFound", .rejects = revision_not_found},
    RequestGate{.name = "AlreadyCurrent", .rejects = already_current},
    RequestGate{.name = "NoSnapshot", .rejects = no_snapshot},
    RequestGate{.name = "NoLastGood", .rejects = no_last_good},
    RequestGate{.name = "Quarantined", .rejects = quarantined, .yields_to_force = true},
    RequestGate{.name = "NotProven", .rejects = not_proven, .yields_to_force = true},
    RequestGate{.name = "NoRollbackPast", .rejects = no_rollback_past, .yields_to_force = true},
    RequestGate{.name = "Suspended", .rejects = suspended, .yields_to_force = true},
    RequestGate{.name = "PausedUntil", .rejects = paused_until, .yields_to_force = true},
    RequestGate{.name = "CheckingRollback", .rejects = checking_rollback},
    RequestGate{.name = "MissingReference", .rejects = missing_reference, .yields_to_force = true},
    RequestGate{.name = "WouldFail", .rejects = would_fail},
};

}  // namespace

std::span<const RequestGate> request_gates() { return gates; }

std::optional<Rejection> first_rejection(std::span<const RequestGate> chain, const Inputs& inputs,
                                         const api::GuardStatus& guard, Time now) {
  for (const RequestGate& gate : chain) {
    if (gate.yields_to_force && inputs.request->spec.force) continue;
    auto rejection = gate.rejects(inputs, guard, now);
    if (rejection && gate.yields_to_force && !inputs.request->spec.drill)
      rejection->message += force_hint;
    if (rejection) return rejection;
  }
  return {};
}

}  // namespace lastgood::guard
