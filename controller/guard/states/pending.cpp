#include "guard/states/pending.hpp"

#include <fmt/format.h>

#include "api/find_check.hpp"
#include "guard/check_status.hpp"
#include "guard/gates/chains.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/group/group.hpp"
#include "guard/group/member.hpp"
#include "guard/preflight.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// The reason of Idle for a revision whose evaluation has ended; None if it has not.
Reason reason_for_idle(RevisionVerdict verdict) {
  switch (verdict) {
    case RevisionVerdict::Good: return Reason::Good;
    case RevisionVerdict::PresumedGood: return Reason::PresumedGood;
    case RevisionVerdict::Inconclusive: return Reason::Inconclusive;
    case RevisionVerdict::Evaluating:
    case RevisionVerdict::Breached:
    case RevisionVerdict::RolledBack:
    case RevisionVerdict::Superseded: break;
  }
  return Reason::None;
}

// Ends the Rollback. The next reconcile, with new measurements, decides what follows.
void cancel(Step& step, const api::Rollback& rollback, const std::string& message) {
  step.plan.rollback =
      rollback::advance(rollback.status, RollbackPhase::Superseded, message, step.now);
  step.emit(EventType::Normal, Reason::RollbackCancelled, EventAction::None, message);
  // A Rollback of a user or of a group may replace a revision whose evaluation has ended. Its
  // verdict stays.
  const auto& current = step.guard().current;
  const Reason ended = current ? reason_for_idle(current->verdict) : Reason::None;
  if (ended != Reason::None) {
    step.enter(State::Idle, ended, message);
  } else {
    step.enter(State::Evaluating, step.guard().rolled_out ? Reason::Baking : Reason::RollingOut,
               message);
  }
  step.requeue_at(step.now);
}

// True while the reason of the Rollback is its breached check. When another member of its group is
// restored, the group becomes the reason.
bool is_for_own_check(const Step& step, const api::Rollback& rollback) {
  return !rollback.spec.check.empty() && !has_group_started(step.inputs, rollback);
}

std::string why_check_cancels(const Step& step, const api::Rollback& rollback,
                              const std::string& name) {
  const std::vector<CheckStatus>& checks = step.plan.guard.checks;
  const CheckStatus* check = api::find_check(checks, rollback.spec.check);
  if (!check)
    return fmt::format("{} stays: check {} is no longer in the policy", name, rollback.spec.check);
  const bool is_passing = !breached(checks) && check->result == api::MeasurementResult::Pass;
  return is_passing ? fmt::format("{} recovered before the Deployment was changed", name) : "";
}

// Why the Rollback is cancelled; empty if it is not.
std::string why_cancelled(const Step& step, const api::Rollback& rollback) {
  const Inputs& inputs = step.inputs;
  const std::string name = rollback::name_of(step.deployment(), rollback.spec.from);
  const std::string with_group = why_cancelled_with_group(inputs, rollback);
  if (!with_group.empty()) return fmt::format("{} stays: {}", name, with_group);
  // A Rollback of a group keeps its target, so it is not cancelled for a missing snapshot.
  const bool is_alone = rollback.spec.caused_by.empty() && !rollback.spec.group;
  const auto& preflight = inputs.preflight;
  if (is_alone && is_about(preflight, step.deployment(), rollback.spec.to) &&
      preflight->reason == Reason::SnapshotMissing)
    return fmt::format("{} stays: the snapshot of its target was deleted", name);
  if (!is_for_own_check(step, rollback)) return {};
  if (rollback.spec.group && rollback.spec.group->name != inputs.policy.group)
    return fmt::format(
        "{} is not rolled back yet: the Deployment left group {}, which the Rollback includes",
        name, rollback.spec.group->name);
  const GroupMember* new_member =
      newly_released_member(inputs, rollback, step.plan.guard.evaluation_started);
  if (new_member && new_member->blocked_because.empty())
    return fmt::format(
        "{} is not rolled back yet: {} of the same group was released too, so the group rollback "
        "is planned again",
        name, new_member->deployment);
  return why_check_cancels(step, rollback, name);
}

std::span<const Gate> resume_gates_for(const Step& step, const api::Rollback& rollback) {
  if (api::is_manual(rollback.spec)) return manual_gates();
  return has_group_started(step.inputs, rollback) ? group_resume_gates() : resume_gates();
}

void record_approval(Step& step, const api::Rollback& rollback) {
  const std::string approval = gates::approval_of(step.inputs);
  if (approval.empty() || !rollback.status.approved_by.empty()) return;
  step.plan.rollback = rollback.status;
  step.plan.rollback->approved_by = approval;
  rollback::add_timeline_entry(*step.plan.rollback, "Approved by " + approval, step.now);
}

// Reports, once, the start of a Rollback that waited for approval. If a member's Rollback needed no
// approval of its own, RollbackStarted was emitted when it was recorded.
void emit_rollback_started(Step& step, const api::Rollback& rollback) {
  const std::string approval = gates::approval_of(step.inputs);
  const bool was_reported =
      !rollback.spec.caused_by.empty() && rollback.spec.mode != api::Mode::Approve;
  if (approval.empty() || was_reported || step.guard().state != State::Held ||
      step.guard().reason == Reason::AdmissionDenied)
    return;
  step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
            fmt::format("Rolling back {} to {}, {}. Record: Rollback {}. Approved by {}",
                        rollback::name_of(step.deployment(), rollback.spec.from),
                        rollback::name_of(step.deployment(), rollback.spec.to),
                        rollback::cause_text(rollback.spec), rollback.meta.key.name, approval));
}

}  // namespace

void resume_pending(Step& step, const api::Rollback& rollback) {
  const api::GuardStatus& guard = step.guard();
  if (rollback::is_patched_by(step.deployment(), rollback)) return execute(step, rollback);
  apply_measurements(step);
  const bool was_rejected = guard.reason == Reason::AdmissionDenied;
  const std::string rejection = guard.message;
  if (is_held(step, write_gates_for(rollback), State::Held)) return;
  if (is_held(step, group_states_known_gates(), State::Held)) return;
  if (const std::string why = why_cancelled(step, rollback); !why.empty())
    return cancel(step, rollback, why);
  const std::string name = rollback::name_of(step.deployment(), rollback.spec.from);
  if (was_rejected && step.now >= guard.state_since.value_or(step.now) + restoration_timeout) {
    return fail_rollback(step, rollback, Reason::PatchRejected,
                         fmt::format("{} could not be rolled back within {}. {}", name,
                                     format_duration(restoration_timeout), rejection));
  }
  if (is_for_own_check(step, rollback) &&
      !confirmed_breach(guard.checks, step.inputs.policy.spec, step.now)) {
    return step.enter(
        State::Held, Reason::Unconfirmed,
        fmt::format("{} is rolled back when check {} fails again", name, rollback.spec.check));
  }
  record_approval(step, rollback);
  if (is_held(step, resume_gates_for(step, rollback), State::Held)) return;
  emit_rollback_started(step, rollback);
  execute(step, rollback);
}

}  // namespace lastgood::guard
