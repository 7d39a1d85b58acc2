#include "checks/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {

using api::Reason;
namespace {

using api::ContainerState;
using api::Pod;
using std::chrono::seconds;

// A failed pull is tried again by kubelet 10 to 15 s later: by then a hiccup of the registry is
// over, a wrong image is not.
constexpr Duration second_pull = seconds(20);
// What ends after a long run is started again without back-off, however often it has restarted in
// its life. A back-off is 10 s at least, and twice as long each time.
constexpr Duration started_at_once = seconds(5);
// A ConfigMap or Secret may be applied a moment after the Deployment that names it.
constexpr Duration applied_later = seconds(10);

Measurement measurement_of(api::MeasurementResult result, Reason reason,
                           const std::string& message) {
  return {.check = rollout_check,
          .result = result,
          .reason = reason,
          .message = clip(message, message_limit)};
}

Measurement fail_at_once(Reason reason, const std::string& message) {
  auto measurement = measurement_of(api::MeasurementResult::Fail, reason, message);
  measurement.immediate = true;
  return measurement;
}

Measurement fail_after(Duration must_hold, Reason reason, const std::string& message) {
  auto measurement = measurement_of(api::MeasurementResult::Fail, reason, message);
  measurement.must_hold = must_hold;
  return measurement;
}

struct Place {
  const Pod& pod;
  const ContainerState& container;
};

// The first container, init containers first, for which `is` holds; pods in the order they were
// listed.
template <class Predicate>
std::optional<Place> find_container(const std::vector<const Pod*>& pods, Predicate is) {
  for (const Pod* pod : pods)
    for (const auto* list : {&pod->init_containers, &pod->containers})
      for (const auto& container : *list)
        if (is(container)) return Place{*pod, container};
  return std::nullopt;
}

std::string place_text(const Place& at) {
  return fmt::format("pod {}, container {}", at.pod.meta.key.name, at.container.name);
}

std::string words_of(const ContainerState& container) {
  return container.waiting_message.empty()
             ? container.waiting_reason
             : fmt::format("{}: {}", container.waiting_reason, container.waiting_message);
}

// After a rollback onto a ReplicaSet that still exists, the Deployment controller leaves the
// condition of the bad ReplicaSet in place until the restored one makes progress. Its message names
// the ReplicaSet it speaks of.
std::optional<Measurement> deadline_exceeded(const RolloutView& view) {
  const auto& deployment = view.deployment;
  if (deployment.observed_generation < deployment.meta.generation) return std::nullopt;
  for (const auto& condition : deployment.conditions) {
    if (condition.type != "Progressing" || condition.status != api::ConditionStatus::False ||
        condition.reason != "ProgressDeadlineExceeded")
      continue;
    const auto own = fmt::format("\"{}-{}\"", deployment.meta.key.name, view.hash.value);
    if (condition.message.starts_with("ReplicaSet ") && !view.hash.empty() &&
        !condition.message.contains(own))
      continue;
    return fail_at_once(
        Reason::ProgressDeadlineExceeded,
        fmt::format("{} (limit: progressDeadlineSeconds; {} of {} replicas updated, {} available)",
                    condition.message, deployment.updated_replicas, deployment.replicas,
                    deployment.available_replicas));
  }
  return std::nullopt;
}

// kubelet calls it CrashLoopBackOff only now and then, and for the most part of a back-off says
// that it has ended. One pod of many speaks of its node; those that have not run at all do not
// speak.
std::optional<Measurement> crash_loop(const api::RolloutCheck& rules,
                                      const std::vector<const Pod*>& pods) {
  const auto loops = [&](const ContainerState& container) {
    return is_down(container) && container.restarts >= rules.crash_loop_restarts;
  };
  const auto count = std::ranges::count_if(
      pods, [&](const Pod* pod) { return find_container({pod}, loops).has_value(); });
  const auto ran = std::ranges::count_if(
      pods, [&](const Pod* pod) { return find_container({pod}, has_begun).has_value(); });
  const auto at = find_container(pods, loops);
  if (!at || count * 4 <= ran) return std::nullopt;
  const std::string message =
      fmt::format("{}: {} restarts (limit {}), last exit code {}{}", place_text(*at),
                  at->container.restarts, rules.crash_loop_restarts, at->container.last_exit_code,
                  at->container.last_exit_reason.empty()
                      ? ""
                      : fmt::format(" ({})", at->container.last_exit_reason));
  const bool out_of_memory = ran_out_of_memory(at->container);
  const bool backs_off = !at->container.ended;
  const Duration must_hold = backs_off ? Duration::zero() : Duration(started_at_once);
  auto measurement =
      fail_after(must_hold, out_of_memory ? Reason::OOMKilled : Reason::CrashLoop, message);
  measurement.immediate = backs_off;
  return measurement;
}

// Where the same container runs or ran in any pod of the revision, its image and its configuration
// exist: a pod that lacks them speaks of its node, the registry or a later hand, not of the
// release.
bool has_run(const std::vector<const Pod*>& pods, const ContainerState& container) {
  return find_container(pods,
                        [&](const ContainerState& other) {
                          return other.name == container.name && has_begun(other);
                        })
      .has_value();
}

std::optional<Measurement> image_pull(const std::vector<const Pod*>& pods) {
  const auto invalid = find_container(
      pods, [](const ContainerState& one) { return one.waiting_reason == "InvalidImageName"; });
  if (invalid)
    return fail_at_once(Reason::ImagePull,
                        fmt::format("{}: {}", place_text(*invalid), words_of(invalid->container)));
  const auto at = find_container(
      pods, [&](const ContainerState& one) { return lacks_image(one) && !has_run(pods, one); });
  if (!at) return std::nullopt;
  return fail_after(
      second_pull, Reason::ImagePull,
      fmt::format("{}: {} (limit: {}, so that a second pull is tried)", place_text(*at),
                  words_of(at->container), format_duration(second_pull)));
}

// What has run in no pod yet, and may still come.
std::optional<Measurement> registry_unavailable(const std::vector<const Pod*>& pods) {
  const auto at = find_container(pods, [&](const ContainerState& one) {
    return waits_for_registry(one) && !has_run(pods, one);
  });
  if (!at) return std::nullopt;
  return measurement_of(
      api::MeasurementResult::Unknown, Reason::RegistryUnavailable,
      fmt::format("{}: {}; the registry cannot be asked now, which waits for the progress deadline",
                  place_text(*at), words_of(at->container)));
}

std::optional<Measurement> config_error(const std::vector<const Pod*>& pods) {
  const auto at = find_container(
      pods, [&](const ContainerState& one) { return lacks_config(one) && !has_run(pods, one); });
  if (!at) return std::nullopt;
  return fail_after(applied_later, Reason::ConfigError,
                    fmt::format("{}: {} (limit: {}, in case it is created late)", place_text(*at),
                                words_of(at->container), format_duration(applied_later)));
}

// It cannot start where it is, and the same container of another pod runs.
bool lacks_what_others_have(const std::vector<const Pod*>& pods, const Pod& pod) {
  const auto runs = [&](const ContainerState& one) {
    return find_container(
               pods,
               [&](const ContainerState& other) { return other.name == one.name && other.started; })
        .has_value();
  };
  return find_container({&pod},
                        [&](const ContainerState& one) {
                          return (lacks_image(one) || lacks_config(one)) && runs(one);
                        })
      .has_value();
}

struct Readiness {
  std::size_t counted = 0;
  std::size_t not_ready = 0;
  const Pod* one = nullptr;  // that is not ready
  // Not counted: they speak of the cluster.
  std::size_t node_unreachable = 0;
  std::size_t unscheduled = 0;
  std::size_t waiting_for_image = 0;
  std::size_t lacking = 0;
};

Readiness readiness(const std::vector<const Pod*>& pods, Time rolled_out, Time now) {
  Readiness out;
  for (const Pod* pod : pods) {
    if (is_node_unreachable(*pod)) {
      ++out.node_unreachable;
    } else if (is_unscheduled(*pod)) {
      ++out.unscheduled;
    } else if (is_waiting_for_image(*pod)) {
      ++out.waiting_for_image;
    } else if (lacks_what_others_have(pods, *pod)) {
      ++out.lacking;
    } else if (!starts_up(*pod, rolled_out, now)) {
      ++out.counted;
      if (pod->ready) continue;
      ++out.not_ready;
      if (!out.one) out.one = pod;
    }
  }
  return out;
}

std::string not_counted(const Readiness& found) {
  std::string out;
  const auto add = [&](std::size_t count, const char* words) {
    if (count > 0) out += fmt::format("; {} {}", count, words);
  };
  add(found.node_unreachable, "on a node that does not report");
  add(found.unscheduled, "not on a node yet");
  add(found.waiting_for_image, "whose image the registry does not give now");
  add(found.lacking, "that lack what others of the revision have");
  return out;
}

Measurement nobody_counted(const Readiness& found, std::size_t pods) {
  constexpr auto unknown = api::MeasurementResult::Unknown;
  if (pods == 0) return measurement_of(unknown, Reason::NoPods, "the revision has no pod");
  if (found.node_unreachable > 0)
    return measurement_of(unknown, Reason::NodeNotReady,
                          fmt::format("{} of {} pods are on a node that does not report",
                                      found.node_unreachable, pods));
  if (found.unscheduled > 0)
    return measurement_of(
        unknown, Reason::Unschedulable,
        fmt::format("{} of {} pods are not on a node yet", found.unscheduled, pods));
  if (found.waiting_for_image > 0)
    return measurement_of(unknown, Reason::RegistryUnavailable,
                          fmt::format("the registry does not give the image of {} of {} pods now",
                                      found.waiting_for_image, pods));
  return measurement_of(unknown, Reason::PodsStarting,
                        fmt::format("all {} pods of the revision are still starting", pods));
}

// A crash loop that is not yet as long as its own limit shows here first: a person should not have
// to look for it.
std::string why_not_ready(const Pod& pod) {
  const auto waits = std::ranges::find_if(
      pod.containers, [](const auto& container) { return !container.waiting_reason.empty(); });
  return waits == pod.containers.end()
             ? ""
             : fmt::format(", container {} is in {}", waits->name, waits->waiting_reason);
}

// Once the rollout has completed: the quarter of design and of Kubernetes' own maxUnavailable
// default.
Measurement measure_readiness(const api::RolloutCheck& rules, const std::vector<const Pod*>& pods,
                              Time rolled_out, Time now) {
  const auto found = readiness(pods, rolled_out, now);
  if (found.counted == 0) return nobody_counted(found, pods.size());
  const auto limit =
      fmt::format("limit: a quarter, for {}", format_duration(rules.unavailable_for));
  const std::string others = not_counted(found);
  if (rules.unavailable_for > Duration::zero() && found.not_ready * 4 > found.counted)
    return fail_after(rules.unavailable_for, Reason::NotReady,
                      fmt::format("{} of {} pods are not ready, {} for one{} ({}){}",
                                  found.not_ready, found.counted, found.one->meta.key.name,
                                  why_not_ready(*found.one), limit, others));
  return measurement_of(api::MeasurementResult::Pass, Reason::Available,
                        fmt::format("{} of {} pods are ready ({}){}",
                                    found.counted - found.not_ready, found.counted, limit, others));
}

Measurement rolling_out(const api::Deployment& deployment, const std::vector<const Pod*>& pods) {
  const auto unscheduled =
      std::ranges::count_if(pods, [](const Pod* pod) { return is_unscheduled(*pod); });
  const auto waits =
      unscheduled == 0
          ? ""
          : fmt::format("; {} not yet on a node, which waits for the progress deadline",
                        unscheduled);
  return measurement_of(
      api::MeasurementResult::Unknown, Reason::RollingOut,
      fmt::format("{} of {} replicas updated, {} available, {} of {} pods observed ready{}",
                  deployment.updated_replicas, deployment.replicas, deployment.available_replicas,
                  std::ranges::count_if(pods, [](const Pod* pod) { return pod->ready; }),
                  pods.size(), waits));
}

}  // namespace

