// When a pod counts as started. Until then its failures say nothing about the release: Kubernetes
// sends no traffic to it, and the Deployment's own progress deadline decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/policy.hpp"
#include "api/workload.hpp"

namespace lastgood::checks {

// The maximum of the default allowance if no pod of any revision is available, because users are
// already affected.
inline constexpr Duration startup_grace_in_outage = std::chrono::minutes(2);

struct StartupAllowance {
  Duration grace{0};               // see startup_grace()
  std::optional<Time> rolled_out;  // when the rollout was first seen complete; absent: not yet
  Time now;
};

// How long a pod that was never ready may take to start: spec.startupGrace, or else the progress
// deadline of the Deployment, but at most `startup_grace_in_outage` if no pod is available.
[[nodiscard]] Duration startup_grace(const api::PolicySpec& spec,
                                     const api::Deployment& deployment);

// When the start-up began: when the last container started. If a container does not run or has
// restarted, it is when the kubelet accepted the pod, so a container that crashes gets no new
// allowance.
[[nodiscard]] std::optional<Time> startup_began(const api::Pod& pod);

// The pod is or was ready. It was ready if:
//   - it was created 5 s or more before the rollout completed, or
//   - its condition Ready became False after the first report of the kubelet.
[[nodiscard]] bool has_been_ready(const api::Pod& pod, const std::optional<Time>& rolled_out);

// Whether a readiness or startup probe of the kubelet proves that a ready pod has started its
// application on `port`. Without such a probe, a container is ready as soon as it runs. The probe
// of a sidecar says nothing about the application, so one of these must be true:
//   - a probe goes to `port`,
//   - a probe may go to `port`: its own port or `port` is 0, which means not known, or
//   - each container has a probe.
[[nodiscard]] bool has_startup_evidence(const api::Pod& pod, std::uint16_t port);

// The pod has never been ready, and its start-up began less than the allowance ago or is not known.
[[nodiscard]] bool may_be_starting(const api::Pod& pod, const StartupAllowance& allowance);

// The start-up began less than the allowance ago, or is not known.
[[nodiscard]] bool is_within_allowance(const api::Pod& pod, const StartupAllowance& allowance);

// Why a pod that has never been ready may be late, and what to do. For example "container app has
// run for 11m and its startup probe has not passed". Empty if all containers are ready, or if the
// first that is not ready does not run.
[[nodiscard]] std::string startup_text(const api::Pod& pod, Time now);

}  // namespace lastgood::checks
