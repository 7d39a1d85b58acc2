#include "checks/container.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lastgood::checks {

using api::ContainerState;

bool is_pod_active(const api::Pod& pod) {
  return !pod.meta.deleting && pod.phase != "Failed" && pod.phase != "Succeeded";
}

bool starts_up(const api::Pod& pod, const std::optional<Time>& rolled_out, Time now) {
  if (pod.ready || !pod.meta.created) return false;
  // kubelet first says that a pod is not ready within a second of taking it on, and no more until
  // that changes.
  constexpr std::chrono::seconds at_once{5};
  const bool was_there = rolled_out && *pod.meta.created <= *rolled_out;
  const bool was_ready =
      pod.unready_since && pod.taken_on && *pod.unready_since > *pod.taken_on + at_once;
  return !was_there && !was_ready && now - *pod.meta.created < start_up;
}

bool is_node_unreachable(const api::Pod& pod) {
  return !pod.ready && pod.containers_ready && pod.gates_passed;
}

bool is_unscheduled(const api::Pod& pod) {
  return pod.phase == "Pending" && pod.ip.empty() && pod.containers.empty() &&
         pod.init_containers.empty();
}

bool is_waiting_for_image(const api::Pod& pod) {
  return std::ranges::any_of(pod.init_containers, waits_for_registry) ||
         std::ranges::any_of(pod.containers, waits_for_registry);
}

bool has_begun(const ContainerState& container) {
  return container.started || container.restarts > 0 || !container.last_exit_reason.empty();
}

bool is_down(const ContainerState& container) {
  return container.waiting_reason == "CrashLoopBackOff" ||
         (container.ended && container.last_exit_code != 0);
}

bool ran_out_of_memory(const ContainerState& container) {
  return container.last_exit_reason == "OOMKilled";
}

bool waits_for_registry(const ContainerState& container) {
  // Not "no such host": a name that does not exist may be misspelt.
  constexpr std::array<std::string_view, 19> words{
      "RegistryUnavailable",   "connection refused",    "connection reset", "i/o timeout",
      "TLS handshake timeout", "no route to host",      "is unreachable",   "deadline exceeded",
      "Client.Timeout",        "request canceled",      "unexpected EOF",   "server misbehaving",
      "Temporary failure",     "Too Many Requests",     "toomanyrequests",  "Service Unavailable",
      "Bad Gateway",           "Internal Server Error", "Gateway Timeout"};
  const bool is_pulled =
      container.waiting_reason == "ErrImagePull" || container.waiting_reason == "ImagePullBackOff";
  const auto is_said = [&](std::string_view word) {
    return container.waiting_message.contains(word);
  };
  return container.waiting_reason == "RegistryUnavailable" ||
         (is_pulled && std::ranges::any_of(words, is_said));
}

bool lacks_image(const ContainerState& container) {
  constexpr std::array<std::string_view, 4> reasons{
      "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "SignatureValidationFailed"};
  return std::ranges::find(reasons, container.waiting_reason) != reasons.end() &&
         !waits_for_registry(container);
}

bool lacks_config(const ContainerState& container) {
  const auto& words = container.waiting_message;
  const bool names_config = words.contains("configmap") || words.contains("secret");
  return container.waiting_reason == "CreateContainerConfigError" ||
         (container.waiting_reason == "CreateContainerError" && names_config &&
          words.contains("not found"));
}

}  // namespace lastgood::checks
