#include "guard/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/checks_established.hpp"
#include "guard/conditions.hpp"
#include "guard/group/follow.hpp"
#include "guard/guard_status.hpp"
#include "guard/needs.hpp"
#include "guard/preflight.hpp"
#include "guard/preflight_schedule.hpp"
#include "guard/states/evaluating.hpp"
#include "guard/states/frozen.hpp"
#include "guard/states/idle.hpp"
#include "guard/states/opt_out.hpp"
#include "guard/states/outage.hpp"
#include "guard/states/release.hpp"
#include "guard/states/request.hpp"
#include "guard/states/restoration.hpp"
#include "guard/states/rolling_back.hpp"
#include "guard/states/step.hpp"
#include "guard/states/verifying.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::State;

namespace {

// A Deployment with the same name but another uid is another Deployment.
void reset_for_other_deployment(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (guard.deployment_uid != step.deployment().meta.uid) guard = {};
  guard.deployment_uid = step.deployment().meta.uid;
  guard.deployment_generation = step.deployment().meta.generation;
}

void report_policy(Step& step) {
  api::GuardStatus& guard = step.guard();
  const EffectivePolicy& policy = step.inputs.policy;
  const api::Condition* found = api::find_condition(guard.conditions, api::condition::governed);
  const api::Condition before = found ? *found : api::Condition{};
  guard.policy = policy.governs() ? policy.name : "";
  set_governed(guard, policy, step.deployment().meta.generation, step.now);
  const api::Condition& after = *api::find_condition(guard.conditions, api::condition::governed);
  const bool is_news = before.reason != after.reason || before.message != after.message;
  const bool is_first = before.type.empty();
  const bool is_broken = policy.kind == EffectivePolicy::Kind::Broken;
  if (!is_news || (is_first && !is_broken)) return;
  step.emit(is_broken ? EventType::Warning : EventType::Normal, governed_reason(policy),
            EventAction::None, after.message);
}

// The policy cannot be used, so nothing is measured. After its repair, the results and times from
// before do not count.
void suspend_evaluation(Step& step) {
  api::GuardStatus& guard = step.guard();
  const EffectivePolicy& policy = step.inputs.policy;
  // The message of a freeze stays, because it says what the user can do.
  if (guard.state == State::Frozen) return;
  if (guard.state == State::Idle) return step.enter(State::Idle, policy.reason, policy.message);
  if (guard.state == State::Held && guard.current) {
    set_verdict(guard, guard.current->hash, api::RevisionVerdict::Evaluating, step.now);
  }
  step.enter(guard.state == State::Held ? State::Evaluating : guard.state, policy.reason,
             policy.message);
  if (guard.state == State::Evaluating) {
    guard.bake.reset();
  } else {
    guard.rolled_out.reset();
  }
  for (api::CheckStatus& check : guard.checks) reset_check(check);
}

void dispatch(Step& step) {
  switch (step.guard().state) {
    case State::Idle: return step_idle(step);
    case State::Evaluating: return step_evaluating(step);
    case State::Held:
      return rollback::is_in_progress(step.guard(), step.inputs.rollback) ? step_rolling_back(step)
                                                                          : step_evaluating(step);
    case State::RollingBack: return step_rolling_back(step);
    case State::Verifying: return step_verifying(step);
    case State::Frozen: return step_frozen(step);
  }
}

// True for a pending Rollback that the guard does not name, if guard.current has the present
// template and shows that the release of the Rollback has ended: it is another revision, or it has
// become proven. A manual or group Rollback may replace a proven revision.
bool is_outdated(const Inputs& inputs) {
  const auto& rollback = inputs.rollback;
  const api::GuardStatus& guard = inputs.guard;
  if (!rollback::is_unknown_to(guard, rollback, inputs.deployment) ||
      rollback->status.phase != api::RollbackPhase::Pending)
    return false;
  const bool is_current_present = guard.current &&
                                  guard.template_digest == inputs.deployment.template_digest &&
                                  guard.deployment_uid == inputs.deployment.meta.uid;
  return is_current_present && !rollback::is_marked_by(inputs.deployment, *rollback) &&
         (guard.current->hash != rollback->spec.from.hash ||
          (!rollback->spec.check.empty() && is_proven(*guard.current)));
}

// A rollback that has patched the template continues as its Rollback says, even if the restored
// template has no ReplicaSet yet. Before the patch, a template without a ReplicaSet is a newer
// release.
bool continues_by_record(Step& step) {
  const Inputs& inputs = step.inputs;
  const State state = step.guard().state;
  if (!rollback::is_open(inputs.rollback, inputs.deployment) ||
      !rollback::named_by(step.guard(), inputs.rollback))
    return false;
  const bool is_past_patch = rollback::is_marked_by(inputs.deployment, *inputs.rollback) ||
                             inputs.rollback->status.phase != api::RollbackPhase::Pending;
  return is_past_patch &&
         (state == State::RollingBack ||
          (state == State::Held && rollback::is_marked_by(inputs.deployment, *inputs.rollback)));
}

void reconcile_governed(Step& step) {
  const Inputs& inputs = step.inputs;
  const bool is_rollback_outdated = is_outdated(inputs);
  if (is_rollback_outdated) {
    step.plan.rollback = rollback::advance(
        inputs.rollback->status, api::RollbackPhase::Superseded,
        "Its release was proven or replaced before the Deployment was changed", step.now);
  }
  const bool is_guard_behind =
      !is_rollback_outdated &&
      rollback::is_unknown_to(inputs.guard, inputs.rollback, inputs.deployment);
  if (is_guard_behind && !inputs.replica_sets)
    return step.requeue_at(step.now + std::chrono::seconds(1));
  if (is_guard_behind) adopt_rollback(step, *inputs.rollback);
  const bool recognized = recognize_template(step);
  if (!recognized && !continues_by_record(step)) return handle_request(step);
  if (end_freeze(step)) return;
  dispatch(step);
  // The actions for the release come before the request. A snapshot and a record of mode Observe
  // can wait: each reconcile plans them again until they exist.
  const bool is_free = std::holds_alternative<std::monostate>(step.plan.action) ||
                       std::holds_alternative<CreateSnapshot>(step.plan.action) ||
                       std::holds_alternative<RecordObserved>(step.plan.action);
  if (is_free && !step.plan.rollback) handle_request(step);
}

// Stores the name of a pending automatic Rollback: if a user deletes it while no controller leads,
// the next leader notices.
void record_pending(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* named = rollback::named_by(guard, step.inputs.rollback);
  if (!named || api::is_manual(named->spec)) return;
  const api::RollbackStatus& status = step.plan.rollback ? *step.plan.rollback : named->status;
  guard.pending = status.phase == api::RollbackPhase::Pending ? named->meta.key.name : "";
}

// The Rollback already says why it waits. A new time or number in the message is not worth a write.
bool is_reported(const api::RollbackStatus& record, const api::GuardStatus& guard,
                 const std::string& message) {
  if (record.waiting_for != guard.reason) return false;
  switch (guard.reason) {
    case Reason::GroupOrder: return record.blocked_by == guard.blocked_by;
    case Reason::GroupBlocked:
    case Reason::AwaitingApproval: return record.message == message;
    default: return true;
  }
}

// Writes into the status of a pending Rollback why it waits, once for each reason.
void report_hold_on_record(Step& step) {
  const api::GuardStatus& guard = step.guard();
  const api::Rollback* named = rollback::named_by(guard, step.inputs.rollback);
  const bool is_held =
      guard.state == State::Held || step.inputs.policy.kind == EffectivePolicy::Kind::Broken;
  const bool waits = is_held && named && named->status.phase == api::RollbackPhase::Pending;
  if (!waits || step.plan.rollback) return;
  const api::RollbackStatus& record = named->status;
  const std::string message = fmt::format("Waiting ({}): {}", guard.reason, guard.message);
  if (is_reported(record, guard, message)) return;
  const std::string& approved_name = step.inputs.policy.approve;
  const bool awaited_approval =
      guard.reason == Reason::AwaitingApproval && record.waiting_for == Reason::AwaitingApproval;
  if (awaited_approval && !approved_name.empty()) {
    step.emit(EventType::Warning, Reason::RollbackHeld, EventAction::Hold,
              fmt::format("lastgood.dev/approve names {}, but Rollback {} waits for approval",
                          approved_name, guard.rollback));
  }
  api::RollbackStatus status =
      rollback::advance(record, api::RollbackPhase::Pending, message, step.now);
  status.waiting_for = guard.reason;
  status.blocked_by = guard.blocked_by;
  status.last_error.clear();
  step.plan.rollback = std::move(status);
}

// Emits one Event when a snapshot cannot be stored. When a later try succeeds, the next reconcile
// updates the condition RollbackReady.
void report_snapshot_failure(Step& step) {
  const bool stores_again = !step.inputs.snapshot_error.empty() &&
                            std::holds_alternative<CreateSnapshot>(step.plan.action);
  if (stores_again) step.requeue_at(step.now + std::chrono::seconds(1));
  const api::Condition* before =
      api::find_condition(step.inputs.guard.conditions, api::condition::rollback_ready);
  const bool is_reported = before && before->reason == api::to_string(Reason::SnapshotFailed);
  if (is_reported || !snapshot_failed(step.inputs, step.guard())) return;
  step.emit(EventType::Warning, Reason::SnapshotFailed, EventAction::None,
            snapshot_failure_text(step.inputs, step.guard()));
}

// Reconciles again at once if the new state needs inputs that were not gathered for this plan.
void requeue_for_new_needs(Step& step) {
  const Inputs& inputs = step.inputs;
  std::optional<api::Rollback> rollback = inputs.rollback;
  if (rollback && step.plan.rollback) rollback->status = *step.plan.rollback;
  const Needs before = needs(inputs.deployment, inputs.policy, inputs.guard, inputs.rollback);
  const Needs after = needs(inputs.deployment, inputs.policy, step.guard(), rollback);
  const bool needs_more = (after.rollout_measurement && !before.rollout_measurement) ||
                          (after.check_measurements && !before.check_measurements) ||
                          (!after.idle_checks.empty() && after.idle_checks != before.idle_checks);
  if (needs_more) step.requeue_at(step.now);
}

}  // namespace

