// The rollout check: a measurement from the conditions of a Deployment and the pods of its new
// revision, without a probe. It fails within seconds, where Kubernetes itself waits for
// progressDeadlineSeconds.
#pragma once

#include <span>

#include "api/measurement.hpp"
#include "api/meta.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/rollout_view.hpp"

namespace lastgood::checks {

using api::Measurement;

using api::rollout_check;

// True if a pod waits for its volumes or for a node, so that the references of the template must be
// read (RolloutView::missing_references). The kubelet reports a missing volume only in an Event.
[[nodiscard]] bool awaits_references(const RolloutView& view);

// The images that ran in the pods, by name. See api::Revision::images.
[[nodiscard]] api::StringMap images_of(std::span<const api::Pod> pods);

// The first of these that applies gives the result:
//   1. ScaledToZero              Unknown
//   2. ProgressDeadlineExceeded  Fail, immediate; has the reason of cluster_fault(), if any
//   3. CrashLoop, OOMKilled      Fail, immediate; after 5 s if the container is not in back-off yet
//   4. ImagePull                 Fail after 20 s; immediate for an invalid image name
//   5. ConfigError               Fail after rules.config_errors_for
//   6. after the rollout:        the result of measure_readiness()
//   7. Complete                  Pass
//   8. PodsRejected, PodsNotCreated  Fail after 20 s
//   9. RegistryUnavailable       Unknown
//  10. RollingOut                Unknown
// If the cluster delayed a pod that is starting now, 2 does not fail. The result is then 3, 4 or 5,
// else 10.
// The policy can turn off 2, 3, 4 and 5, and the Fail of 6. An init container that crashes counts
// for 3 only if the policy says so, because many of them wait for another service. Otherwise the
// check waits for 2.
[[nodiscard]] Measurement measure_rollout(const api::RolloutCheck& rules, const RolloutView& view,
                                          Time now);

}  // namespace lastgood::checks
