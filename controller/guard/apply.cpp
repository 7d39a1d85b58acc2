#include "guard/apply.hpp"

#include <algorithm>

#include "api/find_check.hpp"
#include "base/overloaded.hpp"
#include "guard/check_status.hpp"
#include "guard/drill.hpp"
#include "guard/guard_status.hpp"
#include "guard/load.hpp"
#include "guard/received_alerts.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

// Supersedes the Rollback that a user deleted before the Deployment was changed. An automatic
// rollback counts as declined, so the release stays.
void cancel_deleted(GuardState& state, const RollbackDeleted& deleted) {
  const auto& rollback = state.rollback;
  if (!rollback || rollback->meta.uid != deleted.rollback || rollback->status.template_restored)
    return;
  if (api::finished(rollback->status.phase)) return;
  state.rollback.edit().status =
      rollback::advance(rollback->status, api::RollbackPhase::Superseded,
                        "A user deleted it before the Deployment was changed", deleted.at);
  if (!api::is_manual(rollback->spec))
    state.guard.edit().declined =
        api::Declined{.rollback = rollback->meta.key.name, .at = deleted.at};
}

void add_measurement(GuardState& state, MeasurementArrived measurement) {
  if (measurement.check && !measurement.responders.empty())
    state.responders[api::config_hash_of(measurement.check->kind)].add(measurement.responders);
  state.measurements.push_back(std::move(measurement));
}

void see_rollback(GuardState& state, const RollbackSeen& seen) {
  if (state.rollback && state.rollback->meta.uid == seen.rollback)
    state.rollback.edit().spec.approved = seen.approved;
  if (seen.is_finished) state.records_changed = true;
}

}  // namespace

bool is_about(const InboxEntry& entry, const GuardState& state) {
  return std::visit(
      Overloaded{
          [&](const MeasurementArrived& one) { return one.deployment == state.deployment_uid; },
          [&](const CheckEnded& one) { return one.deployment == state.deployment_uid; },
          [&](const AlertsArrived& one) { return one.deployment == state.deployment_uid; },
          [](const RolloutChanged&) { return true; },
          [&](const GuardDeleted& one) { return one.guard == state.guard_uid; },
          [&](const FreezeRemoved& one) { return one.guard == state.guard_uid; },
          [](const RollbackSeen&) { return true; },
          [](const RollbackDeleted&) { return true; },
      },
      entry);
}

namespace {

void add_alerts(GuardState& state, const AlertsArrived& arrived) {
  state.guard.edit().alerts = with_alerts(state.guard->alerts, arrived.alerts);
}

// Runs the rollout check again, and each other check that has run without a result: perhaps the
// pods of the release were not in sync when that check ran.
void request_checks(GuardState& state, MonotonicTime at) {
  state.schedule.request(std::string(api::rollout_check), at);
  for (const std::string& name : state.schedule.names_of_run_checks()) {
    const api::CheckStatus* check = api::find_check(state.guard->checks, name);
    const bool has_result =
        check && (check->reason != pending_reason || check->consecutive_unknowns > 0);
    if (!has_result) state.schedule.request(name, at);
  }
}

}  // namespace

GuardState fold(GuardState state, Inbox inbox, const api::Deployment& deployment,
                const kube::Stores& stores, Time now) {
  for (InboxEntry& entry : inbox) {
    std::visit(Overloaded{
                   [&](MeasurementArrived& one) { add_measurement(state, std::move(one)); },
                   [&](const CheckEnded& one) { state.running_checks.erase(one.check); },
                   [&](const AlertsArrived& one) { add_alerts(state, one); },
                   [&](const RolloutChanged& one) { request_checks(state, one.at); },
                   [&](const GuardDeleted&) { state = load(deployment, stores, now); },
                   [&](const FreezeRemoved&) {
                     state.guard.edit().freeze.reset();
                     state.written.edit().freeze.reset();
                   },
                   [&](const RollbackSeen& one) { see_rollback(state, one); },
                   [&](const RollbackDeleted& one) { cancel_deleted(state, one); },
               },
               entry);
  }
  state.replicas = see_replicas(state.replicas, deployment.replicas, now);
  return state;
}