Plan decide(const Inputs& inputs, Time now) {
  Step step{.inputs = inputs, .now = now, .plan = {.guard = inputs.guard}};
  reset_for_other_deployment(step);
  report_policy(step);
  switch (inputs.policy.kind) {
    case EffectivePolicy::Kind::None:
      opt_out(step);
      handle_request(step);
      break;
    case EffectivePolicy::Kind::Broken:
      suspend_evaluation(step);
      handle_request(step);
      break;
    case EffectivePolicy::Kind::RollbackPolicy:
    case EffectivePolicy::Kind::ConfigMap:
    case EffectivePolicy::Kind::BuiltIn:
      inputs.deployment.meta.deleting ? handle_request(step) : reconcile_governed(step);
      break;
  }
  step.guard().last_good = last_good(step.guard());
  if (step.guard().state != State::Idle || !step.guard().current) step.guard().idle_results.clear();
  report_hold_on_record(step);
  record_pending(step);
  if (!inputs.policy.group.empty()) step.plan.blocked_because = why_not_with_group(step);
  requeue_for_new_needs(step);
  report_snapshot_failure(step);
  set_rollback_ready(step.guard(), inputs, now);
  set_checks_established(step);
  if (const auto next = next_preflight(inputs, step.guard(), now)) step.requeue_at(*next);
  set_kstatus_conditions(step.guard(), inputs.policy, inputs.deployment, now);
  return std::move(step.plan);
}

}  // namespace lastgood::guard
