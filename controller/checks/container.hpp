// Predicates on pods and containers, as the kubelet reports them in the status of a pod.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/workload.hpp"

namespace lastgood::checks {

// The pod is not terminating and has not ended. An evicted or completed pod has ended, but stays in
// the list until it is garbage collected.
[[nodiscard]] bool is_pod_active(const api::Pod& pod);

// The pod is not ready, but its containers and readiness gates are: the node controller set the
// condition Ready to False, because the node does not report.
[[nodiscard]] bool is_node_unreachable(const api::Pod& pod);

// The pod is Pending, and no kubelet has reported its containers or its address yet.
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
// error message of the container runtime distinguishes the causes.
[[nodiscard]] bool is_registry_unavailable(const api::ContainerState& container);

// The container cannot start without its image, for example because the image does not exist or the
// registry denies access. False if is_registry_unavailable() is true.
[[nodiscard]] bool lacks_image(const api::ContainerState& container);

// A ConfigMap or Secret of the container, or a key in one, is missing.
[[nodiscard]] bool lacks_config(const api::ContainerState& container);

struct FoundContainer {
  const api::Pod& pod;
  const api::ContainerState& container;
};

// The first container for which `predicate` is true. The pods are searched in the given order, and
// in each pod the init containers first.
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
