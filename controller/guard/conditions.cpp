#include "guard/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lastgood::guard {

using api::State;
using api::Truth;

namespace {

Truth truth(bool value) { return value ? Truth::True : Truth::False; }

void set(api::GuardStatus& guard, const char* type, Truth status, std::string reason, std::string message,
         std::int64_t generation, Time now) {
  api::set_condition(guard.conditions,
                     {.type = type,
                      .status = status,
                      .reason = std::move(reason),
                      .message = std::move(message),
                      .observed_generation = generation},
                     now);
}

// The present template is not the one that `current` speaks of, or that is not known.
bool is_waited_for(const api::GuardStatus& guard) {
  constexpr std::array reasons{"WaitingForReplicaSet", "WaitingForStatus", "DeploymentPaused"};
  return std::ranges::find(reasons, guard.reason) != reasons.end();
}

}  // namespace

void set_governed(api::GuardStatus& guard, const policy::EffectivePolicy& guarding, std::int64_t generation, Time now) {
  switch (guarding.kind) {
    case policy::EffectivePolicy::Kind::None:
      return set(guard, "Governed", Truth::False, guarding.reason.empty() ? "NotOptedIn" : guarding.reason, guarding.message,
                 generation, now);
    case policy::EffectivePolicy::Kind::Broken: return set(guard, "Governed", Truth::False, guarding.reason, guarding.message, generation, now);
    case policy::EffectivePolicy::Kind::RollbackPolicy:
    case policy::EffectivePolicy::Kind::ConfigMap:
    case policy::EffectivePolicy::Kind::BuiltIn: break;
  }
  set(guard, "Governed", Truth::True, guarding.spec.suspend ? "Suspended" : "PolicyApplies",
      guarding.spec.suspend ? fmt::format("{} applies but is suspended: nothing is judged and nothing is done", guarding.name)
                            : fmt::format("{} applies", guarding.name),
      generation, now);
}

void set_standing(api::GuardStatus& guard, const policy::EffectivePolicy& guarding, std::int64_t generation, Time now) {
  const bool broken = guarding.kind == policy::EffectivePolicy::Kind::Broken;
  const bool stalled = broken || guard.state == State::Held || guard.state == State::Frozen;
  const bool busy = !stalled && (guard.state != State::Idle || is_waited_for(guard));
  const std::string reason = broken ? guarding.reason : (guard.reason.empty() ? api::to_string(guard.state) : guard.reason);
  const std::string message = broken ? guarding.message : guard.message;
  set(guard, "Ready", truth(!stalled && !busy), reason, message, generation, now);
  set(guard, "Reconciling", truth(busy), reason, message, generation, now);
  set(guard, "Stalled", truth(stalled), reason, message, generation, now);
}

}  // namespace lastgood::guard
