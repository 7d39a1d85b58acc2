// RollingBack and Verifying: seeing a rollback through, from the first write to the proof that it
// helped.
#include "guard/states/restoring.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/gates/gate.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// What a person asked for is not counted: the limits are ours.
void note_past(api::GuardStatus& guard, const api::Rollback& rollback, Time now) {
  constexpr std::size_t max_past = api::RollbackLimit::most;
  const std::string& name = rollback.meta.key.name;
  const bool is_known =
      std::ranges::find(guard.rollbacks, name, &api::PastRollback::name) != guard.rollbacks.end();
  if (is_known || api::is_manual(rollback.spec)) return;
  guard.rollbacks.insert(guard.rollbacks.begin(),
                         {.name = name, .at = rollback.status.template_restored.value_or(now)});
  if (guard.rollbacks.size() > max_past) guard.rollbacks.resize(max_past);
}

// What is put back runs, and has to be judged: the ownership of its fields is not waited for
// without end.
void carry_out_ownership(Step& step, const api::Rollback& rollback) {
  if (step.now < rollback.status.template_restored.value_or(step.now) + max_restoration)
    return carry_out(step, rollback);
  step.out.rollback = rollback::advance(rollback.status, RollbackPhase::Restored,
                                        rollback.status.message, step.now);
  step.requeue_at(step.now + soon_after_carrying_out);
}

// When the Deployment controller last saw it get further; nothing where it does not say.
std::optional<Time> last_progress(const api::Deployment& deployment, Time now) {
  const auto is_progress = [](const api::DeploymentCondition& one) {
    return one.type == "Progressing" && one.status == api::ConditionStatus::True;
  };
  const auto found = std::ranges::find_if(deployment.conditions, is_progress);
  if (found == deployment.conditions.end() || found->last_update > now) return std::nullopt;
  return found->last_update;
}

void await_rollout(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  if (held_back(step, evaluation_gates(), State::RollingBack)) return;
  // A rollout that was stopped, or at which nobody could look, has not failed: its time starts
  // anew.
  if (guard.reason != Reason::RollingOut) guard.state_since = step.now;
  const std::string name = rollback::name_of(step.deployment(), rollback.spec.to);
  step.enter(State::RollingBack, Reason::RollingOut,
             fmt::format("{} is put back and rolls out", name));
  // Anything but the restored revision would have been taken for a release.
  const bool is_seen = guard.current && guard.current->hash != rollback.spec.from.hash;
  if (is_seen) judge(step);
  if (const CheckStatus* breach = breached(guard.checks); is_seen && breach) {
    return fail_rollback(
        step, rollback, Reason::RollbackFailed,
        fmt::format("{} did not roll out after it was put back: {}", name, breach->message));
  }
  if (is_seen && api::rollout_complete(step.deployment())) {
    guard.rolled_out = step.now;
    guard.checks = apply_all({}, step.inputs.policy.spec, {}, true, step.now);
    const std::string message = fmt::format("{} is rolled out again and is being verified", name);
    step.out.rollback =
        rollback::advance(rollback.status, RollbackPhase::Verifying, message, step.now);
    return step.enter(State::Verifying, Reason::RolledOut, message);
  }
  const Time began = std::max(rollback.status.template_restored.value_or(step.now),
                              guard.state_since.value_or(step.now));
  // A pod that is ready and unready by turns is progress to Kubernetes each time.
  const Time got_further = std::clamp(last_progress(step.deployment(), step.now).value_or(began),
                                      began, began + 3 * max_restoration);
  if (step.now >= got_further + max_restoration) {
    return fail_rollback(
        step, rollback, Reason::RollbackFailed,
        fmt::format("{} was put back and has not got further in rolling out for {}, or not to its "
                    "end in {}",
                    name, format_duration(max_restoration), format_duration(4 * max_restoration)));
  }
  step.requeue_at(got_further + max_restoration);
}

