#include "checks/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "checks/cluster_fault.hpp"
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
// The longest usual time from the creation of a pod until a kubelet accepts it. It takes longer if
// the pod waits for a node.
constexpr Duration max_usual_wait = seconds(30);

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

// The startup_text() of the first pod that is not ready and has one. Empty if none has one.
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

// Some tools create a ConfigMap or Secret shortly after the Deployment that needs it.
Measurement missing_config(const api::RolloutCheck& rules, const std::string& message) {
  return delayed_failure(
      rules.config_errors_for, Reason::ConfigError,
      fmt::format("{} (limit {}, because the ConfigMap or Secret may be created late)", message,
                  format_duration(rules.config_errors_for)));
}

std::optional<Measurement> config_error(const api::RolloutCheck& rules,
                                        const std::vector<const Pod*>& pods) {
  const auto found = find_container(pods, [&](const ContainerState& container) {
    return lacks_config(container) && !has_run_in_any(pods, container.name);
  });
  if (!found) return std::nullopt;
  return missing_config(rules, fmt::format("{}: {}", location_text(*found),
                                           clip(waiting_text(found->container), 300)));
}

// No container of the pod has started, and the kubelet has not said why.
bool is_creating(const Pod& pod) {
  const auto is_waiting = [](const ContainerState& container) {
    return !has_run(container) && (container.waiting_reason == "ContainerCreating" ||
                                   container.waiting_reason == "PodInitializing");
  };
  return !pod.containers.empty() && std::ranges::all_of(pod.containers, is_waiting) &&
         std::ranges::all_of(pod.init_containers, is_waiting);
}

bool awaits_reference(const Pod& pod) {
  return is_pod_active(pod) && (is_creating(pod) || is_unscheduled(pod));
}

// The status of such a pod does not name the missing object: the kubelet reports a missing volume
// only in an Event.
std::optional<Measurement> missing_reference(const api::RolloutCheck& rules,
                                             const RolloutView& view) {
  const auto found = std::ranges::find_if(view.pods, awaits_reference);
  if (view.missing_references.empty() || found == view.pods.end()) return std::nullopt;
  std::string names;
  for (const std::string& name : view.missing_references)
    names += (names.empty() ? "" : ", ") + name;
  return missing_config(rules, fmt::format("pod {} cannot start: {} does not exist",
                                           found->meta.key.name, clip(names, 300)));
}

// The kubelet accepted the pod, or a container of it started for the first time, after the deadline
// was exceeded (the last update of Progressing), and less than progressDeadlineSeconds ago.
bool starts_after_deadline(const RolloutView& view, const Pod& pod, Time now) {
  const auto progressing =
      std::ranges::find(view.deployment.conditions, "Progressing", &api::DeploymentCondition::type);
  if (progressing == view.deployment.conditions.end() || !progressing->last_update) return false;
  const auto is_late = [&](const std::optional<Time>& start) {
    return start && *start > *progressing->last_update &&
           now - *start < view.deployment.progress_deadline;
  };
  const auto has_started_late = [&](const ContainerState& container) {
    return container.restarts == 0 && is_late(container.started_at);
  };
  return is_late(pod.accepted_at) || find_container({&pod}, has_started_late).has_value();
}

// How long the pod waited for the cluster. Nothing if that is usual, or if the pod has had
// progressDeadlineSeconds to start since.
std::optional<Duration> long_wait(const RolloutView& view, const Pod& pod, Time now) {
  if (!pod.meta.created || !pod.accepted_at ||
      now - *pod.accepted_at >= view.deployment.progress_deadline)
    return std::nullopt;
  const Duration wait = *pod.accepted_at - *pod.meta.created;
  return wait > max_usual_wait ? std::optional(wait) : std::nullopt;
}

// A pod that the cluster kept waiting gets the progress deadline for its own start:
//
//   created ......waits for a node...... accepted --------------- ready
//   |<----- deadline of the Deployment ----->|
//                                        |<------ deadline of the pod ------>|
//
// The text says why the exceeded deadline does not count yet. Empty if the deadline counts.
std::string late_start_text(const RolloutView& view, const Pod& pod, Time now) {
  if (pod.ready) return "";
  if (starts_after_deadline(view, pod, now))
    return fmt::format("pod {} could start only after progressDeadlineSeconds and is starting",
                       pod.meta.key.name);
  const auto wait = long_wait(view, pod, now);
  return wait ? fmt::format(
                    "progressDeadlineSeconds is exceeded, but the cluster started pod {} "
                    "{} after its creation, so it has more time to start",
                    pod.meta.key.name, format_duration(*wait))
              : "";
}

