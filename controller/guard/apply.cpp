#include "guard/apply.hpp"

#include <algorithm>

#include "base/overloaded.hpp"
#include "guard/guard_status.hpp"
#include "guard/load.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

const api::Check* find_check(const std::vector<api::Check>& checks, const std::string& name) {
  const auto found = std::ranges::find(checks, name, &api::Check::name);
  return found == checks.end() ? nullptr : &*found;
}

// The rollout check has no configuration in the policy.
bool is_check_unchanged(const MeasurementArrived& entry, const api::PolicySpec& spec) {
  if (!entry.check) return true;
  const api::Check* present = find_check(spec.checks, entry.measurement.check);
  return present && present->http == entry.check->http;
}

// Supersedes the Rollback that a user deleted before the Deployment was changed. An automatic
// rollback counts as declined, so the release stays.
void cancel_deleted(GuardState& state, const RollbackDeleted& deleted) {
  auto& rollback = state.rollback;
  if (!rollback || rollback->meta.uid != deleted.rollback || rollback->status.template_restored)
    return;
  if (api::finished(rollback->status.phase)) return;
  rollback->status =
      rollback::advance(rollback->status, api::RollbackPhase::Superseded,
                        "A user deleted it before the Deployment was changed", deleted.at);
  if (!api::is_manual(rollback->spec))
    state.guard.declined = api::Declined{.rollback = rollback->meta.key.name, .at = deleted.at};
}

void add_measurement(GuardState& state, MeasurementArrived measurement) {
  if (measurement.check && !measurement.responders.empty())
    state.responders[api::config_hash_of(measurement.check->http)].add(measurement.responders);
  state.measurements.push_back(std::move(measurement));
}

void see_rollback(GuardState& state, const RollbackSeen& seen) {
  if (state.rollback && state.rollback->meta.uid == seen.rollback)
    state.rollback->spec.approved = seen.approved;
  if (seen.is_finished) state.records_changed = true;
}

}  // namespace

bool is_about(const InboxEntry& entry, const GuardState& state) {
  return std::visit(
      Overloaded{
          [&](const MeasurementArrived& one) { return one.deployment == state.deployment_uid; },
          [&](const CheckEnded& one) { return one.deployment == state.deployment_uid; },
          [](const PodsChanged&) { return true; },
          [&](const GuardDeleted& one) { return one.guard == state.guard_uid; },
          [&](const FreezeRemoved& one) { return one.guard == state.guard_uid; },
          [](const RollbackSeen&) { return true; },
          [](const RollbackDeleted&) { return true; },
      },
      entry);
}

GuardState fold(GuardState state, Inbox inbox, const api::Deployment& deployment,
                const kube::Stores& stores, Time now) {
  for (InboxEntry& entry : inbox) {
    std::visit(Overloaded{
                   [&](MeasurementArrived& one) { add_measurement(state, std::move(one)); },
                   [&](const CheckEnded& one) { state.running_checks[one.check] = false; },
                   [&](const PodsChanged& one) {
                     state.schedule.request(std::string(api::rollout_check), one.at);
                   },
                   [&](const GuardDeleted&) { state = load(deployment, stores, now); },
                   [&](const FreezeRemoved&) {
                     state.guard.freeze.reset();
                     state.written.freeze.reset();
                   },
                   [&](const RollbackSeen& one) { see_rollback(state, one); },
                   [&](const RollbackDeleted& one) { cancel_deleted(state, one); },
               },
               entry);
  }
  return state;
}

std::vector<api::Measurement> take_measurements(GuardState& state, const api::PolicySpec& spec) {
  std::vector<api::Measurement> measurements;
  for (MeasurementArrived& entry : state.measurements) {
    const bool is_current = state.guard.current && entry.hash == state.guard.current->hash;
    if (is_current && is_check_unchanged(entry, spec))
      measurements.push_back(std::move(entry.measurement));
  }
  state.measurements.clear();
  if (state.guard.state == api::State::Idle) state.responders.clear();
  return measurements;
}

std::vector<std::string> take_due_checks(GuardState& state, const Needs& needs,
                                         const api::PolicySpec& spec, MonotonicTime now) {
  std::vector<std::string> due = state.schedule.take_due(needs, spec, now);
  const std::vector<std::string> due_in_idle =
      state.idle_schedule.take_due(needs.idle_checks, state.deployment_uid, now);
  due.insert(due.end(), due_in_idle.begin(), due_in_idle.end());
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

void record_snapshot_result(GuardState& state, const Result<void>& stored) {
  if (stored) {
    state.snapshot_error.clear();
  } else if (stored.error().kind != ErrorKind::Conflict &&
             stored.error().kind != ErrorKind::Cancelled) {
    state.snapshot_error = stored.error().message;
  }
}

void record_unblocked_since(const Action& action, GuardState& state, MonotonicTime now) {
  const auto* starting = std::get_if<StartRollback>(&action);
  const bool starts = starting && starting->execute;
  const bool resumes = std::holds_alternative<ResumeRollback>(action) && state.rollback &&
                       state.rollback->status.phase == api::RollbackPhase::Pending;
  if (!resumes) state.unblocked_since.reset();
  if ((starts || resumes) && !state.unblocked_since) state.unblocked_since = now;
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