// After a pause of the judgement not all pods need be there: what has not been ready yet has its
// time, as anywhere.
void await_replicas(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (guard.reason != Reason::AwaitingReplicas) guard.state_since = step.now;
  step.enter(State::Verifying, Reason::AwaitingReplicas,
             fmt::format("{} is verified once every replica is available",
                         rollback::name_of(step.deployment(), *guard.current)));
  step.requeue_at(guard.state_since.value_or(step.now) + max_restoration);
}

// An earlier one of the same name, which came to nothing, is no answer to what was begun since.
bool is_of_before(const api::GuardStatus& guard, const api::Rollback& rollback) {
  return rollback::came_to_nothing(rollback) && rollback.status.finished &&
         rollback.status.finished < guard.state_since;
}

// The record is finished, whoever finished it: the state follows.
void follow(Step& step, const api::Rollback& rollback) {
  const std::string& words = rollback.status.message;
  switch (rollback.status.phase) {
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Rejected: return step_evaluating(step);
    case RollbackPhase::Failed:
      if (is_of_before(step.guard(), rollback)) return step_evaluating(step);
      if (rollback.status.template_restored) quarantine(step, rollback);
      return freeze(step, Reason::RollbackFailed, words, what_to_do);
    case RollbackPhase::Succeeded:
      quarantine(step, rollback);
      return step.enter(State::Idle, Reason::RolledBack, words);
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying: return;
  }
}

void succeed(Step& step, const api::Rollback& rollback, const std::string& message) {
  step.out.rollback =
      rollback::advance(rollback.status, RollbackPhase::Succeeded, message, step.now);
  step.out.rollback->verification = step.guard().checks;
  step.enter(State::Idle, Reason::RolledBack, message);
}

// It was proven when it was chosen, and the rollback did its part; waiting for ever would prove
// nothing more.
void end_unverified(Step& step, const api::Rollback& rollback, const std::string& why) {
  const std::string message =
      fmt::format("{} was put back, but is not verified: {}",
                  rollback::name_of(step.deployment(), *step.guard().current), why);
  step.emit(EventType::Warning, Reason::RollbackUnverified, EventAction::None, message);
  succeed(step, rollback, message);
}

// Why it will not be verified, when it has had its time; empty while it may be.
std::string why_unverified(const Step& step, CheckSummary looks, bool complete, Time silent) {
  const std::vector<CheckStatus>& checks = step.out.guard.checks;
  if (complete && looks == CheckSummary::Silent && step.now >= silent)
    return "no answer came from " + checks_without_result(checks);
  if (step.now < silent + max_restoration || looks == CheckSummary::Unasked) return {};
  if (is_failing_still(checks, step.inputs.policy.spec, step.now)) return {};
  if (looks == CheckSummary::Failing) return "a check that failed was not answered again";
  return complete ? "" : "not every replica is available";
}

void conclude_verification(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const std::string name = rollback::name_of(step.deployment(), *guard.current);
  const Time done = *guard.rolled_out + step.inputs.policy.spec.verify_for;
  const Time silent =
      std::max(done, *guard.rolled_out + no_result_timeout(step.inputs.policy.spec));
  const CheckSummary looks = summarize(guard.checks);
  const bool complete = api::rollout_complete(step.deployment());
  if (complete && looks == CheckSummary::Passing && step.now >= done) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
    const std::string message = fmt::format("{} was put back and passes its checks", name);
    step.emit(EventType::Normal, Reason::RollbackVerified, EventAction::None, message);
    return succeed(step, rollback, message);
  }
  if (const std::string why = why_unverified(step, looks, complete, silent); !why.empty())
    return end_unverified(step, rollback, why);
  for (const Time next : {done, silent, silent + max_restoration}) {
    if (step.now < next) step.requeue_at(next);
  }
  if (step.now < done)
    return step.enter(State::Verifying, Reason::RolledOut,
                      fmt::format("{} is rolled out again and is being verified", name));
  if (!complete)
    return step.enter(State::Verifying, Reason::AwaitingReplicas,
                      fmt::format("{} is verified once every replica is available", name));
  step.enter(State::Verifying, Reason::AwaitingPass,
             fmt::format("{} is verified once every check has passed", name));
}

}  // namespace

