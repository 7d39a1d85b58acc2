#include "guard/states/verifying.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "checks/prometheus_check.hpp"
#include "guard/bake.hpp"
#include "guard/check_status.hpp"
#include "guard/check_text.hpp"
#include "guard/cluster_fault.hpp"
#include "guard/established.hpp"
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
// chosen, and no check is breached that has passed before.
void end_unverified(Step& step, const api::Rollback& rollback, const std::string& why) {
  const std::string message =
      fmt::format("{} was restored but is not verified: {}", step.current_name(), why);
  step.emit(EventType::Warning, Reason::RollbackUnverified, EventAction::None, message);
  succeed(step, rollback, message);
}

// A check whose result is about all pods may still have samples of the release that was rolled
// back. So its failure does not fail the verification, which only waits for a pass.
bool is_about_all_pods(const CheckStatus& status, const api::PolicySpec& spec) {
  const api::Check* check = api::find_check(spec.checks, status.name);
  return check && checks::is_about_all_pods(*check);
}

std::vector<CheckStatus> checks_of_restored(std::vector<CheckStatus> checks,
                                            const api::PolicySpec& spec) {
  std::erase_if(checks, [&](const CheckStatus& check) { return is_about_all_pods(check, spec); });
  return checks;
}

std::string never_passed_text(const api::GuardStatus& guard) {
  const auto found = std::ranges::find_if(
      guard.checks, [&](const CheckStatus& check) { return may_be_wrong(guard, check); });
  return found == guard.checks.end()
             ? ""
             : fmt::format("check {} has not passed for any revision, so it may be wrong: {}",
                           found->name, found->message);
}

// The first check whose last result is old: it proves nothing about the time since. Null if every
// check has a recent result.
const CheckStatus* check_with_old_result(const Step& step, const std::vector<CheckStatus>& checks) {
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const auto found = std::ranges::find_if(checks, [&](const CheckStatus& check) {
    return check.last_result.value_or(Time{}) + max_result_age(check.name, spec) < step.now;
  });
  return found == checks.end() ? nullptr : &*found;
}

// The first check that fails. Precondition: a check fails.
const CheckStatus& failing_check(const std::vector<CheckStatus>& checks) {
  return *std::ranges::find_if(
      checks, [](const CheckStatus& check) { return check.consecutive_failures > 0; });
}

// " at 2026-11-24T18:00:00Z". Empty if the time is not known.
std::string at_text(const std::optional<Time>& time) {
  return time ? " at " + format_rfc3339(*time) : "";
}

// Why the verification ends without a result although every check has passed; empty while it
// continues.
std::string why_not_healthy(const Step& step, const std::vector<CheckStatus>& checks) {
  if (const CheckStatus* silent = check_without_recent_result(checks))
    return fmt::format("check {} has no result any more ({})", silent->name, silent->reason);
  if (const CheckStatus* low = below_pass_share(checks)) return pass_share_text(*low);
  const CheckStatus* old = check_with_old_result(step, checks);
  return old ? fmt::format("check {} has had no result since it passed{}", old->name,
                           at_text(old->last_result))
             : "";
}

// Why the verification ends without a result; empty while it continues.
std::string why_unverified(const Step& step, const std::vector<CheckStatus>& checks,
                           bool is_complete, Time no_result_end) {
  const CheckSummary summary = summarize(checks);
  if (is_complete && summary == CheckSummary::NoResult && step.now >= no_result_end)
    return "these checks had no result: " + checks_without_result(checks);
  if (is_complete && summary == CheckSummary::Passing && step.now >= no_result_end) {
    if (std::string wrong = never_passed_text(step.plan.guard); !wrong.empty()) return wrong;
  }
  if (step.now < no_result_end + restoration_timeout || summary == CheckSummary::Pending) return {};
  const api::PolicySpec& spec = step.inputs.policy.spec;
  if (is_failing_still(checks_of_restored(checks, spec), spec, step.now)) return {};
  if (summary == CheckSummary::Failing) {
    const CheckStatus& failing = failing_check(checks);
    if (is_about_all_pods(failing, spec))
      return fmt::format("check {} still fails: {}", failing.name, failing.message);
    return fmt::format("check {} failed{} and has had no result since ({})", failing.name,
                       at_text(failing.last_failure), failing.reason);
  }
  return is_complete ? why_not_healthy(step, checks) : "not every replica is available";
}

// Every check is credible and passes, and its result is recent.
bool is_verified(const Step& step, const std::vector<CheckStatus>& credible) {
  const api::PolicySpec& spec = step.inputs.policy.spec;
  return is_healthy(credible, spec) &&
         !check_with_old_result(step, counted_checks(credible, spec)) &&
         credible.size() == step.plan.guard.checks.size();
}

void conclude(Step& step, const api::Rollback& rollback, const std::vector<CheckStatus>& credible) {
  api::GuardStatus& guard = step.guard();
  const std::string name = step.current_name();
  const api::PolicySpec& spec = step.inputs.policy.spec;
  const std::vector<CheckStatus> checks = counted_checks(credible, spec);
  const Time verify_end = *guard.rolled_out + spec.verify_for;
  const Time no_result_end = std::max(verify_end, *guard.rolled_out + no_result_timeout(spec));
  const bool is_complete = api::rollout_complete(step.deployment());
  if (is_complete && is_verified(step, credible) && step.now >= verify_end) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
    const std::string message = fmt::format("{} was restored and passes its checks", name);
    step.emit(EventType::Normal, Reason::RollbackVerified, EventAction::None, message);
    return succeed(step, rollback, message);
  }
  const std::string why = why_unverified(step, checks, is_complete, no_result_end);
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
             fmt::format("{} is verified when every check passes", name));
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
  const std::vector<CheckStatus> checks = credible_checks(guard);
  // A fault of the cluster may end, and says nothing about the restored revision.
  const std::vector<CheckStatus> of_restored = checks_of_restored(checks, step.inputs.policy.spec);
  const CheckStatus* breach = breached(of_restored);
  if (breach && !is_cluster_fault(breach->reason))
    return fail_verification(step, *rollback, *breach);
  guard.rolled_out ? conclude(step, *rollback, checks) : await_replicas(step);
}

}  // namespace lastgood::guard
