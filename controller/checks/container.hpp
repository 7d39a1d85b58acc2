// What kubelet's words about a pod and its containers mean. Must not know what a check makes of
// them.
#pragma once

#include <optional>

#include "api/workload.hpp"

namespace lastgood::checks {

// A pod that came after the rollout (scaled up, moved off a node) may take this long to get ready
// before it counts.
inline constexpr Duration start_up{300'000};

// Nobody is stopping it. Those that have ended stay in the list until they are collected: they
// speak of the past.
[[nodiscard]] bool is_pod_active(const api::Pod& pod);

// It may still be starting up, so that it is not ready says nothing. It has been ready where it was
// there when the rollout was complete, or where it became unready later than kubelet first knew of
// it.
[[nodiscard]] bool starts_up(const api::Pod& pod, const std::optional<Time>& rolled_out, Time now);

// Nobody knows how it is: said to be unready by the node controller, because its node does not
// report, and not by kubelet, for which its containers and gates were ready.
[[nodiscard]] bool is_node_unreachable(const api::Pod& pod);

// kubelet reports containers and an address; a pod without either has no node yet, and one may be
// on its way.
[[nodiscard]] bool is_unscheduled(const api::Pod& pod);

// It has not started, or not again, since the registry of one of its images cannot be asked now.
[[nodiscard]] bool is_waiting_for_image(const api::Pod& pod);

// It runs, or did once.
[[nodiscard]] bool has_begun(const api::ContainerState& container);

// It ended, and waits to be started again. A container that runs is not down, whatever it once did:
// pods of a restored revision may have restarted months ago.
[[nodiscard]] bool is_down(const api::ContainerState& container);
[[nodiscard]] bool ran_out_of_memory(const api::ContainerState& container);

// The registry of its image cannot be asked now, or probes for no_result_timeout: kubelet goes on
// trying. Told by the words of the container runtime, which kubelet hands on, since the reason is
// ErrImagePull or ImagePullBackOff for whatever went wrong.
[[nodiscard]] bool waits_for_registry(const api::ContainerState& container);

// Its image cannot be had: the registry does not have it or does not let us in, or its name does
// not exist.
[[nodiscard]] bool lacks_image(const api::ContainerState& container);

// A ConfigMap or Secret that it needs, or a key of one, is missing.
[[nodiscard]] bool lacks_config(const api::ContainerState& container);

}  // namespace lastgood::checks
