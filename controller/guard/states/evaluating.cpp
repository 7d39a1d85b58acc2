#include "guard/states/evaluating.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/bake.hpp"
#include "guard/check_status.hpp"
#include "guard/check_text.hpp"
#include "guard/first_run.hpp"
#include "guard/gates/chains.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/group/follow.hpp"
#include "guard/group/group.hpp"
#include "guard/states/contest.hpp"
#include "guard/states/frozen.hpp"
#include "guard/states/idle.hpp"
#include "guard/states/images.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::State;

namespace {

// How long a short bake may have no results before it ends as inconclusive.
constexpr std::chrono::minutes max_unobserved{5};

Duration in_seconds(Duration time) { return std::chrono::floor<std::chrono::seconds>(time); }

void emit_check_events(Step& step, const std::vector<CheckStatus>& before) {
  for (const CheckStatus& check : step.guard().checks) {
    const CheckStatus* previous = api::find_check(before, check.name);
    const bool failed_before = previous && previous->consecutive_failures > 0;
    const bool was_breached = previous && previous->breached;
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

// Records what mode Enforce would have done, until the record exists. With its suffix, the name
// differs from that of a real Rollback, which may follow.
void record_observed(Step& step, const Hold& hold) {
  const api::GuardStatus& guard = step.guard();
  const auto proof = start_proof_without_gates(step.inputs, guard, step.now);
  if (!proof) return;
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard,
                                                proof->breach, proof->target, step.now);
  record.meta.key.name += "-observed";
  if (step.inputs.observed_record == record.meta.key.name) return;
  record.spec.mode = api::Mode::Observe;
  record.spec.policy = guard.policy;
  record.status = rollback::advance(std::move(record.status), api::RollbackPhase::Observed,
                                    hold.message, step.now);
  step.plan.action = RecordObserved{.record = std::move(record)};
}

void hold_release(Step& step, const Hold& hold) {
  if (hold.freezes) {
    const CheckStatus* breach = breached(step.guard().checks);
    return freeze(
        step, hold.reason,
        fmt::format("{} is not rolled back{}. {}", step.current_name(),
                    breach ? " although " + breach_text(*breach) : "", hold.message),
        "This freeze does not end by itself, not even after this time. To end it, ship a new "
        "release or create a Rollback");
  }
  enter_hold(step, hold, fmt::format("{} is breached but", step.current_name()));
  if (hold.reason == Reason::Observing) record_observed(step, hold);
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
               fmt::format("{} is being rolled back to {}: {}{}", bad, good, proof.breach.message,
                           rollback::undone_text(record.spec)));
  }
  if (!is_reported && !needs_approval) {
    step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
              fmt::format("Rolling back {} to {}, {}{}. Record: Rollback {}", bad, good,
                          rollback::cause_text(record.spec), rollback::undone_text(record.spec),
                          guard.rollback));
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
  forget_contests(guard, guard.current->hash);
  const std::string message = fmt::format(
      "{} rolled out completely and baked without a breach: it is good", step.current_name());
  step.enter(State::Idle, Reason::Good, message);
  step.emit(EventType::Normal, Reason::ReleaseGood, EventAction::None, message);
  snapshot_current(step);
}

void become_inconclusive(Step& step, const std::string& why) {
  api::GuardStatus& guard = step.guard();
  set_verdict(guard, guard.current->hash, RevisionVerdict::Inconclusive, step.now);
  const std::string message =
      fmt::format("{} baked but is not good, because {}. {}", step.current_name(), why,
                  inconclusive_text(step.deployment()));
  step.enter(State::Idle, Reason::Inconclusive, message);
  step.emit(EventType::Warning, Reason::ReleaseInconclusive, EventAction::None, message);
}

// A check has not passed in the whole bake, also not before a restart.
bool never_passed(const std::vector<CheckStatus>& checks) {
  return std::ranges::any_of(checks, [](const CheckStatus& check) {
    return !check.passed_once && check.bake_passes == 0;
  });
}

// Precondition: the rollout was complete once.
Time bake_began(const api::GuardStatus& guard) {
  return guard.bake && guard.bake->began ? *guard.bake->began : *guard.rolled_out;
}

