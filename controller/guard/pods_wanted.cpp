#include "guard/pods_wanted.hpp"

#include <algorithm>

namespace lastgood::guard {

std::optional<PodsWanted> pods_wanted(const api::Deployment& deployment,
                                      const policy::EffectivePolicy& policy,
                                      const api::GuardStatus& guard) {
  const bool is_evaluated = policy.governs() && !deployment.meta.deleting && guard.current &&
                            guard.state != api::State::Idle;
  if (!is_evaluated) return std::nullopt;
  PodsWanted wanted{.deployment = deployment.meta.key,
                    .hashes = {guard.current->hash},
                    .not_older_than = deployment.meta.resource_version};
  const auto add = [&](const api::Revision& revision) {
    if (!revision.hash.empty() &&
        std::ranges::find(wanted.hashes, revision.hash) == wanted.hashes.end())
      wanted.hashes.push_back(revision.hash);
  };
  // The revision that ran immediately before, then the target, then the others.
  const auto before = std::ranges::find_if(guard.revisions, [&](const api::Revision& revision) {
    return revision.hash != guard.current->hash;
  });
  if (before != guard.revisions.end()) add(*before);
  if (guard.last_good) add(*guard.last_good);
  for (const api::Revision& revision : guard.revisions) add(revision);
  return wanted;
}

bool confirms_by_list(const api::GuardStatus& guard) { return guard.state != api::State::Held; }

bool is_pod_of(const api::Pod& pod, const Key& deployment, const api::Revision& revision) {
  if (pod.replica_set.empty() || pod.meta.key.namespace_ != deployment.namespace_) return false;
  const auto label = pod.meta.labels.find("pod-template-hash");
  if (label == pod.meta.labels.end() || label->second != revision.hash.value) return false;
  return pod.replica_set == deployment.name + "-" + revision.hash.value ||
         (!revision.replica_set.empty() && pod.meta.owner == revision.replica_set);
}

}  // namespace lastgood::guard
