#include "guard/states/rolling_back.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/check_status.hpp"
#include "guard/cluster_fault.hpp"
#include "guard/states/evaluating.hpp"
#include "guard/states/outage.hpp"
#include "guard/states/outcome.hpp"
#include "guard/states/pending.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RollbackPhase;
using api::State;

namespace {

// Restores the field ownership. After `restoration_timeout` the rollback continues without it,
// because the restored revision already runs and must be verified.
void execute_ownership(Step& step, const api::Rollback& rollback) {
  const Time restored = rollback.status.template_restored.value_or(step.now);
  if (step.now < restored + restoration_timeout) return execute(step, rollback);
  step.plan.rollback = rollback::advance(rollback.status, RollbackPhase::Restored,
                                         rollback.status.message, step.now);
}

// The time of the last progress that the Deployment controller reports; empty without one.
std::optional<Time> last_progress(const api::Deployment& deployment, Time now) {
  const auto is_progress = [](const api::DeploymentCondition& one) {
    return one.type == "Progressing" && one.status == api::ConditionStatus::True;
  };
  const auto found = std::ranges::find_if(deployment.conditions, is_progress);
  if (found == deployment.conditions.end() || found->last_update > now) return std::nullopt;
  return found->last_update;
}

void start_verification(Step& step, const api::Rollback& rollback, const std::string& name) {
  api::GuardStatus& guard = step.guard();
  guard.rolled_out = step.now;
  guard.checks = apply_all({}, step.inputs.policy.spec, {}, true, step.now);
  const std::string message = fmt::format("{} rolled out again and is being verified", name);
  step.plan.rollback =
      rollback::advance(rollback.status, RollbackPhase::Verifying, message, step.now);
  step.enter(State::Verifying, Reason::RolledOut, message);
  step.requeue_at(step.now + step.inputs.policy.spec.verify_for);
}

// During a rollback, the current revision is the replaced or the restored one: a third one would be
// a new release, and would end the rollback.
bool is_restored(const api::GuardStatus& guard, const api::Rollback& rollback) {
  return guard.current && guard.current->hash != rollback.spec.from.hash;
}

// The restored revision does not roll out. If it fails the check of the release too, an outage is
// likely. Before it is the current revision, the results are those of the release, so they are not
// used.
void fail_rollout(Step& step, const api::Rollback& rollback, const std::string& message) {
  if (!is_restored(step.guard(), rollback)) step.guard().checks.clear();
  const CheckStatus* same = breach_like_release(step.guard().checks, rollback);
  if (same) return fail_verification(step, rollback, *same);
  fail_rollback(step, rollback, Reason::RollbackFailed, message);
}

// Fails the rollback when the rollout made no progress for `restoration_timeout`. Kubernetes
// reports progress each time a pod becomes ready, even if the pod becomes unready again later. So
// there is also an upper limit: four times this timeout.
void await_progress(Step& step, const api::Rollback& rollback, const std::string& name) {
  const Time began = step.guard().state_since.value_or(step.now);
  const Time progressed = std::clamp(last_progress(step.deployment(), step.now).value_or(began),
                                     began, began + 3 * restoration_timeout);
  if (step.now >= progressed + restoration_timeout) {
    return fail_rollout(
        step, rollback,
        fmt::format("{} was restored, but its rollout made no progress for {} or did not end "
                    "within {}",
                    name, format_duration(restoration_timeout),
                    format_duration(4 * restoration_timeout)));
  }
  step.requeue_at(progressed + restoration_timeout);
}

// Only the rollout check fails a rollback before the rollout is complete. The results of the other
// checks are the baseline of a release that replaces the restored revision early. A fault of the
// cluster may end: only a rollout without progress fails then.
const CheckStatus* rollout_breach(const api::GuardStatus& guard) {
  const CheckStatus* rollout = api::find_check(guard.checks, api::rollout_check);
  const bool has_failed = rollout && rollout->breached && !is_cluster_fault(rollout->reason);
  return has_failed ? rollout : nullptr;
}

void await_rollout(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  if (is_held(step, evaluation_gates(), State::RollingBack)) return;
  // The time in which the evaluation was blocked, for example by a pause, does not count.
  if (guard.reason != Reason::RollingOut) guard.state_since = step.now;
  const std::string name = rollback::name_of(step.deployment(), rollback.spec.to);
  step.enter(State::RollingBack, Reason::RollingOut,
             fmt::format("{} is restored and rolls out", name));
  const bool has_results = is_restored(guard, rollback);
  if (has_results) apply_measurements(step);
  if (const CheckStatus* breach = has_results ? rollout_breach(guard) : nullptr) {
    return fail_rollout(
        step, rollback,
        fmt::format("{} did not roll out after it was restored: {}", name, breach->message));
  }
  if (has_results && api::rollout_complete(step.deployment()))
    return start_verification(step, rollback, name);
  await_progress(step, rollback, name);
}

}  // namespace

void step_rolling_back(Step& step) {
  const api::Rollback* rollback = rollback::named_by(step.guard(), step.inputs.rollback);
  // The Rollback could not be created, so nothing was changed: the release is still evaluated.
  if (!rollback) return step_evaluating(step);
  switch (rollback->status.phase) {
    case RollbackPhase::Pending: return resume_pending(step, *rollback);
    case RollbackPhase::TemplateRestored:
      quarantine(step, *rollback);
      return execute_ownership(step, *rollback);
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
    case RollbackPhase::Rejected: return enter_outcome(step, *rollback);
  }
}

}  // namespace lastgood::guard
