#include "guard/apply.hpp"

#include <algorithm>

#include "guard/guard_status.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

const api::Check* find_check(const std::vector<api::Check>& checks, const std::string& name) {
  const auto found = std::ranges::find(checks, name, &api::Check::name);
  return found == checks.end() ? nullptr : &*found;
}

// The rollout check has no configuration in the policy.
bool is_check_unchanged(const InboxMeasurement& entry, const api::PolicySpec& spec) {
  if (!entry.check) return true;
  const api::Check* present = find_check(spec.checks, entry.measurement.check);
  return present && present->http == entry.check->http;
}

}  // namespace

std::vector<api::Measurement> take_measurements(GuardState& state, const api::PolicySpec& spec) {
  std::vector<api::Measurement> measurements;
  for (InboxMeasurement& entry : state.inbox) {
    const bool is_current = state.guard.current && entry.hash == state.guard.current->hash;
    if (is_current && is_check_unchanged(entry, spec))
      measurements.push_back(std::move(entry.measurement));
  }
  state.inbox.clear();
  return measurements;
}

std::vector<std::string> take_due_checks(GuardState& state, const Needs& needs,
                                         const api::PolicySpec& spec, MonotonicTime now) {
  std::vector<std::string> due = state.schedule.take_due(needs, spec, now);
  std::erase_if(due, [&](const std::string& check) { return state.running_checks[check]; });
  for (const std::string& check : due) state.running_checks[check] = true;
  return due;
}

void apply_observation(Inputs& inputs, std::optional<TemplateObservation> observation) {
  if (!observation) return;
  inputs.replica_sets = std::move(observation->sets);
  inputs.author = std::move(observation->author);
  inputs.template_problem = std::move(observation->problem);
}

void clear_missing_snapshot(GuardState& state) {
  if (state.preflight && state.preflight->reason == Reason::SnapshotMissing)
    clear_snapshot(state.guard, state.preflight->target);
}

void record_unblocked_since(const Action& action, GuardState& state, MonotonicTime now) {
  const auto* starting = std::get_if<StartRollback>(&action);
  const bool starts = starting && starting->execute;
  const bool resumes = std::holds_alternative<ResumeRollback>(action) && state.rollback &&
                       state.rollback->status.phase == api::RollbackPhase::Pending;
  if (!resumes) state.unblocked_since.reset();
  if ((starts || resumes) && !state.unblocked_since) state.unblocked_since = now;
}

void cancel_deleted(GuardState& state, const api::Rollback& deleted, Time now) {
  auto& rollback = state.rollback;
  if (!rollback || rollback->meta.uid != deleted.meta.uid || rollback->status.template_restored)
    return;
  if (api::finished(rollback->status.phase)) return;
  rollback->status = rollback::advance(rollback->status, api::RollbackPhase::Superseded,
                                       "A user deleted it before the Deployment was changed", now);
  if (!api::is_manual(rollback->spec))
    state.guard.declined = api::Declined{.rollback = rollback->meta.key.name, .at = now};
}

void undo_binding(Plan& plan, const Inputs& inputs, GuardState& state) {
  if (!std::holds_alternative<BindRequest>(plan.action)) return;
  state.guard = inputs.guard;
  std::erase_if(plan.events,
                [](const EventRecord& event) { return event.reason == Reason::RollbackStarted; });
}

void publish_to_group(GuardState& state, const EffectivePolicy& policy, const Plan& plan) {
  state.group = policy.group;
  state.group_order = policy.group_order;
  state.mode = policy.spec.mode;
  state.blocked_because = plan.blocked_because;
}

}  // namespace lastgood::guard
