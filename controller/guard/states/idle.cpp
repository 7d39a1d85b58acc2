#include "guard/states/idle.hpp"

#include <fmt/format.h>

#include "api/find_check.hpp"
#include "guard/gates/chains.hpp"
#include "guard/group/follow.hpp"
#include "guard/idle_checks.hpp"
#include "guard/states/drill.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RevisionVerdict;
using api::State;

namespace {

bool reports_running_revision(const api::GuardStatus& guard) {
  switch (guard.reason) {
    case Reason::Good:
    case Reason::PresumedGood:
    case Reason::Inconclusive:
    case Reason::RolledBack:
    case Reason::OutageEnded: return true;
    default: return false;
  }
}

// The last Rollback restored this revision, which has not been evaluated since.
bool is_as_restored(const api::Rollback* last, const api::Revision& current) {
  return last && last->status.phase == api::RollbackPhase::Succeeded &&
         last->spec.to.hash == current.hash && last->status.finished >= current.since;
}

// Enters Idle with the verdict of the running revision as the reason. The reason before it, for
// example a suspension, has ended.
void report_running_revision(Step& step) {
  const api::Revision current = *step.guard().current;
  const std::string name = rollback::name_of(step.deployment(), current);
  const api::Rollback* last = rollback::named_by(step.guard(), step.inputs.rollback);
  if (is_as_restored(last, current))
    return step.enter(State::Idle, Reason::RolledBack, last->status.message);
  switch (current.verdict) {
    case RevisionVerdict::Good:
      return step.enter(State::Idle, Reason::Good, fmt::format("{} is good and still runs", name));
    case RevisionVerdict::PresumedGood:
      return step.enter(State::Idle, Reason::PresumedGood,
                        fmt::format("{} is presumed good and still runs", name));
    case RevisionVerdict::Inconclusive:
    case RevisionVerdict::Evaluating:
    case RevisionVerdict::Breached:
    case RevisionVerdict::RolledBack:
    case RevisionVerdict::Superseded:
      return step.enter(State::Idle, Reason::Inconclusive,
                        fmt::format("{} still runs. It is not proven good. {}", name,
                                    inconclusive_text(step.deployment())));
  }
}

// The checks of the last evaluation are shown while the revision runs. When a user has corrected a
// check, its result is no longer a reason to do something.
bool forget_changed_checks(Step& step) {
  api::GuardStatus& guard = step.guard();
  const auto removed = std::erase_if(guard.checks, [&](const api::CheckStatus& status) {
    if (status.name == api::rollout_check || status.config_hash.empty()) return false;
    const api::Check* check = api::find_check(step.inputs.policy.spec.checks, status.name);
    return !check || api::config_hash_of(check->kind) != status.config_hash;
  });
  return removed > 0;
}

// The suspension or pause that would hold the next release, so that a user can end it now. A
// Deployment that is scaled to zero is not reported: this may be intended.
std::optional<Hold> suspension_or_pause(const Step& step) {
  const auto hold = first_hold(evaluation_gates(), step.inputs, step.plan.guard, step.now);
  const bool is_reported =
      hold && (hold->reason == Reason::Suspended || hold->reason == Reason::DeploymentPaused);
  return is_reported ? hold : std::nullopt;
}

void report_hold(Step& step, const Hold& hold) {
  report_running_revision(step);
  step.enter(State::Idle, hold.reason, fmt::format("{}. {}", step.guard().message, hold.message));
}

}  // namespace

std::string inconclusive_text(const api::Deployment& deployment) {
  return fmt::format(
      "It keeps running, and nothing is rolled back to it. When the cause is corrected, evaluate "
      "it again: kubectl rollout restart deployment/{} -n {}",
      deployment.meta.key.name, deployment.meta.key.namespace_);
}

void snapshot_current(Step& step) {
  const auto& current = step.guard().current;
  if (first_hold(evaluation_gates(), step.inputs, step.guard(), step.now)) return;
  if (current && is_proven(*current) && current->snapshot.empty())
    step.plan.action = CreateSnapshot{.revision = *current};
}

void step_idle(Step& step) {
  apply_idle_measurements(step.guard(), step.measurements(), step.inputs.policy.spec, step.now);
  if (const auto hold = suspension_or_pause(step)) {
    report_hold(step, *hold);
  } else if (!reports_running_revision(step.guard()) ||
             (step.guard().reason == Reason::Inconclusive && forget_changed_checks(step))) {
    report_running_revision(step);
  }
  if (follow_group(step)) return;
  snapshot_current(step);
  if (std::holds_alternative<std::monostate>(step.plan.action)) plan_drill(step);
}

}  // namespace lastgood::guard
