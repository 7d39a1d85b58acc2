#include "guard/needs.hpp"

#include <tuple>

#include "api/find_check.hpp"
#include "guard/freeze.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RollbackPhase;
using api::State;

namespace {

bool template_is_unknown(const api::Deployment& deployment, const api::GuardStatus& guard,
                         const std::optional<api::Rollback>& rollback) {
  if (!guard.current || guard.template_digest != deployment.template_digest ||
      guard.deployment_uid != deployment.meta.uid)
    return true;
  if (rollback::is_unknown_to(guard, rollback, deployment) ||
      rollback::was_applied_again(guard, rollback))
    return true;
  // The patch of a rollback changes the digest. If the digest has not changed, the bad template was
  // applied again.
  return rollback::is_open(rollback, deployment) && rollback->status.template_restored &&
         guard.current->hash == rollback->spec.from.hash &&
         deployment.meta.generation > rollback->spec.generation;
}

// The number of guard.current is older than the number that the Deployment has: a reused ReplicaSet
// gets its new number only when the Deployment controller has observed the template. False after
// the patch of a rollback: then a live read may be ahead of the watch.
bool number_is_behind(const api::Deployment& deployment, const api::GuardStatus& guard,
                      const std::optional<api::Rollback>& rollback) {
  const bool is_restored =
      rollback::is_open(rollback, deployment) && rollback->status.template_restored;
  return !is_restored && guard.current && guard.current->number < api::revision_of(deployment.meta);
}

// Whether a decision needs the results of the checks in the present state.
bool needs_checks(const api::GuardStatus& guard, const std::optional<api::Rollback>& rollback) {
  switch (guard.state) {
    case State::Evaluating:
    case State::Held:
    case State::Verifying: return true;
    case State::RollingBack: {
      const api::Rollback* named = rollback::named_by(guard, rollback);
      // Without a record nothing is rolled back: the release is still evaluated.
      if (!named) return true;
      // Before the patch the release must still fail. After the patch the restored revision must
      // roll out, and its results are the baseline of a release that replaces it early.
      return named->status.phase == RollbackPhase::Pending ||
             named->status.phase == RollbackPhase::Restored;
    }
    case State::Frozen: return ends_with_outage(guard);
    case State::Idle: break;
  }
  return false;
}

// It has not failed in this bake: few passes beside many failures would say less about the bake.
// Not at the end of the bake: the verdict needs a new result.
bool is_rollout_passing(const api::GuardStatus& guard, const api::PolicySpec& spec) {
  const api::CheckStatus* rollout = api::find_check(guard.checks, api::rollout_check);
  return guard.state == State::Evaluating && guard.rolled_out && rollout &&
         rollout->result == api::MeasurementResult::Pass && rollout->bake_failures == 0 &&
         guard.bake && guard.bake->observed + passing_rollout_interval < spec.bake_time;
}

}  // namespace

bool changes_rollout(const api::Deployment& before, const api::Deployment& after) {
  const auto fields = [](const api::Deployment& deployment) {
    return std::tie(deployment.meta.generation, deployment.observed_generation,
                    deployment.status_replicas, deployment.replicas, deployment.updated_replicas,
                    deployment.available_replicas, deployment.conditions);
  };
  return fields(before) != fields(after);
}

Needs needs(const api::Deployment& deployment, const policy::EffectivePolicy& policy,
            const api::GuardStatus& guard, const std::optional<api::Rollback>& rollback) {
  if (!policy.governs() || deployment.meta.deleting) return {};
  Needs result;
  result.replica_sets = template_is_unknown(deployment, guard, rollback);
  // A template that is not recognized yet has no measurements. A Deployment that is suspended or
  // scaled to zero is not evaluated.
  if (result.replica_sets || policy.spec.suspend || deployment.replicas == 0) return result;
  result.replica_sets = number_is_behind(deployment, guard, rollback);
  result.idle_checks = idle_checks(deployment, policy.spec, guard);
  result.rollout_measurement = needs_checks(guard, rollback);
  result.check_measurements = result.rollout_measurement;
  if (is_rollout_passing(guard, policy.spec)) result.rollout_every = passing_rollout_interval;
  return result;
}

}  // namespace lastgood::guard
