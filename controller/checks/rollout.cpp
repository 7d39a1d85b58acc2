#include "checks/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "checks/container.hpp"
#include "checks/readiness.hpp"
#include "checks/rollout_measurement.hpp"
#include "checks/startup.hpp"

namespace lastgood::checks {
namespace {

using api::ContainerState;
using api::Pod;
using api::Reason;
using std::chrono::seconds;

// The kubelet retries a failed pull after 10 to 15 s. If the second pull fails too, the cause is
// not a short failure of the registry.
constexpr Duration time_for_second_pull = seconds(20);
// The kubelet restarts a container without back-off if it ran for long, no matter how often it
// restarted before. The shortest back-off is 10 s, so a container that is still down after this
// time is in back-off.
constexpr Duration time_for_restart = seconds(5);
// Some tools create a ConfigMap or Secret shortly after the Deployment that needs it.
constexpr Duration time_for_late_creation = seconds(10);

// For example "pod web-1, container app".
std::string location_text(const FoundContainer& found) {
  return fmt::format("pod {}, container {}", found.pod.meta.key.name, found.container.name);
}

// For example "ErrImagePull: not found".
std::string waiting_text(const ContainerState& container) {
  return container.waiting_message.empty()
             ? container.waiting_reason
             : fmt::format("{}: {}", container.waiting_reason, container.waiting_message);
}

// Of the first pod that is late. Empty if its containers do not run.
std::string late_pod_text(std::span<const Pod> pods, Time now) {
  for (const Pod& pod : pods) {
    if (!is_pod_active(pod) || pod.ready) continue;
    const std::string text = startup_text(pod, now);
    if (!text.empty()) return fmt::format("; pod {}: {}", pod.meta.key.name, text);
  }
  return "";
}

// After a rollback to a ReplicaSet that still exists, the Deployment controller leaves the
// condition of the bad ReplicaSet in place until the restored one makes progress. The message of
// the condition names its ReplicaSet, so a condition of another ReplicaSet is ignored.
std::optional<Measurement> deadline_exceeded(const RolloutView& view, Time now) {
  const auto& deployment = view.deployment;
  if (deployment.observed_generation < deployment.meta.generation) return std::nullopt;
  for (const auto& condition : deployment.conditions) {
    if (condition.type != "Progressing" || condition.status != api::ConditionStatus::False ||
        condition.reason != "ProgressDeadlineExceeded")
      continue;
    const auto own_replica_set =
        fmt::format("\"{}-{}\"", deployment.meta.key.name, view.hash.value);
    if (condition.message.starts_with("ReplicaSet ") && !view.hash.empty() &&
        !condition.message.contains(own_replica_set))
      continue;
    return immediate_failure(
        Reason::ProgressDeadlineExceeded,
        fmt::format(
            "{} (exceeded progressDeadlineSeconds; {} of {} replicas updated, {} available){}",
            condition.message, deployment.updated_replicas, deployment.replicas,
            deployment.available_replicas, late_pod_text(view.pods, now)));
  }
  return std::nullopt;
}

// How many restarts of the container count as a crash loop. 0: they do not count.
int restart_limit(const api::RolloutCheck& rules, const Pod& pod, const ContainerState& container) {
  const bool is_init = std::ranges::any_of(
      pod.init_containers, [&](const ContainerState& init) { return &init == &container; });
  return is_init && !container.is_sidecar ? rules.init_crash_loop_restarts
                                          : rules.crash_loop_restarts;
}

// During a back-off the kubelet reports "terminated" or CrashLoopBackOff: is_down() covers both
// states.
std::optional<FoundContainer> looping_container(const api::RolloutCheck& rules, const Pod& pod) {
  return find_container({&pod}, [&](const ContainerState& container) {
    const int limit = restart_limit(rules, pod, container);
    return limit > 0 && is_down(container) && container.restarts >= limit;
  });
}

// If only a quarter of the pods or fewer crash, the cause may be their nodes. Pods that never ran
// are not counted.
std::optional<Measurement> crash_loop(const api::RolloutCheck& rules,
                                      const std::vector<const Pod*>& pods) {
  const auto is_looping = [&](const Pod* pod) {
    return looping_container(rules, *pod).has_value();
  };
  const auto looping_pods = std::ranges::count_if(pods, is_looping);
  const auto pods_that_ran = std::ranges::count_if(
      pods, [&](const Pod* pod) { return find_container({pod}, has_run).has_value(); });
  const auto pod = std::ranges::find_if(pods, is_looping);
  if (pod == pods.end() || looping_pods * 4 <= pods_that_ran) return std::nullopt;
  const FoundContainer found = *looping_container(rules, **pod);
  const ContainerState& container = found.container;
  const std::string exit_reason =
      container.last_exit_reason.empty() ? "" : fmt::format(" ({})", container.last_exit_reason);
  const std::string message = fmt::format(
      "{}: {} restarts (limit {}), last exit code {}{}", location_text(found), container.restarts,
      restart_limit(rules, found.pod, container), container.last_exit_code, exit_reason);
  const Reason reason = was_oom_killed(container) ? Reason::OOMKilled : Reason::CrashLoop;
  return container.ended ? delayed_failure(time_for_restart, reason, message)
                         : immediate_failure(reason, message);
}

std::optional<Measurement> image_pull(const std::vector<const Pod*>& pods) {
  const auto invalid = find_container(pods, [](const ContainerState& container) {
    return container.waiting_reason == "InvalidImageName";
  });
  if (invalid)
    return immediate_failure(Reason::ImagePull, fmt::format("{}: {}", location_text(*invalid),
                                                            waiting_text(invalid->container)));
  const auto found = find_container(pods, [&](const ContainerState& container) {
    return lacks_image(container) && !has_run_in_any(pods, container.name);
  });
  if (!found) return std::nullopt;
  return delayed_failure(
      time_for_second_pull, Reason::ImagePull,
      fmt::format("{}: {} (limit {}, so that a second pull can succeed)", location_text(*found),
                  waiting_text(found->container), format_duration(time_for_second_pull)));
}

std::optional<Measurement> config_error(const std::vector<const Pod*>& pods) {
  const auto found = find_container(pods, [&](const ContainerState& container) {
    return lacks_config(container) && !has_run_in_any(pods, container.name);
  });
  if (!found) return std::nullopt;
  return delayed_failure(
      time_for_late_creation, Reason::ConfigError,
      fmt::format("{}: {} (limit {}, because the ConfigMap or Secret may be created late)",
                  location_text(*found), waiting_text(found->container),
                  format_duration(time_for_late_creation)));
}

std::optional<Measurement> registry_unavailable(const std::vector<const Pod*>& pods) {
  const auto found = find_container(pods, [&](const ContainerState& container) {
    return is_registry_unavailable(container) && !has_run_in_any(pods, container.name);
  });
  if (!found) return std::nullopt;
  return rollout_measurement(
      api::MeasurementResult::Unknown, Reason::RegistryUnavailable,
      fmt::format("{}: {}; the registry is unavailable, so the check waits for the progress "
                  "deadline",
                  location_text(*found), waiting_text(found->container)));
}

// Many init containers crash until another service is ready.
std::string crashing_init_text(const std::vector<const Pod*>& pods) {
  for (const Pod* pod : pods) {
    const auto found = std::ranges::find_if(pod->init_containers, [](const auto& container) {
      return is_down(container) && !container.is_sidecar;
    });
    if (found != pod->init_containers.end())
      return fmt::format(
          "; init container {} of pod {} has restarted {} times, last exit code {}, so the check "
          "waits for the progress deadline",
          found->name, pod->meta.key.name, found->restarts, found->last_exit_code);
  }
  return "";
}

Measurement rolling_out(const api::Deployment& deployment, const std::vector<const Pod*>& pods) {
  const auto unscheduled =
      std::ranges::count_if(pods, [](const Pod* pod) { return is_unscheduled(*pod); });
  const std::string waiting =
      unscheduled == 0
          ? ""
          : fmt::format("; {} not scheduled, so the check waits for the progress deadline",
                        unscheduled);
  return rollout_measurement(
      api::MeasurementResult::Unknown, Reason::RollingOut,
      fmt::format(
          "{} of {} replicas updated, {} available; {} of {} pods of this revision ready{}{}",
          deployment.updated_replicas, deployment.replicas, deployment.available_replicas,
          std::ranges::count_if(pods, [](const Pod* pod) { return pod->ready; }), pods.size(),
          waiting, crashing_init_text(pods)));
}

}  // namespace

Measurement measure_rollout(const api::RolloutCheck& rules, const RolloutView& view, Time now) {
  const auto& deployment = view.deployment;
  if (deployment.replicas == 0)
    return rollout_measurement(api::MeasurementResult::Unknown, Reason::ScaledToZero,
                               "the Deployment is scaled to 0 replicas");
  std::vector<const Pod*> pods;
  for (const auto& pod : view.pods)
    if (is_pod_active(pod)) pods.push_back(&pod);

  if (rules.progress_deadline)
    if (auto measurement = deadline_exceeded(view, now)) return *std::move(measurement);
  if (auto measurement = crash_loop(rules, pods)) return *std::move(measurement);
  if (rules.image_pull_errors)
    if (auto measurement = image_pull(pods)) return *std::move(measurement);
  if (rules.config_errors)
    if (auto measurement = config_error(pods)) return *std::move(measurement);
  if (view.rolled_out)
    return measure_readiness(
        rules, pods, {.grace = view.startup_grace, .rolled_out = view.rolled_out, .now = now});
  if (api::rollout_complete(deployment))
    return rollout_measurement(
        api::MeasurementResult::Pass, Reason::Complete,
        fmt::format("all {} replicas have this revision and are available", deployment.replicas));
  auto unavailable = registry_unavailable(pods);
  return unavailable ? *std::move(unavailable) : rolling_out(deployment, pods);
}

}  // namespace lastgood::checks
