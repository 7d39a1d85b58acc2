#include "guard/gather.hpp"

#include "api/find_check.hpp"
#include "checks/external_metric.hpp"
#include "guard/known_before.hpp"

namespace lastgood::guard {

namespace {

// The rollout check has no configuration in the policy.
bool is_check_unchanged(const MeasurementArrived& entry, const api::PolicySpec& spec) {
  if (!entry.check) return true;
  const api::Check* present = api::find_check(spec.checks, entry.measurement.check);
  return present && present->kind == entry.check->kind;
}

// A measurement that began in the state Frozen or Verifying may arrive after the evaluation has
// started. So whether its failure counts is decided now, and not when the measurement began.
api::Measurement with_present_evidence(const MeasurementArrived& entry,
                                       const std::vector<std::string>& known) {
  const bool needs_evidence =
      entry.check && std::holds_alternative<api::ExternalMetricCheck>(entry.check->kind);
  if (!needs_evidence) return entry.measurement;
  return checks::with_evidence(entry.measurement,
                               checks::known_before_of(entry.measurement.check, known));
}

}  // namespace

std::vector<api::Measurement> usable_measurements(const GuardState& state,
                                                  const api::PolicySpec& spec) {
  const std::vector<std::string> known = known_before(state.guard, spec);
  std::vector<api::Measurement> measurements;
  for (const MeasurementArrived& entry : state.measurements) {
    const bool is_current = state.guard->current && entry.hash == state.guard->current->hash;
    if (is_current && is_check_unchanged(entry, spec))
      measurements.push_back(with_present_evidence(entry, known));
  }
  return measurements;
}

ChecksStarted due_checks(const GuardState& state, const Needs& needs, const api::PolicySpec& spec,
                         std::size_t deployments, MonotonicTime now, Time wall_time) {
  ChecksStarted started{
      .names = {}, .schedule = state.schedule, .idle_schedule = state.idle_schedule};
  started.names =
      started.schedule.take_due(needs, spec, state.running_checks, now,
                                first_runs(state.guard, state.rollback.copy(), spec, wall_time));
  const std::vector<std::string> due_in_idle = started.idle_schedule.take_due(
      needs.idle_checks, state.deployment_uid, first_measurement_within(deployments),
      state.running_checks, now);
  started.names.insert(started.names.end(), due_in_idle.begin(), due_in_idle.end());
  return started;
}

void apply_observation(Inputs& inputs, std::optional<TemplateObservation> observation) {
  if (!observation) return;
  inputs.replica_sets = std::move(observation->sets);
  inputs.author = std::move(observation->author);
  inputs.template_problem = std::move(observation->problem);
}

}  // namespace lastgood::guard
