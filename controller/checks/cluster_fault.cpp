#include "checks/cluster_fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "checks/container.hpp"
#include "checks/rollout_measurement.hpp"

namespace lastgood::checks {
namespace {

using api::Pod;
using api::Reason;

// A quota can be exceeded for a moment while old pods end.
constexpr std::chrono::seconds time_for_creation{20};

// Parts of error messages of the API server that are about the content of the pod. Any other error
// may end without a change of the template.
bool is_about_template(std::string_view message) {
  constexpr std::array<std::string_view, 9> parts{
      "violates PodSecurity", "serviceaccount \"",      "Invalid value",
      "is invalid",           "denied the request",     "denied request",
      "usage per ",           "no PriorityClass with ", "pod rejected: RuntimeClass "};
  constexpr std::string_view quota = "quota";
  return !message.contains(quota) &&
         std::ranges::any_of(parts, [&](std::string_view part) { return message.contains(part); });
}

// The message of the condition ReplicaFailure. The Deployment controller also copies the condition
// of another ReplicaSet: the name of the rejected pod shows whose it is.
std::optional<std::string> creation_error(const RolloutView& view) {
  const auto& deployment = view.deployment;
  if (deployment.observed_generation < deployment.meta.generation) return std::nullopt;
  for (const auto& condition : deployment.conditions) {
    if (condition.type != "ReplicaFailure" || condition.status != api::ConditionStatus::True)
      continue;
    const auto own_pods = fmt::format("\"{}-{}-", deployment.meta.key.name, view.hash.value);
    if (condition.message.contains("pods \"") && !condition.message.contains(own_pods)) continue;
    return condition.message;
  }
  return std::nullopt;
}

ClusterFault not_created(const std::string& error) {
  return {.reason = Reason::PodsNotCreated,
          .message = fmt::format("the cluster creates no pods of this revision: {}", error)};
}

const api::ContainerState* waits_for_registry(const Pod& pod) {
  const auto found = find_container({&pod}, is_registry_unavailable);
  return found ? &found->container : nullptr;
}

std::optional<ClusterFault> fault_of(const Pod& pod) {
  const std::string& name = pod.meta.key.name;
  if (is_unscheduled(pod))
    return ClusterFault{.reason = Reason::Unschedulable,
                        .message = fmt::format("pod {} is not scheduled{}{}", name,
                                               pod.unscheduled_message.empty() ? "" : ": ",
                                               pod.unscheduled_message)};
  if (is_node_unreachable(pod))
    return ClusterFault{
        .reason = Reason::NodeNotReady,
        .message = fmt::format("pod {} is on node {}, which does not report", name, pod.node)};
  if (const auto* container = waits_for_registry(pod))
    return ClusterFault{
        .reason = Reason::RegistryUnavailable,
        .message = fmt::format("pod {}, container {}: {}: {}", name, container->name,
                               container->waiting_reason, container->waiting_message)};
  return std::nullopt;
}

}  // namespace

std::optional<api::Measurement> creation_failure(const RolloutView& view,
                                                 const std::vector<const Pod*>& pods) {
  const bool all_ready = std::ranges::all_of(pods, [](const Pod* pod) { return pod->ready; });
  const auto error = creation_error(view);
  if (!error || !all_ready) return std::nullopt;
  if (is_about_template(*error))
    return delayed_failure(
        time_for_creation, Reason::PodsRejected,
        fmt::format("the API server rejects the pods of this revision: {}", *error));
  const ClusterFault fault = not_created(*error);
  return delayed_failure(time_for_creation, fault.reason, fault.message);
}

std::optional<ClusterFault> cluster_fault(const RolloutView& view,
                                          const std::vector<const Pod*>& pods) {
  std::optional<ClusterFault> first;
  for (const Pod* pod : pods) {
    if (pod->ready) continue;
    auto fault = fault_of(*pod);
    if (!fault) return std::nullopt;
    if (!first) first = std::move(fault);
  }
  if (first) return first;
  const auto error = creation_error(view);
  if (!error || is_about_template(*error)) return std::nullopt;
  return not_created(*error);
}

}  // namespace lastgood::checks
