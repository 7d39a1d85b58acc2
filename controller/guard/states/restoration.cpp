#include "guard/states/restoration.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/established.hpp"
#include "guard/first_run.hpp"
#include "guard/states/frozen.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// The limit and the cooldown count automatic rollbacks only.
void record_past_rollback(api::GuardStatus& guard, const api::Rollback& rollback, Time now) {
  constexpr std::size_t max_past = api::RollbackLimit::max_count;
  const std::string& name = rollback.meta.key.name;
  const bool is_known =
      std::ranges::find(guard.rollbacks, name, &api::PastRollback::name) != guard.rollbacks.end();
  if (is_known || api::is_manual(rollback.spec)) return;
  guard.rollbacks.insert(guard.rollbacks.begin(),
                         {.name = name, .at = rollback.status.template_restored.value_or(now)});
  guard.rollbacks.resize(std::min(guard.rollbacks.size(), max_past));
}

}  // namespace

std::span<const Gate> write_gates_for(const api::Rollback& rollback) {
  return rollback.spec.force && api::is_manual(rollback.spec) ? forced_write_gates()
                                                              : write_gates();
}

void apply_measurements(Step& step) {
  api::GuardStatus& guard = step.guard();
  guard.checks = apply_all(guard.checks, step.inputs.policy.spec, step.measurements(),
                           guard.rolled_out.has_value(), step.now);
  explain_initial_delays(guard.checks, guard, step.inputs.rollback, step.inputs.policy.spec,
                         step.now);
  record_passes(guard, step.measurements(), step.inputs.policy.spec);
}

void fail_rollback(Step& step, const api::Rollback& rollback, Reason reason,
                   const std::string& message) {
  step.plan.rollback = rollback::advance(rollback.status, RollbackPhase::Failed, message, step.now);
  step.plan.rollback->verification = step.guard().checks;
  freeze(step, reason, message, failure_advice, Reason::RollbackFailed);
}

void enter_hold(Step& step, const Hold& hold, const std::string& subject) {
  if (hold.until) step.requeue_at(*hold.until);
  if (hold.is_quiet) return;
  api::GuardStatus& guard = step.guard();
  const bool is_news = guard.state != State::Held || guard.reason != hold.reason;
  step.enter(State::Held, hold.reason, hold.message);
  guard.blocked_by = hold.blocked_by;
  if (!is_news) return;
  // The time in which the API server rejects the patch begins with the first rejection.
  if (hold.reason == Reason::AdmissionDenied) guard.state_since = step.now;
  step.emit(EventType::Warning, Reason::RollbackHeld, EventAction::Hold,
            fmt::format("{} is not rolled back ({}): {}", subject, hold.reason, hold.message));
}

bool is_held(Step& step, std::span<const Gate> gates, State state) {
  const auto hold = first_hold(gates, step.inputs, step.guard(), step.now);
  if (!hold) return false;
  if (state == State::Held) {
    enter_hold(step, *hold, step.current_name());
    return true;
  }
  if (hold->until) step.requeue_at(*hold->until);
  step.enter(state, hold->reason, hold->message);
  return true;
}

void execute(Step& step, const api::Rollback& rollback) {
  // A Rollback that has not changed the Deployment passed these gates in resume_pending().
  if (is_held(step, write_gates_for(rollback), State::RollingBack)) return;
  const std::string bad = rollback::name_of(step.deployment(), rollback.spec.from);
  const std::string good = rollback::name_of(step.deployment(), rollback.spec.to);
  const bool has_failed = rollback.status.phase == RollbackPhase::Pending &&
                          !rollback::is_patched_by(step.deployment(), rollback) &&
                          !rollback.status.last_error.empty();
  // Other errors say nothing about the template, for example that no response arrived in time.
  const bool is_rejected = has_failed && rollback.status.waiting_for == Reason::AdmissionDenied;
  if (is_rejected) {
    const bool is_reported = step.guard().reason == Reason::AdmissionDenied;
    step.enter(State::Held, Reason::AdmissionDenied, rollback.status.message);
    if (!is_reported) {
      step.guard().state_since = step.now;
      step.emit(
          EventType::Warning, Reason::PatchRejected, EventAction::Rollback,
          fmt::format("{} is not rolled back to {} yet. {}", bad, good, rollback.status.message));
    }
  } else {
    const std::string failure = has_failed ? ". " + rollback.status.message : "";
    step.enter(State::RollingBack, rollback.spec.reason,
               fmt::format("{} is being rolled back to {}, {}{}{}", bad, good,
                           rollback::cause_text(rollback.spec),
                           rollback::undone_text(rollback.spec), failure));
  }
  step.plan.action = ResumeRollback{};
  step.requeue_at(step.now + recheck_delay);
}

void adopt_rollback(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const auto add = [&](api::Revision revision) {
    if (find_revision(guard, revision.hash)) return;
    guard.revisions.insert(guard.revisions.begin(), std::move(revision));
  };
  add(rollback.spec.to);
  add(rollback.spec.from);
  if (!guard.current || guard.current->hash != rollback.spec.from.hash)
    guard.current = rollback.spec.from;
  trim_revisions(guard);
  const bool was_breached = !rollback.spec.check.empty();
  const api::Revision* bad = find_revision(guard, rollback.spec.from.hash);
  if (was_breached && bad && bad->verdict != RevisionVerdict::RolledBack) {
    set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::Breached,
                rollback.spec.detected.value_or(step.now));
  }
  guard.rollback = rollback.meta.key.name;
  guard.rolled_out.reset();
  guard.checks.clear();
  if (rollback.status.phase == RollbackPhase::Pending && was_breached) {
    // The Rollback does not record the threshold. Only a new failure confirms the breach.
    constexpr int any_threshold = 100;
    guard.checks.push_back({.name = rollback.spec.check,
                            .reason = pending_reason,
                            .consecutive_failures = 1,
                            .failure_threshold = any_threshold,
                            .breached = true});
  }
  step.enter(State::RollingBack, rollback.spec.reason,
             fmt::format("Resuming Rollback {}", rollback.meta.key.name));
}

void quarantine(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const api::Revision* bad = find_revision(guard, rollback.spec.from.hash);
  if (!bad || bad->verdict == RevisionVerdict::RolledBack) return;
  set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::RolledBack, step.now);
  record_past_rollback(guard, rollback, step.now);
  step.emit(
      EventType::Warning, Reason::RolledBack, EventAction::Rollback,
      fmt::format("Rolled back {} to {}, {}{}{}{}",
                  rollback::name_of(step.deployment(), rollback.spec.from),
                  rollback::name_of(step.deployment(), rollback.spec.to),
                  rollback::cause_text(rollback.spec), rollback.spec.message.empty() ? "" : ": ",
                  rollback.spec.message, rollback::undone_text(rollback.spec)));
}

}  // namespace lastgood::guard
