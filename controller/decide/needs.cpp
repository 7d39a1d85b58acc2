// What must be looked at before deciding, so that nothing is asked that no rule would read.
#include "decide/world.hpp"

namespace lastgood::decide {

using api::RollbackPhase;
using api::State;

namespace {

bool template_is_unknown(const api::Deployment& deployment, const api::GuardStatus& guard,
                         const std::optional<api::Rollback>& rollback) {
  if (!guard.current || guard.template_digest != deployment.template_digest || guard.deployment_uid != deployment.meta.uid)
    return true;
  // After our patch the digest must differ. Where it does not, somebody has put the same bad template back already.
  const bool restored = rollback && !api::finished(rollback->status.phase) && rollback->status.template_restored;
  return restored && guard.current->hash == rollback->spec.from.hash && deployment.meta.generation > rollback->spec.generation;
}

bool is_judged(State state, const std::optional<api::Rollback>& rollback) {
  switch (state) {
    case State::Watching:
    case State::Held:
    case State::Verifying: return true;
    case State::RollingBack: return rollback && rollback->status.phase == RollbackPhase::Restored;
    case State::Idle:
    case State::Frozen: break;
  }
  return false;
}

}  // namespace

Needs needs(const api::Deployment& deployment, const Guarding& guarding, const api::GuardStatus& guard,
            const std::optional<api::Rollback>& rollback) {
  if (guarding.kind != Guarding::Kind::Governed || deployment.meta.deleting) return {};
  Needs result;
  result.replica_sets = template_is_unknown(deployment, guard, rollback);
  // What is about to be recognised anew has no samples yet; what is suspended or scaled to zero is not judged.
  if (result.replica_sets || guarding.spec.suspend || deployment.replicas == 0) return result;
  result.rollout_sample = is_judged(guard.state, rollback);
  result.check_samples = result.rollout_sample && guard.state != State::RollingBack;
  return result;
}

}  // namespace lastgood::decide
