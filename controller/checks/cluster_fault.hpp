// Why a release does not roll out, if the pods themselves say nothing: the API server creates no
// pods, or each pod that is not ready waits for the cluster. Private to checks/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/measurement.hpp"
#include "checks/rollout_view.hpp"

namespace lastgood::checks {

// The Deployment's condition ReplicaFailure, if it is about the measured revision and every pod of
// the revision is ready. A Fail after 20 s:
//   PodsRejected    the content of the new template is the cause: pod security, service account,
//   ... PodsNotCreated  the cluster is the cause: a quota, an unavailable webhook, any other error
[[nodiscard]] std::optional<api::Measurement> creation_failure(
    const RolloutView& view, const std::vector<const api::Pod*>& pods);

struct ClusterFault {
  api::Reason reason = api::Reason::None;
  std::string message;  // quotes the cluster
};

// The cause if only the cluster prevents the rollout: PodsNotCreated, or each pod that is not ready
//   - is not scheduled (Unschedulable),
//   - is on a node that does not report (NodeNotReady), or
//   - waits for an unavailable registry (RegistryUnavailable).
// The first pod that is not ready gives the reason.
[[nodiscard]] std::optional<ClusterFault> cluster_fault(const RolloutView& view,
                                                        const std::vector<const api::Pod*>& pods);

}  // namespace lastgood::checks
