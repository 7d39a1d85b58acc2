#include "guard/states/evaluating.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/gates/chains.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/group/follow.hpp"
#include "guard/group/group.hpp"
#include "guard/states/frozen.hpp"
#include "guard/states/idle.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::State;

namespace {

// " (1 of 3 consecutive failures)". Empty for a check that one failure breaches.
std::string failure_count(const CheckStatus& check) {
  if (check.failure_threshold <= 1) return {};
  return fmt::format(" ({} of {} consecutive failures)", check.consecutive_failures,
                     check.failure_threshold);
}

void emit_check_events(Step& step, const std::vector<CheckStatus>& before) {
  for (const CheckStatus& check : step.guard().checks) {
    const auto previous = std::ranges::find(before, check.name, &CheckStatus::name);
    const bool failed_before = previous != before.end() && previous->consecutive_failures > 0;
    const bool was_breached = previous != before.end() && previous->breached;
    if (check.consecutive_failures > 0 && !failed_before && !check.breached) {
      step.emit(EventType::Warning, Reason::CheckFailing, EventAction::Evaluate,
                fmt::format("Check {} of {}: {}{}", check.name, step.current_name(), check.message,
                            failure_count(check)));
    }
    if (check.breached && !was_breached) {
      step.emit(EventType::Warning, Reason::CheckBreached, EventAction::Evaluate,
                fmt::format("Check {} of {} is breached: {}{}", check.name, step.current_name(),
                            check.message, failure_count(check)));
    }
  }
}

// Records what mode Enforce would have done. With its suffix, the name differs from that of a real
// Rollback, which may follow.
void record_observed(Step& step, const Hold& hold) {
  const api::GuardStatus& guard = step.guard();
  const auto proof = start_proof_without_gates(step.inputs, guard, step.now);
  if (!proof) return;
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard,
                                                proof->breach, proof->target, step.now);
  record.meta.key.name += "-observed";
  record.spec.mode = api::Mode::Observe;
  record.spec.policy = guard.policy;
  record.status = rollback::advance(std::move(record.status), api::RollbackPhase::Observed,
                                    hold.message, step.now);
  step.plan.action = RecordObserved{.record = std::move(record)};
}

void hold_release(Step& step, const Hold& hold) {
  const api::GuardStatus& guard = step.guard();
  if (hold.freezes) {
    return freeze(
        step, hold.reason,
        fmt::format("{} is breached and is not rolled back: {}", step.current_name(), hold.message),
        "Ship a new release");
  }
  const bool is_news = guard.reason != hold.reason;
  enter_hold(step, hold, fmt::format("{} is breached but", step.current_name()));
  if (is_news && hold.reason == Reason::Observing) record_observed(step, hold);
}

void start_rollback(Step& step, const StartProof& proof) {
  api::GuardStatus& guard = step.guard();
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard,
                                                proof.breach, proof.target, step.now);
  record.spec.mode = group_mode(step.inputs, guard);
  record.spec.policy = guard.policy;
  record.spec.group = plan_group_rollback(step.inputs, guard);
  guard.rollback = record.meta.key.name;
  const std::string bad = step.current_name();
  const std::string good = rollback::name_of(step.deployment(), proof.target);
  // If the Rollback could not be created, the same rollback starts again, without a second Event.
  const bool is_reported =
      step.inputs.guard.state != State::Evaluating && step.inputs.guard.rollback == guard.rollback;
  const bool needs_approval = record.spec.mode == api::Mode::Approve;
  if (needs_approval) {
    enter_hold(step, gates::approval_hold(record), fmt::format("{} is breached but", bad));
  } else {
    step.enter(State::RollingBack, proof.breach.reason,
               fmt::format("{} is being rolled back to {}: {}", bad, good, proof.breach.message));
  }
  if (!is_reported && !needs_approval) {
    step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
              fmt::format("Rolling back {} to {}, {}. Record: Rollback {}", bad, good,
                          rollback::cause_text(record.spec), guard.rollback));
  }
  step.requeue_at(step.now + std::chrono::seconds(1));
  // If approval or ordering is required, create the Rollback but do not execute it yet.
  const bool is_first =
      !record.spec.group || record.spec.group->members.front() == step.deployment().meta.key.name;
  const bool at_once = record.spec.mode == api::Mode::Enforce && is_first;
  step.plan.action = StartRollback{.record = std::move(record), .execute = at_once};
}

