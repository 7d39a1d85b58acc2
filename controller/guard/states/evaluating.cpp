// Evaluating and Held: judging a release until it is good, superseded, or due to be put back.
#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/gates/gate.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/gates/request_gates.hpp"
#include "guard/group/group.hpp"
#include "guard/preflight.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::State;

namespace {

void tell_first_failures(Step& step, const std::vector<CheckStatus>& before) {
  for (const CheckStatus& check : step.guard().checks) {
    const auto known = std::ranges::find(before, check.name, &CheckStatus::name);
    const bool failed_before = known != before.end() && known->consecutive_failures > 0;
    const bool was_breached = known != before.end() && known->breached;
    if (check.consecutive_failures > 0 && !failed_before && !check.breached) {
      step.emit(
          EventType::Warning, Reason::CheckFailing, EventAction::Evaluate,
          fmt::format("Check {} of {}: {}{}", check.name,
                      rollback::name_of(step.deployment(), *step.guard().current), check.message,
                      check.failure_threshold > 1
                          ? fmt::format(" (failure {} of {})", check.consecutive_failures,
                                        check.failure_threshold)
                          : ""));
    }
    if (check.breached && !was_breached) {
      step.emit(
          EventType::Warning, Reason::CheckBreached, EventAction::Evaluate,
          fmt::format("Check {} of {} is breached: {}{}", check.name,
                      rollback::name_of(step.deployment(), *step.guard().current), check.message,
                      check.failure_threshold > 1
                          ? fmt::format(" (failures in a row: {}, threshold {})",
                                        check.consecutive_failures, check.failure_threshold)
                          : ""));
    }
  }
}

// What would have been done, as a record of its own: the name of the real one stays free.
void record_observed(Step& step, const Hold& hold) {
  const api::GuardStatus& guard = step.guard();
  const CheckStatus& breach = *actionable_breach(guard.checks, step.inputs.policy.spec, step.now);
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard,
                                                breach, *choose_target(guard).revision, step.now);
  record.meta.key.name += "-observed";
  record.spec.mode = api::Mode::Observe;
  record.spec.policy = guard.policy;
  record.status = rollback::advance(std::move(record.status), api::RollbackPhase::Observed,
                                    hold.message, step.now);
  step.out.action = RecordObserved{.record = std::move(record)};
}

void hold(Step& step, const Hold& hold) {
  api::GuardStatus& guard = step.guard();
  if (hold.freezes) {
    return freeze(step, hold.reason,
                  fmt::format("{} is breached and stays: {}",
                              rollback::name_of(step.deployment(), *guard.current), hold.message),
                  "Ship a new template");
  }
  const bool news = guard.state != State::Held || guard.reason != hold.reason;
  hold_back(
      step, hold,
      fmt::format("{} is breached but", rollback::name_of(step.deployment(), *guard.current)));
  if (news && hold.reason == Reason::Observing) record_observed(step, hold);
}

void begin_rollback(Step& step, const CheckStatus& breach) {
  api::GuardStatus& guard = step.guard();
  const api::Revision target = *choose_target(guard).revision;
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard,
                                                breach, target, step.now);
  record.spec.mode = mode_of_call(step.inputs, guard);
  record.spec.policy = guard.policy;
  record.spec.group = call_group(step.inputs, guard);
  guard.rollback = record.meta.key.name;
  const std::string bad = rollback::name_of(step.deployment(), *guard.current);
  const std::string good = rollback::name_of(step.deployment(), target);
  // Tried again after the record could not be written, it is the same event.
  const bool is_told =
      step.inputs.guard.state != State::Evaluating && step.inputs.guard.rollback == guard.rollback;
  const bool needs_approval = record.spec.mode == api::Mode::Approve;
  if (needs_approval) {
    hold_back(step, gates::waits_for_approval(record), fmt::format("{} is breached but", bad));
  } else {
    step.enter(State::RollingBack, breach.reason,
               fmt::format("{} is put back to {}: {}", bad, good, breach.message));
  }
  if (!is_told && !needs_approval) {
    step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
              fmt::format("{} is put back to {}, because check {} is breached ({}): Rollback {}",
                          bad, good, breach.name, breach.reason, guard.rollback));
  }
  step.requeue_at(step.now + std::chrono::seconds(1));
  // ProbeTarget a person must approve of, or others must go before, is only recorded.
  const bool is_alone =
      !record.spec.group || record.spec.group->members.front() == step.deployment().meta.key.name;
  const bool at_once = record.spec.mode == api::Mode::Enforce && is_alone;
  step.out.action = StartRollback{.record = std::move(record), .carry_out = at_once};
}

void on_breach(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (guard.current->verdict != RevisionVerdict::Breached) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Breached, step.now);
  }
  auto held = first_hold(write_gates(), step.inputs, guard, step.now);
  if (!held) held = first_hold(start_gates(), step.inputs, guard, step.now);
  if (held) return hold(step, *held);
  // A copy: what it stands in is about to be written down and may move.
  const CheckStatus breach = *actionable_breach(guard.checks, step.inputs.policy.spec, step.now);
  begin_rollback(step, breach);
}