Measurement measure_rollout(const api::RolloutCheck& rules, const RolloutView& view, Time now) {
  const auto& deployment = view.deployment;
  if (deployment.replicas == 0)
    return measurement_of(api::MeasurementResult::Unknown, Reason::ScaledToZero,
                          "the Deployment is scaled to 0 replicas");
  std::vector<const Pod*> pods;
  for (const auto& pod : view.pods)
    if (is_pod_active(pod)) pods.push_back(&pod);

  if (rules.progress_deadline)
    if (auto measurement = deadline_exceeded(view)) return *std::move(measurement);
  if (rules.crash_loop_restarts > 0)
    if (auto measurement = crash_loop(rules, pods)) return *std::move(measurement);
  if (rules.image_pull_errors)
    if (auto measurement = image_pull(pods)) return *std::move(measurement);
  if (rules.config_errors)
    if (auto measurement = config_error(pods)) return *std::move(measurement);
  if (view.rolled_out) return measure_readiness(rules, pods, *view.rolled_out, now);
  if (api::rollout_complete(deployment))
    return measurement_of(
        api::MeasurementResult::Pass, Reason::Complete,
        fmt::format("all {} replicas are of this revision and available", deployment.replicas));
  auto unavailable = registry_unavailable(pods);
  return unavailable ? *std::move(unavailable) : rolling_out(deployment, pods);
}

}  // namespace lastgood::checks