namespace {

// Sets the time since which nothing blocks the rollback. Clears the time while the rollback is
// held, and after the template is restored.
void set_unblocked_since(GuardState& state, const Action& action, MonotonicTime now) {
  const auto* starting = std::get_if<StartRollback>(&action);
  const bool starts = starting && starting->execute;
  const bool resumes = std::holds_alternative<ResumeRollback>(action) && state.rollback &&
                       state.rollback->status.phase == api::RollbackPhase::Pending;
  if (!resumes) state.unblocked_since.reset();
  if ((starts || resumes) && !state.unblocked_since) state.unblocked_since = now;
}

void set_preflight(GuardState& state, const api::Preflight& preflight) {
  state.preflight = preflight;
  if (preflight.reason == Reason::SnapshotMissing)
    clear_snapshot(state.guard.edit(), preflight.target);
}

// A release needs only the pods that responded since the release began, so an Idle Deployment
// forgets them. With strategy Recreate, the old pods are gone before the release has a pod. Then
// the pods that responded to the idle checks stay, except those of checks that left the policy.
void forget_responders(GuardState& state, const PlanDecided& decided) {
  if (state.guard->state != api::State::Idle) return;
  if (!decided.deployment.recreates) return state.responders.clear();
  std::erase_if(state.responders, [&](const auto& entry) {
    return std::ranges::none_of(decided.policy.spec.checks, [&](const api::Check& check) {
      return api::config_hash_of(check.kind) == entry.first;
    });
  });
}

// Some failures breach a check only after they have lasted for min_failing_time. Measures such a
// check again at the end of this time: its next turn could be almost one interval later.
void request_due_breaches(GuardState& state, const PlanDecided& decided) {
  if (state.guard->state == api::State::Idle) return;
  for (const api::CheckStatus& check : state.guard->checks) {
    const auto due = breach_due_at(check);
    if (due && *due > decided.now)
      state.schedule.request(check.name, decided.at + (*due - decided.now));
  }
}

// Its next turn may be after passing_rollout_interval, planned while it passed. In Idle the check
// does not run, and a request would only cause reconciles.
void request_rollout_again(GuardState& state, MonotonicTime at) {
  if (state.guard->state == api::State::Idle) return;
  const api::CheckStatus* rollout = api::find_check(state.guard->checks, api::rollout_check);
  if (rollout && rollout->result != api::MeasurementResult::Pass)
    state.schedule.request(rollout->name, at + rollout_interval);
}

void set_plan(GuardState& state, const PlanDecided& decided) {
  const Plan& plan = decided.plan;
  forget_responders(state, decided);
  // A new release is measured at once, while the old pods can still show a shared cause.
  if (state.guard->evaluation_started != plan.guard.evaluation_started) state.schedule = {};
  if (state.guard != plan.guard) state.guard = plan.guard;
  if (plan.rollback && state.rollback) state.rollback.edit().status = *plan.rollback;
  state.measurements.clear();
  request_rollout_again(state, decided.at);
  request_due_breaches(state, decided);
  set_unblocked_since(state, plan.action, decided.at);
  // For the other members of the group:
  state.group = decided.policy.group;
  state.group_order = decided.policy.group_order;
  state.mode = decided.policy.spec.mode;
  state.blocked_because = plan.blocked_because;
}

void set_rollback(GuardState& state, const RollbackExecuted& executed) {
  const bool is_other = !state.rollback || state.rollback->meta.uid != executed.record.meta.uid;
  state.rollback = executed.record;
  state.rollback_written = executed.stored;
  if (is_other) state.rollback_unconfirmed.clear();
  if (executed.is_preflight_outdated) state.preflight.reset();
  if (executed.record.status.template_restored) state.unblocked_since.reset();
}

void set_failure(GuardState& state, const ActionEnded& ended, const Error& error) {
  if (std::holds_alternative<BindRequest>(ended.plan.action)) state.guard = ended.inputs.guard;
  // A lost race, and the end of the term, are not reported: the next reconcile tries again.
  const bool is_reported = error.kind != ErrorKind::Conflict && error.kind != ErrorKind::Cancelled;
  if (std::holds_alternative<CreateSnapshot>(ended.plan.action) && is_reported)
    state.snapshot_error = error.message;
}

void set_action(GuardState& state, const ActionEnded& ended) {
  std::visit(
      Overloaded{
          [](const NothingExecuted&) {},
          [&](const RollbackExecuted& executed) { set_rollback(state, executed); },
          [&](const SnapshotCreated& created) {
            set_snapshot(state.guard.edit(), created.revision, created.name);
            state.snapshots_changed = true;
            state.snapshot_error.clear();
          },
          [&](const RequestBound& bound) {
            state.rollback = bound.record;
            state.rollback_written = bound.stored;
            state.rollback_unconfirmed.clear();
          },
          [&](const ObservationRecorded& recorded) { state.observed_record = recorded.rollback; },
          [&](const DrillEnded& drill) {
            set_preflight(state, drill.preflight);
            record_drill(state.guard.edit(), drill.record);
          },
          [&](const ActionFailed& failed) { set_failure(state, ended, failed.error); },
      },
      ended.outcome);
}

// Enough for several minutes without a response.
constexpr std::size_t max_unconfirmed = 32;

void add_unconfirmed(std::vector<std::string>& unconfirmed, const std::string& digest) {
  if (digest.empty() || std::ranges::count(unconfirmed, digest) > 0) return;
  if (unconfirmed.size() == max_unconfirmed) unconfirmed.erase(unconfirmed.begin());
  unconfirmed.push_back(digest);
}

void set_written_guard(GuardState& state, const GuardWritten& written) {
  state.guard_uid = written.uid;
  state.guard_owner = written.owner;
  state.guard_version = written.version;
  add_unconfirmed(state.unconfirmed, written.unconfirmed);
  if (!written.status) return;
  if (state.guard == *written.status) {
    state.written = state.guard;
  } else {
    state.written = *written.status;
  }
  state.unconfirmed.clear();
}

void set_written_rollback(GuardState& state, const RollbackWritten& written) {
  add_unconfirmed(state.rollback_unconfirmed, written.unconfirmed);
  if (!written.status) return;
  state.rollback_written = *written.status;
  state.rollback_unconfirmed.clear();
  if (state.rollback && !written.version.empty())
    state.rollback.edit().meta.resource_version = written.version;
}

}  // namespace

GuardState apply(GuardState state, const Outcome& outcome) {
  std::visit(Overloaded{
                 [&](const ConfigMapCached& cached) { state.config_map = cached.read; },
                 [&](const ChecksStarted& started) {
                   state.schedule = started.schedule;
                   state.idle_schedule = started.idle_schedule;
                   state.running_checks.insert(started.names.begin(), started.names.end());
                 },
                 [&](const PreflightEnded& ended) { set_preflight(state, ended.preflight); },
                 [&](const PlanDecided& decided) { set_plan(state, decided); },
                 [&](const ActionEnded& ended) { set_action(state, ended); },
                 [&](const EventsEmitted& emitted) { state.emitted = emitted.counts; },
                 [&](const GuardWritten& written) { set_written_guard(state, written); },
                 [&](const RollbackWritten& written) { set_written_rollback(state, written); },
                 [&](const RecordsCollected& collected) {
                   state.records_changed = collected.error.has_value();
                 },
                 [&](const SnapshotsCollected& collected) {
                   for (const std::string& name : collected.deleted)
                     clear_snapshot(state.guard.edit(), name);
                   state.snapshots_changed = collected.error.has_value();
                 },
             },
             outcome);
  return state;
}

}  // namespace lastgood::guard