void become_good(Step& step) {
  api::GuardStatus& guard = step.guard();
  set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
  const std::string name = rollback::name_of(step.deployment(), *guard.current);
  step.enter(State::Idle, Reason::Good,
             fmt::format("{} baked without a breach and is the last good revision", name));
  step.emit(EventType::Normal, Reason::ReleaseGood, EventAction::None,
            fmt::format("{} rolled out completely and baked without a breach: it is good", name));
  snapshot_current(step);
}

void become_inconclusive(Step& step) {
  api::GuardStatus& guard = step.guard();
  set_verdict(guard, guard.current->hash, RevisionVerdict::Inconclusive, step.now);
  const std::string note = fmt::format("{} baked, but is not called good: no answer came from {}",
                                       rollback::name_of(step.deployment(), *guard.current),
                                       checks_without_result(guard.checks));
  step.enter(State::Idle, Reason::Inconclusive, note);
  step.emit(EventType::Warning, Reason::ReleaseInconclusive, EventAction::None, note);
}

void bake(Step& step) {
  api::GuardStatus& guard = step.guard();
  const bool complete = api::rollout_complete(step.deployment());
  const std::string name = rollback::name_of(step.deployment(), *guard.current);
  if (!guard.rolled_out) {
    if (!complete) {
      step.enter(State::Evaluating, Reason::RollingOut,
                 fmt::format("{} is being rolled out", name));
      return;
    }
    guard.rolled_out = step.now;
  }
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const Time done = *guard.rolled_out + spec.bake_time;
  const Time silent = std::max(done, *guard.rolled_out + no_result_timeout(spec));
  const CheckSummary now_looks = summarize(guard.checks);
  if (complete && now_looks == CheckSummary::Passing && step.now >= done) return become_good(step);
  if (now_looks == CheckSummary::Silent && step.now >= silent) return become_inconclusive(step);
  const Time next = step.now < done ? done : silent;
  if (step.now < next) step.requeue_at(next);
  if (now_looks == CheckSummary::Failing) {
    return step.enter(
        State::Evaluating, Reason::CheckFailing,
        fmt::format(
            "{} is rolled out, and is judged until its failing check has passed or is breached",
            name));
  }
  if (!complete && step.now >= done) {
    return step.enter(
        State::Evaluating, Reason::AwaitingReplicas,
        fmt::format("{} has baked and is good once every replica is available", name));
  }
  step.enter(State::Evaluating, Reason::Baking,
             fmt::format("{} is rolled out and is judged until {}", name, format_rfc3339(done)));
}

}  // namespace

std::string why_it_cannot(Step& step) {
  const Inputs& inputs = step.inputs;
  const api::GuardStatus& guard = step.out.guard;
  if (inputs.policy.kind == policy::EffectivePolicy::Kind::Broken) return inputs.policy.message;
  if (inputs.policy.kind == policy::EffectivePolicy::Kind::None) return "no policy governs it";
  if (guard.state == State::Frozen) return fmt::format("it is frozen ({})", guard.reason);
  if (inputs.policy.spec.mode == api::Mode::Observe)
    return fmt::format("{} has mode Observe", inputs.policy.name);
  // When that ends the others are emitted at once.
  const auto until_it_ends = [&](const Hold& hold) {
    if (hold.until) step.requeue_at(*hold.until);
    return hold.message;
  };
  if (const auto held = first_hold(write_gates(), inputs, guard, step.now))
    return until_it_ends(*held);
  if (const auto held = gates::declined(inputs, guard, step.now)) return held->message;
  if (const auto held = gates::one_per_release(inputs, guard, step.now)) return held->message;
  const auto target = due_target(inputs, guard);
  if (!target) return choose_target(guard).why_not;
  if (const auto held = gates::limit_reached(inputs, guard, step.now)) return held->message;
  if (const auto held = gates::cooldown(inputs, guard, step.now)) return until_it_ends(*held);
  if (!is_about(inputs.preflight, inputs.deployment, *target))
    return "whether its rollback would work is being found out";
  return inputs.preflight->ready == api::ConditionStatus::True ? "" : inputs.preflight->message;
}

void step_evaluating(Step& step) {
  api::GuardStatus& guard = step.guard();
  const std::vector<CheckStatus> before = guard.checks;
  guard.checks = apply_all(before, step.inputs.policy.spec, step.measurements(),
                           guard.rolled_out.has_value(), step.now);
  tell_first_failures(step, before);
  if (follow_group(step)) return;
  if (breached(guard.checks)) return on_breach(step);
  if (guard.current->verdict == RevisionVerdict::Breached) {
    step.emit(EventType::Normal, Reason::BreachEnded, EventAction::Evaluate,
              fmt::format("{} is not breached any more and is judged on",
                          rollback::name_of(step.deployment(), *guard.current)));
    set_verdict(guard, guard.current->hash, RevisionVerdict::Evaluating, step.now);
    // Good is what baked without a breach: it bakes anew.
    guard.rolled_out.reset();
  }
  // Paused, suspended or scaled to zero, nothing is proven by the passing of time.
  if (const auto held = first_hold(evaluation_gates(), step.inputs, guard, step.now)) {
    guard.rolled_out.reset();
    return step.enter(State::Evaluating, held->reason, held->message);
  }
  bake(step);
}

}  // namespace lastgood::guard
