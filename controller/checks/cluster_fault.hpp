// Why a release does not roll out, if the pods themselves say nothing: the API server creates no
// pods, or each pod that is not ready waits for the cluster. Private to checks/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/measurement.hpp"
#include "checks/rollout_view.hpp"

namespace lastgood::checks {

// A Fail after 20 s, if the Deployment's condition ReplicaFailure is about the measured revision
// and every pod of the revision is ready. Its reason:
//   PodsRejected    the content of the new template is the cause, such as its security settings or
//                   its service account
//   PodsNotCreated  the cluster is the cause: a quota, an unavailable webhook, any other error
[[nodiscard]] std::optional<api::Measurement> creation_failure(
    const RolloutView& view, const std::vector<const api::Pod*>& pods);

struct ClusterFault {
  api::Reason reason = api::Reason::None;
  std::string message;  // quotes the cluster
};

// The cause if only the cluster prevents the rollout. Each pod that is not ready must
//   - be unscheduled (Unschedulable),
//   - be on a node that does not report (NodeNotReady), or
//   - wait for an unavailable registry (RegistryUnavailable).
// The first of these pods gives the reason. If all pods are ready: PodsNotCreated, as above.
[[nodiscard]] std::optional<ClusterFault> cluster_fault(const RolloutView& view,
                                                        const std::vector<const api::Pod*>& pods);

}  // namespace lastgood::checks
