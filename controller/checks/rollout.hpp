// The rollout check: a measurement from the conditions of a Deployment and the pods of its new
// revision, without a probe. It fails within seconds, where Kubernetes itself waits for
// progressDeadlineSeconds.
#pragma once

#include <optional>
#include <span>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"

namespace lastgood::checks {

using api::Measurement;

using api::rollout_check;

struct RolloutView {
  const api::Deployment& deployment;
  TemplateHash hash;               // of the evaluated revision
  std::span<const api::Pod> pods;  // of that revision
  std::optional<Time> rolled_out;  // when the rollout was first seen complete; absent: not yet
  Duration startup_grace = api::default_progress_deadline;  // see startup_grace()
};

// The first of these that applies gives the result:
//   1. ScaledToZero              Unknown
//   2. ProgressDeadlineExceeded  Fail, immediate
//   3. CrashLoop, OOMKilled      Fail, immediate; after 5 s if the container is not in back-off yet
//   4. ImagePull                 Fail after 20 s; immediate for an invalid image name
//   5. ConfigError               Fail after 10 s
//   6. after the rollout:        the result of measure_readiness()
//   7. Complete                  Pass
//   8. RegistryUnavailable       Unknown
//   9. RollingOut                Unknown
// The policy can turn off 2, 3, 4 and 5, and the Fail of 6. Init containers that crash count for 3
// only if the policy says so: many of them wait for another service. They wait for 2.
[[nodiscard]] Measurement measure_rollout(const api::RolloutCheck& rules, const RolloutView& view,
                                          Time now);

}  // namespace lastgood::checks
