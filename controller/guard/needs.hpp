// Which inputs the shell reads before decide(). It reads only those that a rule will use.
#pragma once

#include <optional>
#include <vector>

#include "api/guard.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "base/time.hpp"
#include "guard/idle_checks.hpp"
#include "policy/effective_policy.hpp"

namespace lastgood::guard {

inline constexpr Duration rollout_interval{2'000};
// The interval while a complete rollout bakes and passes. A change of a pod or of the Deployment's
// status runs the check at once. So only a failure that begins without a change, when enough time
// has passed, is seen later.
inline constexpr Duration passing_rollout_interval{15'000};

// The rollout check reads a field that differs between the two states of the Deployment.
[[nodiscard]] bool changes_rollout(const api::Deployment& before, const api::Deployment& after);

// The inputs that the next decide() needs.
struct Needs {
  bool replica_sets = false;  // list the Deployment's ReplicaSets and compare templates
  bool rollout_measurement = false;
  Duration rollout_every = rollout_interval;
  bool check_measurements = false;
  std::vector<IdleCheck> idle_checks = {};  // only in state Idle
};
[[nodiscard]] Needs needs(const api::Deployment& deployment, const policy::EffectivePolicy& policy,
                          const api::GuardStatus& guard,
                          const std::optional<api::Rollback>& rollback);

}  // namespace lastgood::guard
