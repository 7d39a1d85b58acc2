#include "checks/container.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lastgood::checks {

using api::ContainerState;

bool is_pod_active(const api::Pod& pod) {
  return !pod.meta.deleting && pod.phase != "Failed" && pod.phase != "Succeeded";
}

bool is_node_unreachable(const api::Pod& pod) {
  return !pod.ready && pod.containers_ready && pod.gates_passed;
}

bool is_unscheduled(const api::Pod& pod) {
  return pod.phase == "Pending" && pod.ip.empty() && pod.containers.empty() &&
         pod.init_containers.empty();
}

bool is_waiting_for_image(const api::Pod& pod) {
  return std::ranges::any_of(pod.init_containers, is_registry_unavailable) ||
         std::ranges::any_of(pod.containers, is_registry_unavailable);
}

bool has_run(const ContainerState& container) {
  return container.started || container.restarts > 0 || !container.last_exit_reason.empty();
}

bool is_down(const ContainerState& container) {
  return container.waiting_reason == "CrashLoopBackOff" ||
         (container.ended && container.last_exit_code != 0);
}

bool was_oom_killed(const ContainerState& container) {
  return container.last_exit_reason == "OOMKilled";
}

bool is_registry_unavailable(const ContainerState& container) {
  // "no such host" is not in the list: the host name may be misspelt. See excuse_registry().
  constexpr std::array<std::string_view, 19> temporary_errors{
      "RegistryUnavailable",   "connection refused",    "connection reset", "i/o timeout",
      "TLS handshake timeout", "no route to host",      "is unreachable",   "deadline exceeded",
      "Client.Timeout",        "request canceled",      "unexpected EOF",   "server misbehaving",
      "Temporary failure",     "Too Many Requests",     "toomanyrequests",  "Service Unavailable",
      "Bad Gateway",           "Internal Server Error", "Gateway Timeout"};
  const bool pull_failed =
      container.waiting_reason == "ErrImagePull" || container.waiting_reason == "ImagePullBackOff";
  const auto is_in_message = [&](std::string_view error) {
    return container.waiting_message.contains(error);
  };
  return container.waiting_reason == "RegistryUnavailable" ||
         (pull_failed && std::ranges::any_of(temporary_errors, is_in_message));
}

bool lacks_image(const ContainerState& container) {
  constexpr std::array<std::string_view, 4> reasons{
      "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "SignatureValidationFailed"};
  return std::ranges::find(reasons, container.waiting_reason) != reasons.end() &&
         !is_registry_unavailable(container);
}

bool lacks_config(const ContainerState& container) {
  const std::string& message = container.waiting_message;
  const bool names_config = message.contains("configmap") || message.contains("secret");
  return container.waiting_reason == "CreateContainerConfigError" ||
         (container.waiting_reason == "CreateContainerError" && names_config &&
          message.contains("not found"));
}

bool has_run_in_any(const std::vector<const api::Pod*>& pods, std::string_view name) {
  return find_container(pods,
                        [&](const ContainerState& container) {
                          return container.name == name && has_run(container);
                        })
      .has_value();
}

}  // namespace lastgood::checks
