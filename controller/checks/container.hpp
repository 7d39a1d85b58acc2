// Predicates on pods and containers, as the kubelet reports them in the status of a pod.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/workload.hpp"

namespace lastgood::checks {

// A pod that was created after the rollout (scaled up, or moved to another node) is not counted as
// not ready until it is this old.
inline constexpr Duration startup_time{300'000};

// The pod is not terminating and has not ended. An evicted or completed pod stays in the list until
// it is garbage collected, and says nothing about the present.
[[nodiscard]] bool is_pod_active(const api::Pod& pod);

// The pod is not ready, younger than `startup_time`, and was never seen ready. It was ready before
// if it existed when the rollout completed, or if its condition Ready became False later than the
// kubelet first reported the pod.
[[nodiscard]] bool may_be_starting(const api::Pod& pod, const std::optional<Time>& rolled_out,
                                   Time now);

// The node controller set the condition Ready to False because the node does not report. The
// containers and the readiness gates were ready in the last report of the kubelet, so the state of
// the pod is not known.
[[nodiscard]] bool is_node_unreachable(const api::Pod& pod);

// The kubelet reports containers and an address, so a pod without both is not on a node yet.
[[nodiscard]] bool is_unscheduled(const api::Pod& pod);

// A container of the pod cannot start because the registry of its image is unavailable.
[[nodiscard]] bool is_waiting_for_image(const api::Pod& pod);

// The container runs, or ran before.
[[nodiscard]] bool has_run(const api::ContainerState& container);

// The container failed and does not run. A running container is not down, no matter how often it
// restarted: a pod of a restored revision may have restarted months ago.
[[nodiscard]] bool is_down(const api::ContainerState& container);
[[nodiscard]] bool was_oom_killed(const api::ContainerState& container);

// The registry of the image refuses connections, times out or returns 429 or 5xx, and the kubelet
// tries again. The reason is ErrImagePull or ImagePullBackOff for every failed pull, so only the
// error message of the container runtime tells the causes apart.
[[nodiscard]] bool is_registry_unavailable(const api::ContainerState& container);

// The image cannot be pulled: the registry does not have it or denies access, or the host name of
// the registry does not resolve.
[[nodiscard]] bool lacks_image(const api::ContainerState& container);

// A ConfigMap or Secret of the container, or a key in one, is missing.
[[nodiscard]] bool lacks_config(const api::ContainerState& container);

struct FoundContainer {
  const api::Pod& pod;
  const api::ContainerState& container;
};

// The first container for which `predicate` holds: pods in the given order, and in each pod the
// init containers first.
template <class Predicate>
std::optional<FoundContainer> find_container(const std::vector<const api::Pod*>& pods,
                                             Predicate predicate) {
  for (const api::Pod* pod : pods)
    for (const auto* containers : {&pod->init_containers, &pod->containers})
      for (const api::ContainerState& container : *containers)
        if (predicate(container)) return FoundContainer{*pod, container};
  return std::nullopt;
}

// The container of this name runs or ran in one of the pods, so its image and its configuration
// exist. If another pod lacks them, the cause is its node, the registry, or a later deletion, not
// the release.
[[nodiscard]] bool has_run_in_any(const std::vector<const api::Pod*>& pods, std::string_view name);

}  // namespace lastgood::checks
