#include "checks/startup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::checks {
namespace {

// The kubelet sets Ready of a new pod to False about a second after status.startTime. If Ready
// became False more than this time after it, the pod was ready in between.
constexpr std::chrono::seconds max_first_report_delay{5};

// Between the clocks of the API server and of the controller.
constexpr std::chrono::seconds max_clock_difference{5};

bool has_probe(const api::Pod& pod, std::string_view container, api::ProbeKind kind) {
  return std::ranges::any_of(pod.probes, [&](const api::KubeletProbe& probe) {
    return probe.container == container && probe.kind == kind;
  });
}

bool decides_readiness(const api::KubeletProbe& probe) {
  return probe.kind != api::ProbeKind::Liveness;
}

}  // namespace

Duration startup_grace(const api::PolicySpec& spec, const api::Deployment& deployment) {
  if (spec.startup_grace) return *spec.startup_grace;
  return deployment.available_replicas > 0
             ? deployment.progress_deadline
             : std::min(deployment.progress_deadline, startup_grace_in_outage);
}

std::optional<Time> startup_began(const api::Pod& pod) {
  std::optional<Time> last_start;
  for (const api::ContainerState& container : pod.containers) {
    if (!container.started_at || container.restarts > 0) return pod.accepted_at;
    last_start = std::max(last_start, container.started_at);
  }
  return last_start ? last_start : pod.accepted_at;
}

bool has_been_ready(const api::Pod& pod, const std::optional<Time>& rolled_out) {
  const bool existed_at_rollout =
      rolled_out && pod.meta.created && *pod.meta.created + max_clock_difference <= *rolled_out;
  const bool became_unready = pod.unready_since && pod.accepted_at &&
                              *pod.unready_since > *pod.accepted_at + max_first_report_delay;
  return pod.ready || existed_at_rollout || became_unready;
}

bool has_startup_evidence(const api::Pod& pod, std::uint16_t port) {
  const auto may_go_to_port = [&](const api::KubeletProbe& probe) {
    return decides_readiness(probe) && (port == 0 || probe.port == 0 || probe.port == port);
  };
  const auto is_probed = [&](const api::ContainerState& container) {
    return std::ranges::any_of(pod.probes, [&](const api::KubeletProbe& probe) {
      return decides_readiness(probe) && probe.container == container.name;
    });
  };
  return std::ranges::any_of(pod.probes, may_go_to_port) ||
         (!pod.containers.empty() && std::ranges::all_of(pod.containers, is_probed));
}

bool may_be_starting(const api::Pod& pod, const StartupAllowance& allowance) {
  return !has_been_ready(pod, allowance.rolled_out) && is_within_allowance(pod, allowance);
}

bool is_within_allowance(const api::Pod& pod, const StartupAllowance& allowance) {
  const auto began = startup_began(pod);
  return !began || allowance.now - *began < allowance.grace;
}

std::string startup_text(const api::Pod& pod, Time now) {
  const auto late = std::ranges::find_if(
      pod.containers, [](const api::ContainerState& container) { return !container.ready; });
  if (late == pod.containers.end() || !late->started_at) return "";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - *late->started_at);
  const std::string subject =
      fmt::format("container {} has run for {}", late->name, format_duration(seconds));
  if (has_probe(pod, late->name, api::ProbeKind::Startup) && !late->started)
    return subject + " and its startup probe has not passed";
  return subject +
         " and has never been ready; if it needs more time, give it a startup probe and a longer "
         "progressDeadlineSeconds";
}

}  // namespace lastgood::checks