void on_breach(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (guard.current->verdict != RevisionVerdict::Breached) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Breached, step.now);
  }
  const auto proof = pass_start_gates(step.inputs, guard, step.now);
  proof ? start_rollback(step, *proof) : hold_release(step, proof.error());
}

void become_good(Step& step) {
  api::GuardStatus& guard = step.guard();
  set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
  const std::string message = fmt::format(
      "{} rolled out completely and baked without a breach: it is good", step.current_name());
  step.enter(State::Idle, Reason::Good, message);
  step.emit(EventType::Normal, Reason::ReleaseGood, EventAction::None, message);
  snapshot_current(step);
}

void become_inconclusive(Step& step) {
  api::GuardStatus& guard = step.guard();
  set_verdict(guard, guard.current->hash, RevisionVerdict::Inconclusive, step.now);
  const std::string message =
      fmt::format("{} baked but is not called good, because these checks had no result: {}",
                  step.current_name(), checks_without_result(guard.checks));
  step.enter(State::Idle, Reason::Inconclusive, message);
  step.emit(EventType::Warning, Reason::ReleaseInconclusive, EventAction::None, message);
}

void bake(Step& step) {
  api::GuardStatus& guard = step.guard();
  const bool is_complete = api::rollout_complete(step.deployment());
  const std::string name = step.current_name();
  if (!guard.rolled_out) {
    if (!is_complete) {
      return step.enter(State::Evaluating, Reason::RollingOut,
                        fmt::format("{} is rolling out", name));
    }
    guard.rolled_out = step.now;
  }
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const Time bake_end = *guard.rolled_out + spec.bake_time;
  const Time no_result_end = std::max(bake_end, *guard.rolled_out + no_result_timeout(spec));
  const CheckSummary summary = summarize(guard.checks);
  if (is_complete && summary == CheckSummary::Passing && step.now >= bake_end)
    return become_good(step);
  if (summary == CheckSummary::NoResult && step.now >= no_result_end)
    return become_inconclusive(step);
  const Time next = step.now < bake_end ? bake_end : no_result_end;
  if (step.now < next) step.requeue_at(next);
  if (summary == CheckSummary::Failing) {
    return step.enter(
        State::Evaluating, Reason::CheckFailing,
        fmt::format("{} rolled out and is evaluated until its failing check passes or is breached",
                    name));
  }
  if (!is_complete && step.now >= bake_end) {
    return step.enter(
        State::Evaluating, Reason::AwaitingReplicas,
        fmt::format("{} baked and becomes good when every replica is available", name));
  }
  step.enter(
      State::Evaluating, Reason::Baking,
      fmt::format("{} rolled out and is evaluated until {}", name, format_rfc3339(bake_end)));
}

}  // namespace

void step_evaluating(Step& step) {
  api::GuardStatus& guard = step.guard();
  const std::vector<CheckStatus> before = guard.checks;
  apply_measurements(step);
  emit_check_events(step, before);
  if (follow_group(step)) return;
  if (breached(guard.checks)) return on_breach(step);
  if (guard.current->verdict == RevisionVerdict::Breached) {
    step.emit(EventType::Normal, Reason::BreachEnded, EventAction::Evaluate,
              fmt::format("{} is no longer breached. Its bake starts again", step.current_name()));
    set_verdict(guard, guard.current->hash, RevisionVerdict::Evaluating, step.now);
    guard.rolled_out.reset();
  }
  // The bake starts again after the Deployment was paused, suspended or scaled to zero.
  if (const auto held = first_hold(evaluation_gates(), step.inputs, guard, step.now)) {
    guard.rolled_out.reset();
    return step.enter(State::Evaluating, held->reason, held->message);
  }
  bake(step);
}

}  // namespace lastgood::guard
