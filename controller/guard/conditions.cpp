#include "guard/conditions.hpp"

#include <fmt/format.h>

namespace lastgood::guard {

using api::ConditionStatus;
using api::State;

namespace {

ConditionStatus condition_status(bool value) {
  return value ? ConditionStatus::True : ConditionStatus::False;
}

void set(api::GuardStatus& guard, std::string_view type, ConditionStatus status,
         std::string_view reason, std::string message, std::int64_t generation, Time now) {
  api::set_condition(guard.conditions,
                     {.type = std::string(type),
                      .status = status,
                      .reason = std::string(reason),
                      .message = std::move(message),
                      .observed_generation = generation},
                     now);
}

// The Deployment's template may be newer than the revision in guard.current.
bool awaits_template(const api::GuardStatus& guard, const api::Deployment& deployment) {
  switch (guard.reason) {
    case Reason::WaitingForReplicaSet:
    case Reason::WaitingForStatus: return true;
    // A pause does not delay a revision that is in guard.current already.
    case Reason::DeploymentPaused: return guard.template_digest != deployment.template_digest;
    default: return false;
  }
}

}  // namespace

Reason governed_reason(const EffectivePolicy& policy) {
  switch (policy.kind) {
    case EffectivePolicy::Kind::None: return Reason::NotOptedIn;
    case EffectivePolicy::Kind::Broken: return policy.reason;
    case EffectivePolicy::Kind::RollbackPolicy:
    case EffectivePolicy::Kind::ConfigMap:
    case EffectivePolicy::Kind::BuiltIn: break;
  }
  return policy.spec.suspend ? Reason::Suspended : Reason::PolicyApplies;
}

void set_governed(api::GuardStatus& guard, const EffectivePolicy& policy, std::int64_t generation,
                  Time now) {
  const Reason reason = governed_reason(policy);
  std::string message = policy.message;
  if (policy.governs()) message = fmt::format("{} applies", policy.name);
  if (reason == Reason::Suspended)
    message = fmt::format(
        "{} applies but is suspended. No release is evaluated and nothing is rolled back until "
        "spec.suspend is false",
        policy.name);
  set(guard, api::condition::governed, condition_status(policy.governs()), api::to_string(reason),
      std::move(message), generation, now);
}

void set_kstatus_conditions(api::GuardStatus& guard, const policy::EffectivePolicy& policy,
                            const api::Deployment& deployment, Time now) {
  const std::int64_t generation = deployment.meta.generation;
  const bool broken = policy.kind == policy::EffectivePolicy::Kind::Broken;
  const bool stalled = broken || guard.state == State::Held || guard.state == State::Frozen;
  const bool busy = !stalled && (guard.state != State::Idle || awaits_template(guard, deployment));
  const Reason cause = broken ? policy.reason : guard.reason;
  const std::string reason =
      cause == Reason::None ? api::to_string(guard.state) : api::to_string(cause);
  const std::string message = broken ? policy.message : guard.message.str();
  set(guard, api::condition::ready, condition_status(!stalled && !busy), reason, message,
      generation, now);
  set(guard, api::condition::reconciling, condition_status(busy), reason, message, generation, now);
  set(guard, api::condition::stalled, condition_status(stalled), reason, message, generation, now);
}

}  // namespace lastgood::guard
