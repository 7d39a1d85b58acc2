#include "guard/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/conditions.hpp"
#include "guard/needs.hpp"
#include "guard/preflight.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::State;

namespace {

// A Deployment of the same name but another uid is another Deployment: nothing that was remembered
// is true of it.
void forget_another_deployment(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (!guard.deployment_uid.empty() && guard.deployment_uid != step.deployment().meta.uid)
    guard = {};
  guard.deployment_uid = step.deployment().meta.uid;
  guard.deployment_generation = step.deployment().meta.generation;
}

void report_policy(Step& step) {
  api::GuardStatus& guard = step.guard();
  const EffectivePolicy& policy = step.inputs.policy;
  const api::Condition* known = api::find_condition(guard.conditions, api::condition::governed);
  const api::Condition before = known ? *known : api::Condition{};
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

// Opted out, nothing is judged and nothing is gone on with; what is proven stays remembered. Opted
// in again, the Deployment is looked at as for the first time, so that nothing is done on what was
// seen before.
void opt_out(Step& step) {
  api::GuardStatus& guard = step.guard();
  step.enter(State::Idle, Reason::NotOptedIn, "No policy applies; nothing is done");
  if (rollback::is_open(step.inputs.rollback, step.deployment())) {
    const api::Rollback& rollback = *step.inputs.rollback;
    if (rollback.status.template_restored) quarantine(step, rollback);
    step.out.rollback =
        rollback::advance(rollback.status, api::RollbackPhase::Superseded,
                          "No policy applies any more: nothing more is done", step.now);
  }
  if (guard.current && guard.current->verdict == api::RevisionVerdict::Evaluating) {
    set_verdict(guard, guard.current->hash, api::RevisionVerdict::Inconclusive, step.now);
  }
  guard.current.reset();
  guard.template_digest.reset();
  // Nothing that is seen when it is opted in again is a release of the time before.
  guard.evaluation_started.reset();
  guard.rolled_out.reset();
  guard.checks.clear();
  guard.declined.reset();
  guard.pending.clear();
}

// What failed before the release had a pod is asked only then: later nobody could tell any more
// whose fault it was.
void forget(api::CheckStatus& check) {
  std::optional<api::BaselineResult> baseline = std::move(check.baseline);
  if (baseline && !baseline->before) baseline.reset();
  check = {.name = check.name,
           .config_hash = check.config_hash,
           .reason = pending_result,
           .failure_threshold = check.failure_threshold,
           .baseline = std::move(baseline)};
}

// What governs cannot be understood: nothing is asked, so nothing that was seen or waited for
// counts afterwards.
void suspend_judgement(Step& step) {
  api::GuardStatus& guard = step.guard();
  const policy::EffectivePolicy& policy = step.inputs.policy;
  // What a person is to do about a freeze stays to be read.
  if (guard.state == State::Frozen) return;
  if (guard.state == State::Idle) return step.enter(State::Idle, policy.reason, policy.message);
  if (guard.state == State::Held && guard.current) {
    set_verdict(guard, guard.current->hash, api::RevisionVerdict::Evaluating, step.now);
  }
  step.enter(guard.state == State::Held ? State::Evaluating : guard.state, policy.reason,
             policy.message);
  guard.rolled_out.reset();
  for (api::CheckStatus& check : guard.checks) forget(check);
}

void dispatch(Step& step) {
  switch (step.guard().state) {
    case State::Idle: return step_idle(step);
    case State::Evaluating: return step_evaluating(step);
    case State::Held:
      return rollback::is_seen_through(step.guard(), step.inputs.rollback) ? step_rolling_back(step)
                                                                           : step_evaluating(step);
    case State::RollingBack: return step_rolling_back(step);
    case State::Verifying: return step_verifying(step);
    case State::Frozen: return;
  }
}

// A Rollback that was recorded and then lost sight of, about a release that is over: what is known
// of the present template is newer. What a person or the group wants is put back although it was
// proven.
bool outlived(const Inputs& inputs) {
  const auto& rollback = inputs.rollback;
  const api::GuardStatus& guard = inputs.guard;
  if (!rollback::is_unknown_to(guard, rollback, inputs.deployment) ||
      rollback->status.phase != api::RollbackPhase::Pending)
    return false;
  const bool is_known = guard.current &&
                        guard.template_digest == inputs.deployment.template_digest &&
                        guard.deployment_uid == inputs.deployment.meta.uid;
  return is_known && !rollback::is_marked_by(inputs.deployment, *rollback) &&
         (guard.current->hash != rollback->spec.from.hash ||
          (!rollback->spec.check.empty() && is_proven(*guard.current)));
}

void go_on(Step& step) {
  const Inputs& inputs = step.inputs;
  const bool is_outlived = outlived(inputs);
  if (is_outlived) {
    step.out.rollback = rollback::advance(
        inputs.rollback->status, api::RollbackPhase::Superseded,
        "The release that it speaks of was proven or replaced before anything was touched",
        step.now);
  }
  const bool is_behind =
      !is_outlived && rollback::is_unknown_to(inputs.guard, inputs.rollback, inputs.deployment);
  if (is_behind && !inputs.replica_sets) return step.requeue_at(step.now + std::chrono::seconds(1));
  if (is_behind) adopt_rollback(step, *inputs.rollback);
  const bool recognised = recognise_template(step);
  // Until the template is back, the record says what is next, and the ReplicaSet of the present
  // template is not needed for it.
  const State state = step.guard().state;
  const bool is_ours = rollback::is_open(inputs.rollback, inputs.deployment) &&
                       rollback::named_by(step.guard(), inputs.rollback);
  const bool by_record =
      is_ours &&
      (state == State::RollingBack ||
       (state == State::Held && rollback::is_marked_by(inputs.deployment, *inputs.rollback)));
  if (!recognised && !by_record) return take_request(step);
  if (end_freeze(step)) return;
  dispatch(step);
  // What the release needs comes first; keeping a template can wait.
  const bool is_free = std::holds_alternative<std::monostate>(step.out.action) ||
                       std::holds_alternative<CreateSnapshot>(step.out.action);
  if (is_free && !step.out.rollback) take_request(step);
}

// A record that waits is remembered, so that the next leader knows that it was there should a
// person delete it meanwhile.
void note_pending(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* named = rollback::named_by(guard, step.inputs.rollback);
  if (!named || api::is_manual(named->spec)) return;
  const api::RollbackStatus& status = step.out.rollback ? *step.out.rollback : named->status;
  guard.pending = status.phase == api::RollbackPhase::Pending ? named->meta.key.name : "";
}

// The record says already why it waits. A new time or figure in the message is not news.
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

// A user who looks at the record reads why it waits: once for each reason.
void report_hold_on_record(Step& step) {
  const api::GuardStatus& guard = step.guard();
  const api::Rollback* named = rollback::named_by(guard, step.inputs.rollback);
  const bool is_held =
      guard.state == State::Held || step.inputs.policy.kind == EffectivePolicy::Kind::Broken;
  const bool waits = is_held && named && named->status.phase == api::RollbackPhase::Pending;
  if (!waits || step.out.rollback || std::holds_alternative<ResumeRollback>(step.out.action))
    return;
  // The record has the API server's own words, and the write is tried again.
  const api::RollbackStatus& record = named->status;
  if (!record.last_error.empty() && guard.reason == Reason::AdmissionDenied) return;
  const std::string message = fmt::format("Waiting ({}): {}", guard.reason, guard.message);
  if (is_reported(record, guard, message)) return;
  const std::string& other = step.inputs.policy.approve;
  const bool awaited_approval =
      guard.reason == Reason::AwaitingApproval && record.waiting_for == Reason::AwaitingApproval;
  if (awaited_approval && !other.empty()) {
    step.emit(EventType::Warning, Reason::RollbackHeld, EventAction::Hold,
              fmt::format("lastgood.dev/approve names {}, but Rollback {} waits for approval",
                          other, guard.rollback));
  }
  api::RollbackStatus status =
      rollback::advance(record, api::RollbackPhase::Pending, message, step.now);
  status.waiting_for = guard.reason;
  status.blocked_by = guard.blocked_by;
  status.last_error.clear();
  step.out.rollback = std::move(status);
}

// What the state needs from now on was not gathered for this plan: it is, at once.
void look_for_what_is_new(Step& step) {
  const Inputs& inputs = step.inputs;
  std::optional<api::Rollback> rollback = inputs.rollback;
  if (rollback && step.out.rollback) rollback->status = *step.out.rollback;
  const Needs before = needs(inputs.deployment, inputs.policy, inputs.guard, inputs.rollback);
  const Needs after = needs(inputs.deployment, inputs.policy, step.guard(), rollback);
  const bool more = (after.replica_sets && !before.replica_sets) ||
                    (after.rollout_measurement && !before.rollout_measurement) ||
                    (after.check_measurements && !before.check_measurements);
  if (more) step.requeue_at(step.now);
}

}  // namespace

Plan decide(const Inputs& inputs, Time now) {
  Step step{.inputs = inputs, .now = now, .out = {.guard = inputs.guard}};
  forget_another_deployment(step);
  report_policy(step);
  switch (inputs.policy.kind) {
    case policy::EffectivePolicy::Kind::None:
      opt_out(step);
      take_request(step);
      break;
    case policy::EffectivePolicy::Kind::Broken:
      suspend_judgement(step);
      take_request(step);
      break;
    case policy::EffectivePolicy::Kind::RollbackPolicy:
    case policy::EffectivePolicy::Kind::ConfigMap:
    case policy::EffectivePolicy::Kind::BuiltIn:
      inputs.deployment.meta.deleting ? take_request(step) : go_on(step);
      break;
  }
  step.guard().last_good = last_good(step.guard());
  report_hold_on_record(step);
  note_pending(step);
  if (!inputs.policy.group.empty()) step.out.cannot = why_it_cannot(step);
  look_for_what_is_new(step);
  set_rollback_ready(step.guard(), inputs, now);
  if (const auto next = next_preflight(inputs, step.guard(), now)) step.requeue_at(*next);
  set_standing(step.guard(), inputs.policy, inputs.deployment.meta.generation, now);
  return std::move(step.out);
}

void set_snapshot(api::GuardStatus& guard, const TemplateHash& hash,
                  const std::string& controller_revision) {
  if (api::Revision* revision = find_revision(guard, hash))
    revision->snapshot = controller_revision;
  if (guard.current && guard.current->hash == hash) guard.current->snapshot = controller_revision;
}

void clear_snapshot(api::GuardStatus& guard, const std::string& controller_revision) {
  for (api::Revision& revision : guard.revisions) {
    if (revision.snapshot == controller_revision) revision.snapshot.clear();
  }
  if (guard.current && guard.current->snapshot == controller_revision)
    guard.current->snapshot.clear();
}

void reset_results(api::GuardStatus& guard, Time now) {
  for (api::CheckStatus& check : guard.checks) {
    check.result = api::MeasurementResult::Unknown;
    check.reason = pending_result;
    check.consecutive_unknowns = 0;
    if (check.consecutive_failures == 0) {
      forget(check);
    } else if (check.breached) {
      check.last_failure = now;
    }
  }
}

namespace {

// The message has no time or figure that changes from one reconcile to the next.
bool is_message_stable(const api::GuardStatus& guard) {
  return guard.state == State::Frozen ||
         (guard.state == State::Held &&
          (guard.reason == Reason::GroupBlocked || guard.reason == Reason::AwaitingApproval));
}

void blank_words(api::GuardStatus& guard) {
  guard.deployment_generation = 0;
  // What a person is to do does not change from look to look, and must be there.
  if (!is_message_stable(guard)) guard.message.clear();
  for (api::CheckStatus& check : guard.checks) {
    check.message.clear();
    check.last_failure.reset();
    if (check.baseline)
      check.baseline =
          api::BaselineResult{.result = check.baseline->result, .before = check.baseline->before};
    // Breached is breached; how often it has failed since is no news.
    if (check.breached) check.consecutive_failures = check.failure_threshold;
  }
  for (api::Condition& condition : guard.conditions) {
    condition.observed_generation = 0;
    if (condition.type != api::condition::governed &&
        condition.type != api::condition::rollback_ready)
      condition.message.clear();
  }
}

}  // namespace

bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after) {
  api::GuardStatus old_words = before;
  api::GuardStatus new_words = after;
  blank_words(old_words);
  blank_words(new_words);
  return old_words != new_words;
}

}  // namespace lastgood::guard
