// The revisions of a Deployment whose pods the controller needs, and which pods belong to them.
#pragma once

#include <optional>
#include <vector>

#include "api/guard.hpp"
#include "api/workload.hpp"
#include "policy/effective_policy.hpp"

namespace lastgood::guard {

// The pods of one Deployment that is not Idle.
struct PodsWanted {
  Key deployment;
  std::vector<TemplateHash> hashes;  // the revisions that are read first come first
  // The version of the Deployment. An older list of pods may lack the pods of the release.
  ResourceVersion not_older_than;
  bool operator==(const PodsWanted&) const = default;
};

// Empty if the Deployment is Idle, is being deleted, or no policy applies to it.
[[nodiscard]] std::optional<PodsWanted> pods_wanted(const api::Deployment& deployment,
                                                    const policy::EffectivePolicy& policy,
                                                    const api::GuardStatus& guard);

// Whether a live list confirms each failure: the watch may lag. While a rollback is held, a breach
// has been confirmed, and the same failure is measured again and again.
[[nodiscard]] bool confirms_by_list(const api::GuardStatus& guard);

// The owner of the pod is the ReplicaSet of this revision. A ReplicaSet that was deleted is created
// again under the same name with another uid, so the name decides. The hash alone does not decide:
// two Deployments of a namespace can have the same template. A ReplicaSet that the Deployment
// adopted can have any name, so the uid is accepted too.
[[nodiscard]] bool is_pod_of(const api::Pod& pod, const Key& deployment,
                             const api::Revision& revision);

}  // namespace lastgood::guard