void adopt_rollback(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const auto load = [&](api::Revision revision) {
    if (find_revision(guard, revision.hash)) return;
    guard.revisions.insert(guard.revisions.begin(), std::move(revision));
  };
  load(rollback.spec.to);
  load(rollback.spec.from);
  if (!guard.current || guard.current->hash != rollback.spec.from.hash)
    guard.current = rollback.spec.from;
  forget_oldest(guard);
  const bool was_breached = !rollback.spec.check.empty();
  if (was_breached &&
      find_revision(guard, rollback.spec.from.hash)->verdict != RevisionVerdict::RolledBack) {
    set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::Breached,
                rollback.spec.detected.value_or(step.now));
  }
  guard.rollback = rollback.meta.key.name;
  guard.rolled_out.reset();
  guard.checks.clear();
  if (rollback.status.phase == RollbackPhase::Pending && !rollback.spec.check.empty()) {
    // Breached it was, whatever the threshold; only a new failure confirms it.
    constexpr int any_threshold = 100;
    guard.checks.push_back({.name = rollback.spec.check,
                            .reason = pending_result,
                            .consecutive_failures = 1,
                            .failure_threshold = any_threshold,
                            .breached = true});
  }
  step.enter(State::RollingBack, rollback.spec.reason,
             fmt::format("Going on with Rollback {}", rollback.meta.key.name));
}

void quarantine(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const api::Revision* bad = find_revision(guard, rollback.spec.from.hash);
  if (!bad || bad->verdict == RevisionVerdict::RolledBack) return;
  set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::RolledBack, step.now);
  note_past(guard, rollback, step.now);
  step.emit(EventType::Warning, Reason::RolledBack, EventAction::Rollback,
            fmt::format("{} was put back to {}, {}{}{}",
                        rollback::name_of(step.deployment(), rollback.spec.from),
                        rollback::name_of(step.deployment(), rollback.spec.to),
                        rollback::why(rollback.spec), rollback.spec.message.empty() ? "" : ": ",
                        rollback.spec.message));
}

void step_rolling_back(Step& step) {
  const api::Rollback* rollback = rollback::named_by(step.guard(), step.inputs.rollback);
  // The record was not written, so nothing was touched: the release is judged on.
  if (!rollback) return step_evaluating(step);
  switch (rollback->status.phase) {
    case RollbackPhase::Pending: return carry_out_pending(step, *rollback);
    case RollbackPhase::TemplateRestored:
      quarantine(step, *rollback);
      return carry_out_ownership(step, *rollback);
    case RollbackPhase::Restored:
      quarantine(step, *rollback);
      return await_rollout(step, *rollback);
    case RollbackPhase::Verifying:
      quarantine(step, *rollback);
      return step.enter(State::Verifying, Reason::RolledOut, rollback->status.message);
    case RollbackPhase::Succeeded:
    case RollbackPhase::Failed:
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Rejected: return follow(step, *rollback);
  }
}

void step_verifying(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* rollback = rollback::named_by(guard, step.inputs.rollback);
  if (!rollback) return step.enter(State::Idle, Reason::RolledBack, "The rollback is finished");
  if (api::finished(rollback->status.phase)) return follow(step, *rollback);
  if (held_back(step, evaluation_gates(), State::Verifying)) {
    guard.rolled_out.reset();
    return;
  }
  // Time in which nobody looked verifies nothing.
  const bool has_waited = guard.reason == Reason::AwaitingReplicas &&
                          step.now >= guard.state_since.value_or(step.now) + max_restoration;
  if (!guard.rolled_out && (has_waited || api::rollout_complete(step.deployment())))
    guard.rolled_out = step.now;
  judge(step);
  if (const CheckStatus* breach = breached(guard.checks)) {
    return fail_rollback(step, *rollback, Reason::VerificationFailed,
                         fmt::format("{} was put back but fails too, check {}: {}",
                                     rollback::name_of(step.deployment(), *guard.current),
                                     breach->name, breach->message));
  }
  guard.rolled_out ? conclude_verification(step, *rollback) : await_replicas(step);
}

}  // namespace lastgood::guard
