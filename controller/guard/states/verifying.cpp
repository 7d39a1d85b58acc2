#include "guard/states/verifying.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/cluster_fault.hpp"
#include "guard/states/outage.hpp"
#include "guard/states/outcome.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

std::string awaiting_replicas(Step& step) {
  return fmt::format("{} is verified when every replica is available", step.current_name());
}

// After a pause of the evaluation some pods may be new. They get `restoration_timeout` to become
// ready.
void await_replicas(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (guard.reason != Reason::AwaitingReplicas) guard.state_since = step.now;
  step.enter(State::Verifying, Reason::AwaitingReplicas, awaiting_replicas(step));
  step.requeue_at(guard.state_since.value_or(step.now) + restoration_timeout);
}

void succeed(Step& step, const api::Rollback& rollback, const std::string& message) {
  step.plan.rollback =
      rollback::advance(rollback.status, RollbackPhase::Succeeded, message, step.now);
  step.plan.rollback->verification = step.guard().checks;
  step.enter(State::Idle, Reason::RolledBack, message);
}

// The Rollback succeeds although its checks did not all pass: the target was proven when it was
// chosen, and no check is breached.
void end_unverified(Step& step, const api::Rollback& rollback, const std::string& why) {
  const std::string message =
      fmt::format("{} was restored but is not verified: {}", step.current_name(), why);
  step.emit(EventType::Warning, Reason::RollbackUnverified, EventAction::None, message);
  succeed(step, rollback, message);
}

// Why the verification ends without a result; empty while it continues.
std::string why_unverified(const Step& step, CheckSummary summary, bool is_complete,
                           Time no_result_end) {
  const std::vector<CheckStatus>& checks = step.plan.guard.checks;
  if (is_complete && summary == CheckSummary::NoResult && step.now >= no_result_end)
    return "these checks had no result: " + checks_without_result(checks);
  if (step.now < no_result_end + restoration_timeout || summary == CheckSummary::Pending) return {};
  if (is_failing_still(checks, step.inputs.policy.spec, step.now)) return {};
  if (summary == CheckSummary::Failing) return "a check that failed has had no result since";
  return "not every replica is available";
}

void conclude(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const std::string name = step.current_name();
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const Time verify_end = *guard.rolled_out + spec.verify_for;
  const Time no_result_end = std::max(verify_end, *guard.rolled_out + no_result_timeout(spec));
  const CheckSummary summary = summarize(guard.checks);
  const bool is_complete = api::rollout_complete(step.deployment());
  if (is_complete && summary == CheckSummary::Passing && step.now >= verify_end) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
    const std::string message = fmt::format("{} was restored and passes its checks", name);
    step.emit(EventType::Normal, Reason::RollbackVerified, EventAction::None, message);
    return succeed(step, rollback, message);
  }
  const std::string why = why_unverified(step, summary, is_complete, no_result_end);
  if (!why.empty()) return end_unverified(step, rollback, why);
  for (const Time next : {verify_end, no_result_end, no_result_end + restoration_timeout}) {
    if (step.now < next) step.requeue_at(next);
  }
  if (step.now < verify_end)
    return step.enter(State::Verifying, Reason::RolledOut,
                      fmt::format("{} rolled out again and is being verified", name));
  if (!is_complete)
    return step.enter(State::Verifying, Reason::AwaitingReplicas, awaiting_replicas(step));
  step.enter(State::Verifying, Reason::AwaitingPass,
             fmt::format("{} is verified when every check has passed", name));
}

}  // namespace

void step_verifying(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* rollback = rollback::named_by(guard, step.inputs.rollback);
  if (!rollback) return step.enter(State::Idle, Reason::RolledBack, "The rollback is finished");
  if (api::finished(rollback->status.phase)) return enter_outcome(step, *rollback);
  // The verification starts again after the evaluation was blocked, for example by a pause.
  if (is_held(step, evaluation_gates(), State::Verifying)) {
    guard.rolled_out.reset();
    return;
  }
  const bool has_waited = guard.reason == Reason::AwaitingReplicas &&
                          step.now >= guard.state_since.value_or(step.now) + restoration_timeout;
  if (!guard.rolled_out && (has_waited || api::rollout_complete(step.deployment())))
    guard.rolled_out = step.now;
  apply_measurements(step);
  // A fault of the cluster may end, and says nothing about the restored revision.
  const CheckStatus* breach = breached(guard.checks);
  if (breach && !is_cluster_fault(breach->reason))
    return fail_verification(step, *rollback, *breach);
  guard.rolled_out ? conclude(step, *rollback) : await_replicas(step);
}

}  // namespace lastgood::guard