// The bake is as long as it may be, whether its time was observed or not.
bool is_long_enough(const api::Bake& bake, const api::PolicySpec& spec) {
  return bake.observed >= 2 * spec.bake_time ||
         bake.unobserved >= std::max<Duration>(spec.bake_time, max_unobserved);
}

bool lacks_results(const std::vector<CheckStatus>& checks) {
  return summarize(checks) == CheckSummary::NoResult && never_passed(checks);
}

// A check waits for pods that have never been ready. Each pod has a limited time for its start, so
// the check has a result later.
bool awaits_start(const std::vector<CheckStatus>& checks) {
  return std::ranges::any_of(checks, [](const CheckStatus& check) {
    return check.result == api::MeasurementResult::Unknown && check.reason == Reason::PodsStarting;
  });
}

// The time until which a check may have no result in the bake. It is counted from the beginning of
// the bake, or from the end of the longest initialDelay if that is later.
Time end_of_missing_results(const Step& step) {
  const api::GuardStatus& guard = step.plan.guard;
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const Time began = bake_began(guard);
  const Time measured = all_measured_from(guard, step.inputs.rollback, spec).value_or(began);
  return std::max(began, measured) + std::max(spec.bake_time, no_result_timeout(spec));
}

// Why the bake ends without the verdict Good; empty while it continues.
std::string why_inconclusive(const Step& step) {
  const api::GuardStatus& guard = step.plan.guard;
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const std::vector<CheckStatus> checks = counted_checks(guard.checks, spec);
  if (awaits_start(checks)) return {};
  // A check that fails now is breached soon, or passes again.
  if (is_failing_still(guard.checks, spec, step.now)) return {};
  const Time no_result_end = end_of_missing_results(step);
  if (lacks_results(checks) && step.now >= no_result_end)
    return "these checks had no result: " + checks_without_result(checks);
  if (!is_long_enough(*guard.bake, spec)) return {};
  if (const CheckStatus* check = below_pass_share(guard.checks)) return pass_share_text(*check);
  const CheckStatus* silent = check_without_recent_result(checks);
  if (!silent || step.now < no_result_end) return {};
  return fmt::format("check {} had no result for {} of the bake ({}){}", silent->name,
                     format_duration(in_seconds(guard.bake->unobserved)), silent->reason,
                     value_text(*silent));
}

// ". Check health has no result (ServiceNotFound): ...". Empty if each check had a result recently.
std::string missing_result(const std::vector<CheckStatus>& checks) {
  const CheckStatus* silent = check_without_recent_result(checks);
  return silent ? ". " + as_sentence(no_result_text(*silent)) : "";
}

// ". Without results it ends as Inconclusive at 12:05". Empty if each check passed once: then the
// end moves with the time that is observed.
std::string deadline_text(const Step& step, const std::vector<CheckStatus>& checks) {
  if (!lacks_results(checks) || awaits_start(checks)) return "";
  return fmt::format(". Without results, the release ends as Inconclusive at {}",
                     format_rfc3339(end_of_missing_results(step)));
}

// The message of the state: the event for which the bake waits.
std::string bake_message(const Step& step, std::optional<Time> bake_end) {
  const api::GuardStatus& guard = step.plan.guard;
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const std::string name = step.current_name();
  if (bake_end)
    return fmt::format("{} rolled out and is evaluated until {}", name, format_rfc3339(*bake_end));
  const std::vector<CheckStatus> checks = counted_checks(guard.checks, spec);
  if (guard.bake->observed < spec.bake_time) {
    return fmt::format(
        "{} rolled out and was observed for {} of {}. The bake continues when every check returns "
        "results{}{}",
        name, format_duration(in_seconds(guard.bake->observed)), format_duration(spec.bake_time),
        deadline_text(step, checks), missing_result(checks));
  }
  const CheckStatus* low = below_pass_share(guard.checks);
  return low ? fmt::format("{} baked and becomes good when its checks pass often enough: {}", name,
                           pass_share_text(*low))
             : fmt::format("{} baked and becomes good when every check passes{}", name,
                           missing_result(checks));
}