// A Fail if the deadline is exceeded, with the fault of the cluster if there is one. Unknown while
// a pod that the cluster kept waiting is starting.
std::optional<Measurement> deadline_or_cluster_fault(const RolloutView& view,
                                                     const std::vector<const Pod*>& pods,
                                                     Time now) {
  auto exceeded = deadline_exceeded(view, now);
  if (!exceeded) return std::nullopt;
  for (const Pod* pod : pods) {
    const std::string text = late_start_text(view, *pod, now);
    if (!text.empty())
      return rollout_measurement(api::MeasurementResult::Unknown, Reason::RollingOut, text);
  }
  const auto fault = cluster_fault(view, pods);
  if (!fault) return exceeded;
  return immediate_failure(fault->reason,
                           fmt::format("progressDeadlineSeconds is exceeded because of the "
                                       "cluster: {}",
                                       fault->message));
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
  const auto example =
      std::ranges::find_if(pods, [](const Pod* pod) { return is_unscheduled(*pod); });
  const std::string cause = example == pods.end() || (*example)->unscheduled_message.empty()
                                ? ""
                                : ": " + clip((*example)->unscheduled_message, 200);
  const std::string waiting =
      unscheduled == 0
          ? ""
          : fmt::format("; {} not scheduled, so the check waits for the progress deadline{}",
                        unscheduled, cause);
  return rollout_measurement(
      api::MeasurementResult::Unknown, Reason::RollingOut,
      fmt::format(
          "{} of {} replicas updated, {} available; {} of {} pods of this revision ready{}{}",
          deployment.updated_replicas, deployment.replicas, deployment.available_replicas,
          std::ranges::count_if(pods, [](const Pod* pod) { return pod->ready; }), pods.size(),
          waiting, crashing_init_text(pods)));
}

}  // namespace

bool awaits_references(const RolloutView& view) {
  const auto has_started = [](const Pod& pod) {
    return find_container({&pod}, has_run).has_value();
  };
  // A reference of a pod that ran existed. If it was deleted since, the release is not the cause.
  return !view.rolled_out && std::ranges::any_of(view.pods, awaits_reference) &&
         std::ranges::none_of(view.pods, has_started);
}

api::StringMap images_of(std::span<const Pod> pods) {
  api::StringMap images;
  for (const Pod& pod : pods)
    for (const ContainerState& container : pod.containers)
      if (!container.image.empty() && !container.image_id.empty() &&
          images.size() < api::Revision::max_images)
        images.emplace(clip(container.image, 512), clip(container.image_id, 512));
  return images;
}

Measurement measure_rollout(const api::RolloutCheck& rules, const RolloutView& view, Time now) {
  const auto& deployment = view.deployment;
  if (deployment.replicas == 0)
    return rollout_measurement(api::MeasurementResult::Unknown, Reason::ScaledToZero,
                               "the Deployment is scaled to 0 replicas");
  std::vector<const Pod*> pods;
  for (const auto& pod : view.pods)
    if (is_pod_active(pod)) pods.push_back(&pod);

  std::optional<Measurement> deadline;
  if (rules.progress_deadline) deadline = deadline_or_cluster_fault(view, pods, now);
  if (deadline && deadline->result == api::MeasurementResult::Fail) return *std::move(deadline);
  if (auto measurement = crash_loop(rules, pods)) return *std::move(measurement);
  if (rules.image_pull_errors)
    if (auto measurement = image_pull(pods)) return *std::move(measurement);
  if (rules.config_errors)
    if (auto measurement = config_error(rules, pods)) return *std::move(measurement);
  if (rules.config_errors)
    if (auto measurement = missing_reference(rules, view)) return *std::move(measurement);
  if (deadline) return *std::move(deadline);
  if (view.rolled_out)
    return measure_readiness(
        rules, pods, {.grace = view.startup_grace, .rolled_out = view.rolled_out, .now = now});
  if (api::rollout_complete(deployment))
    return rollout_measurement(
        api::MeasurementResult::Pass, Reason::Complete,
        fmt::format("all {} replicas have this revision and are available", deployment.replicas));
  if (auto failure = creation_failure(view, pods)) return *std::move(failure);
  auto unavailable = registry_unavailable(pods);
  return unavailable ? *std::move(unavailable) : rolling_out(deployment, pods);
}

}  // namespace lastgood::checks
