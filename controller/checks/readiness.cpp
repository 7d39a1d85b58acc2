#include "checks/readiness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "checks/container.hpp"
#include "checks/rollout_measurement.hpp"

namespace lastgood::checks {
namespace {

using api::ContainerState;
using api::Measurement;
using api::Pod;
using api::Reason;
constexpr auto unknown = api::MeasurementResult::Unknown;

// A container of the pod lacks its image or configuration, but the same container runs in another
// pod.
bool lacks_shared_dependency(const std::vector<const Pod*>& pods, const Pod& pod) {
  const auto runs_elsewhere = [&](std::string_view name) {
    return find_container(
               pods,
               [&](const ContainerState& other) { return other.name == name && other.started; })
        .has_value();
  };
  return find_container({&pod},
                        [&](const ContainerState& container) {
                          return (lacks_image(container) || lacks_config(container)) &&
                                 runs_elsewhere(container.name);
                        })
      .has_value();
}

struct Readiness {
  std::size_t counted = 0;
  std::size_t not_ready = 0;
  const Pod* example = nullptr;  // the first pod that is not ready
  // Not counted, because the cluster is the cause:
  std::size_t node_unreachable = 0;
  std::set<std::string_view> unreachable_nodes;
  std::size_t unscheduled = 0;
  std::size_t waiting_for_image = 0;
  std::size_t lacking_dependency = 0;
};

Readiness readiness_of(const std::vector<const Pod*>& pods, const StartupAllowance& allowance) {
  Readiness out;
  for (const Pod* pod : pods) {
    if (is_node_unreachable(*pod)) {
      ++out.node_unreachable;
      if (!pod->node.empty()) out.unreachable_nodes.insert(pod->node);
    } else if (is_unscheduled(*pod)) {
      ++out.unscheduled;
    } else if (is_waiting_for_image(*pod)) {
      ++out.waiting_for_image;
    } else if (lacks_shared_dependency(pods, *pod)) {
      ++out.lacking_dependency;
    } else if (!may_be_starting(*pod, allowance)) {
      ++out.counted;
      if (pod->ready) continue;
      ++out.not_ready;
      if (!out.example) out.example = pod;
    }
  }
  return out;
}

// " (node-1, node-2)"
std::string node_names(const Readiness& readiness) {
  return readiness.unreachable_nodes.empty()
             ? ""
             : fmt::format(" ({})", fmt::join(readiness.unreachable_nodes, ", "));
}

// For example "; not counted: 1 not scheduled".
std::string not_counted_text(const Readiness& readiness) {
  std::string out;
  const auto add = [&](std::size_t count, const std::string& cause) {
    if (count > 0) out += fmt::format("{} {} {}", out.empty() ? "" : ",", count, cause);
  };
  add(readiness.node_unreachable, "on a node that does not report" + node_names(readiness));
  add(readiness.unscheduled, "not scheduled");
  add(readiness.waiting_for_image, "waiting for an unavailable registry");
  add(readiness.lacking_dependency, "without an image or configuration that other pods have");
  return out.empty() ? "" : "; not counted:" + out;
}

// If several causes apply, only the first that the function checks is reported.
Measurement no_pod_counted(const Readiness& readiness, std::size_t pods) {
  if (pods == 0) return rollout_measurement(unknown, Reason::NoPods, "the revision has no pods");
  if (readiness.node_unreachable > 0)
    return rollout_measurement(
        unknown, Reason::NodeNotReady,
        fmt::format("{} of {} pods are on a node that does not report{}",
                    readiness.node_unreachable, pods, node_names(readiness)));
  if (readiness.unscheduled > 0)
    return rollout_measurement(
        unknown, Reason::Unschedulable,
        fmt::format("{} of {} pods are not scheduled", readiness.unscheduled, pods));
  if (readiness.waiting_for_image > 0)
    return rollout_measurement(unknown, Reason::RegistryUnavailable,
                               fmt::format("{} of {} pods wait for an unavailable registry",
                                           readiness.waiting_for_image, pods));
  return rollout_measurement(unknown, Reason::PodsStarting,
                             fmt::format("all {} pods of the revision are still starting", pods));
}

// For example ", container app in CrashLoopBackOff". Empty if no container is waiting.
std::string waiting_container_text(const Pod& pod) {
  const auto waiting = std::ranges::find_if(
      pod.containers, [](const auto& container) { return !container.waiting_reason.empty(); });
  return waiting == pod.containers.end()
             ? ""
             : fmt::format(", container {} in {}", waiting->name, waiting->waiting_reason);
}

std::string example_text(const Pod& pod, const StartupAllowance& allowance) {
  std::string waiting = waiting_container_text(pod);
  if (!waiting.empty() || has_been_ready(pod, allowance.rolled_out)) return waiting;
  const std::string startup = startup_text(pod, allowance.now);
  return startup.empty() ? "" : ", " + startup;
}

}  // namespace

Measurement measure_readiness(const api::RolloutCheck& rules, const std::vector<const Pod*>& pods,
                              const StartupAllowance& allowance) {
  const Readiness readiness = readiness_of(pods, allowance);
  if (readiness.counted == 0) return no_pod_counted(readiness, pods.size());
  const std::string allowed_time = format_duration(rules.unavailable_for);
  const std::string suffix = not_counted_text(readiness);
  if (rules.unavailable_for > Duration::zero() && readiness.not_ready * 4 > readiness.counted)
    return delayed_failure(
        rules.unavailable_for, Reason::NotReady,
        fmt::format("{} of {} pods are not ready, for example {}{} (limit 25% of pods for {}){}",
                    readiness.not_ready, readiness.counted, readiness.example->meta.key.name,
                    example_text(*readiness.example, allowance), allowed_time, suffix));
  return rollout_measurement(
      api::MeasurementResult::Pass,
      readiness.node_unreachable > 0 ? Reason::NodeNotReady : Reason::Available,
      fmt::format("{} of {} pods are ready (limit 25% of pods not ready for {}){}",
                  readiness.counted - readiness.not_ready, readiness.counted, allowed_time,
                  suffix));
}

}  // namespace lastgood::checks