// When the bake ends if nothing interrupts it. Empty while the bake is not observed, and after
// `bake_time`.
std::optional<Time> end_of_bake(const Step& step) {
  const api::GuardStatus& guard = step.plan.guard;
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const auto until = observed_until(guard.checks, spec);
  if (!until || *until <= step.now || guard.bake->observed >= spec.bake_time) return {};
  return step.now + (spec.bake_time - guard.bake->observed);
}

// If a newer release replaces this one from now on, this one is good. So its template must be
// stored now: later it cannot be read any more.
void store_after_minimum_bake(Step& step) {
  const api::Revision& current = *step.guard().current;
  const bool is_free = std::holds_alternative<std::monostate>(step.plan.action);
  if (is_free && current.snapshot.empty() &&
      has_minimum_bake(step.guard(), step.inputs.policy.spec))
    step.plan.action = CreateSnapshot{.revision = current};
}

void continue_bake(Step& step, bool is_complete) {
  const api::GuardStatus& guard = step.guard();
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const std::string name = step.current_name();
  const std::optional<Time> bake_end = end_of_bake(step);
  const Time began = bake_began(guard);
  for (const Time next : {bake_end.value_or(step.now), began + spec.bake_time,
                          began + no_result_timeout(spec), end_of_missing_results(step)}) {
    if (step.now < next) step.requeue_at(next);
  }
  if (is_complete) store_after_minimum_bake(step);
  if (summarize(guard.checks) == CheckSummary::Failing) {
    return step.enter(
        State::Evaluating, Reason::CheckFailing,
        fmt::format("{} rolled out and is evaluated until its failing check passes or is breached",
                    name));
  }
  if (!is_complete && guard.bake->observed >= spec.bake_time) {
    return step.enter(
        State::Evaluating, Reason::AwaitingReplicas,
        fmt::format("{} baked and becomes good when every replica is available", name));
  }
  step.enter(State::Evaluating, Reason::Baking, bake_message(step, bake_end));
}

// Every check must pass now. The rollout check may have run 15 s ago.
bool has_recent_rollout(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec,
                        Time now) {
  const CheckStatus* rollout = api::find_check(checks, api::rollout_check);
  return rollout && rollout->last_result &&
         now - *rollout->last_result <= max_result_age(rollout->name, spec);
}

void bake(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const bool is_complete = api::rollout_complete(step.deployment());
  if (!guard.rolled_out) {
    if (!is_complete) {
      return step.enter(
          State::Evaluating, Reason::RollingOut,
          fmt::format("{} is rolling out{}", step.current_name(), rollout_obstacle(guard.checks)));
    }
    guard.rolled_out = step.now;
    begin_bake(guard, step.now);
  }
  // The evaluation was blocked, or an older version of the controller stored no progress.
  if (!guard.bake) begin_bake(guard, step.now);
  count_bake(*guard.bake, step.inputs.guard.checks, spec,
             all_measured_from(guard, step.inputs.rollback, spec), step.now);
  if (is_complete && guard.bake->observed >= spec.bake_time && is_healthy(guard.checks, spec) &&
      has_recent_rollout(guard.checks, spec, step.now))
    return become_good(step);
  const std::string why = why_inconclusive(step);
  if (!why.empty()) return become_inconclusive(step, why);
  continue_bake(step, is_complete);
}

}  // namespace

void step_evaluating(Step& step) {
  api::GuardStatus& guard = step.guard();
  const std::vector<CheckStatus> before = guard.checks;
  apply_measurements(step);
  remember_images(step);
  emit_check_events(step, before);
  if (follow_group(step)) return;
  if (breached(guard.checks)) return on_breach(step);
  if (guard.current->verdict == RevisionVerdict::Breached) {
    step.emit(EventType::Normal, Reason::BreachEnded, EventAction::Evaluate,
              fmt::format("{} is no longer breached. Its bake starts again", step.current_name()));
    set_verdict(guard, guard.current->hash, RevisionVerdict::Evaluating, step.now);
    guard.bake.reset();
  }
  // The bake starts again after the Deployment was paused, suspended or scaled to zero. The rollout
  // stays complete, so that pods which are not ready count.
  if (const auto held = first_hold(evaluation_gates(), step.inputs, guard, step.now)) {
    guard.bake.reset();
    return step.enter(State::Evaluating, held->reason, held->message);
  }
  bake(step);
}

}  // namespace lastgood::guard
