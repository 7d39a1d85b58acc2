#include "checks/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {
namespace {

using api::ContainerState;
using api::Pod;
using std::chrono::seconds;

// A failed pull is tried again by kubelet 10 to 15 s later: by then a hiccup of the registry is over, a wrong image is not.
constexpr Duration second_pull = seconds(20);
// What ends after a long run is started again without back-off, however often it has restarted in its life. A back-off is 10 s at
// least, and twice as long each time.
constexpr Duration started_at_once = seconds(5);
// A ConfigMap or Secret may be applied a moment after the Deployment that names it.
constexpr Duration applied_later = seconds(10);

Sample sample_of(api::SampleResult result, std::string reason, const std::string& message) {
  return {.check = rollout_check, .result = result, .reason = std::move(reason), .message = clip(message, message_limit)};
}

Sample fail_at_once(std::string reason, const std::string& message) {
  auto sample = sample_of(api::SampleResult::Fail, std::move(reason), message);
  sample.immediate = true;
  return sample;
}

Sample fail_after(Duration must_hold, std::string reason, const std::string& message) {
  auto sample = sample_of(api::SampleResult::Fail, std::move(reason), message);
  sample.must_hold = must_hold;
  return sample;
}

struct Place {
  const Pod& pod;
  const ContainerState& container;
};

// The first container, init containers first, for which `is` holds; pods in the order they were listed.
template <class Predicate>
std::optional<Place> find_container(const std::vector<const Pod*>& pods, Predicate is) {
  for (const Pod* pod : pods)
    for (const auto* list : {&pod->init_containers, &pod->containers})
      for (const auto& container : *list)
        if (is(container)) return Place{*pod, container};
  return std::nullopt;
}

std::string place_text(const Place& at) { return fmt::format("pod {}, container {}", at.pod.meta.key.name, at.container.name); }

std::string words_of(const ContainerState& container) {
  return container.waiting_message.empty() ? container.waiting_reason
                                           : fmt::format("{}: {}", container.waiting_reason, container.waiting_message);
}

// After a rollback onto a ReplicaSet that still exists, the Deployment controller leaves the condition of the bad ReplicaSet in
// place until the restored one makes progress. Its message names the ReplicaSet it speaks of.
std::optional<Sample> deadline_exceeded(const RolloutView& view) {
  const auto& deployment = view.deployment;
  if (deployment.observed_generation < deployment.meta.generation) return std::nullopt;
  for (const auto& condition : deployment.conditions) {
    if (condition.type != "Progressing" || condition.status != api::Truth::False ||
        condition.reason != "ProgressDeadlineExceeded")
      continue;
    const auto own = fmt::format("\"{}-{}\"", deployment.meta.key.name, view.hash.value);
    if (condition.message.starts_with("ReplicaSet ") && !view.hash.empty() && !condition.message.contains(own)) continue;
    return fail_at_once(
        "ProgressDeadlineExceeded",
        fmt::format("{} (limit: progressDeadlineSeconds; {} of {} replicas updated, {} available)", condition.message,
                    deployment.updated_replicas, deployment.replicas, deployment.available_replicas));
  }
  return std::nullopt;
}

// kubelet calls it CrashLoopBackOff only now and then, and for the most part of a back-off says that it has ended. One pod of
// many speaks of its node; those that have not run at all do not speak.
std::optional<Sample> crash_loop(const api::RolloutCheck& rules, const std::vector<const Pod*>& pods) {
  const auto loops = [&](const ContainerState& container) {
    return is_down(container) && container.restarts >= rules.crash_loop_restarts;
  };
  const auto count = std::ranges::count_if(pods, [&](const Pod* pod) { return find_container({pod}, loops).has_value(); });
  const auto ran = std::ranges::count_if(pods, [&](const Pod* pod) { return find_container({pod}, has_begun).has_value(); });
  const auto at = find_container(pods, loops);
  if (!at || count * 4 <= ran) return std::nullopt;
  const std::string message =
      fmt::format("{}: {} restarts (limit {}), last exit code {}{}", place_text(*at), at->container.restarts,
                  rules.crash_loop_restarts, at->container.last_exit_code,
                  at->container.last_exit_reason.empty() ? "" : fmt::format(" ({})", at->container.last_exit_reason));
  const bool out_of_memory = ran_out_of_memory(at->container);
  const bool backs_off = !at->container.ended;
  const Duration must_hold = backs_off ? Duration::zero() : Duration(started_at_once);
  auto sample = fail_after(must_hold, out_of_memory ? "OOMKilled" : "CrashLoop", message);
  sample.immediate = backs_off;
  return sample;
}

// Where the same container runs or ran in any pod of the revision, its image and its configuration exist: a pod that lacks them
// speaks of its node, the registry or a later hand, not of the release.
bool has_run(const std::vector<const Pod*>& pods, const ContainerState& container) {
  return find_container(pods, [&](const ContainerState& other) { return other.name == container.name && has_begun(other); })
      .has_value();
}

std::optional<Sample> image_pull(const std::vector<const Pod*>& pods) {
  const auto invalid = find_container(pods, [](const ContainerState& one) { return one.waiting_reason == "InvalidImageName"; });
  if (invalid) return fail_at_once("ImagePull", fmt::format("{}: {}", place_text(*invalid), words_of(invalid->container)));
  const auto at = find_container(pods, [&](const ContainerState& one) { return lacks_image(one) && !has_run(pods, one); });
  if (!at) return std::nullopt;
  return fail_after(second_pull, "ImagePull",
                    fmt::format("{}: {} (limit: {}, so that a second pull is tried)", place_text(*at), words_of(at->container),
                                format_duration(second_pull)));
}

// What has run in no pod yet, and may still come.
std::optional<Sample> registry_unavailable(const std::vector<const Pod*>& pods) {
  const auto at = find_container(pods, [&](const ContainerState& one) { return waits_for_registry(one) && !has_run(pods, one); });
  if (!at) return std::nullopt;
  return sample_of(api::SampleResult::Unknown, "RegistryUnavailable",
                   fmt::format("{}: {}; the registry cannot be asked now, which waits for the progress deadline", place_text(*at),
                               words_of(at->container)));
}

std::optional<Sample> config_error(const std::vector<const Pod*>& pods) {
  const auto at = find_container(pods, [&](const ContainerState& one) { return lacks_config(one) && !has_run(pods, one); });
  if (!at) return std::nullopt;
  return fail_after(applied_later, "ConfigError",
                    fmt::format("{}: {} (limit: {}, in case it is created late)", place_text(*at), words_of(at->container),
                                format_duration(applied_later)));
}

// It cannot start where it is, and the same container of another pod runs.
bool lacks_what_others_have(const std::vector<const Pod*>& pods, const Pod& pod) {
  const auto runs = [&](const ContainerState& one) {
    return find_container(pods, [&](const ContainerState& other) { return other.name == one.name && other.started; }).has_value();
  };
  return find_container({&pod}, [&](const ContainerState& one) { return (lacks_image(one) || lacks_config(one)) && runs(one); })
      .has_value();
}

struct Readiness {
  std::size_t counted = 0;
  std::size_t not_ready = 0;
  const Pod* one = nullptr;  // that is not ready
  // Not counted: they speak of the cluster.
  std::size_t unheard = 0;
  std::size_t unplaced = 0;
  std::size_t unpulled = 0;
  std::size_t lacking = 0;
};

Readiness readiness(const std::vector<const Pod*>& pods, Time rolled_out, Time now) {
  Readiness out;
  for (const Pod* pod : pods) {
    if (is_unheard_of(*pod)) {
      ++out.unheard;
    } else if (is_unplaced(*pod)) {
      ++out.unplaced;
    } else if (is_unpulled(*pod)) {
      ++out.unpulled;
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
  add(found.unheard, "on a node that does not report");
  add(found.unplaced, "not on a node yet");
  add(found.unpulled, "whose image the registry does not give now");
  add(found.lacking, "that lack what others of the revision have");
  return out;
}

Sample nobody_counted(const Readiness& found, std::size_t pods) {
  constexpr auto unknown = api::SampleResult::Unknown;
  if (pods == 0) return sample_of(unknown, "NoPods", "the revision has no pod");
  if (found.unheard > 0)
    return sample_of(unknown, "NodeNotReady",
                     fmt::format("{} of {} pods are on a node that does not report", found.unheard, pods));
  if (found.unplaced > 0)
    return sample_of(unknown, "Unschedulable", fmt::format("{} of {} pods are not on a node yet", found.unplaced, pods));
  if (found.unpulled > 0)
    return sample_of(unknown, "RegistryUnavailable",
                     fmt::format("the registry does not give the image of {} of {} pods now", found.unpulled, pods));
  return sample_of(unknown, "PodsStarting", fmt::format("all {} pods of the revision are still starting", pods));
}

// A crash loop that is not yet as long as its own limit shows here first: a person should not have to look for it.
std::string why_not_ready(const Pod& pod) {
  const auto waits =
      std::ranges::find_if(pod.containers, [](const auto& container) { return !container.waiting_reason.empty(); });
  return waits == pod.containers.end() ? "" : fmt::format(", container {} is in {}", waits->name, waits->waiting_reason);
}

// Once the rollout has completed: the quarter of design and of Kubernetes' own maxUnavailable default.
Sample judge_readiness(const api::RolloutCheck& rules, const std::vector<const Pod*>& pods, Time rolled_out, Time now) {
  const auto found = readiness(pods, rolled_out, now);
  if (found.counted == 0) return nobody_counted(found, pods.size());
  const auto limit = fmt::format("limit: a quarter, for {}", format_duration(rules.unavailable_for));
  const std::string others = not_counted(found);
  if (rules.unavailable_for > Duration::zero() && found.not_ready * 4 > found.counted)
    return fail_after(rules.unavailable_for, "NotReady",
                      fmt::format("{} of {} pods are not ready, {} for one{} ({}){}", found.not_ready, found.counted,
                                  found.one->meta.key.name, why_not_ready(*found.one), limit, others));
  return sample_of(api::SampleResult::Pass, "Available",
                   fmt::format("{} of {} pods are ready ({}){}", found.counted - found.not_ready, found.counted, limit, others));
}

Sample rolling_out(const api::Deployment& deployment, const std::vector<const Pod*>& pods) {
  const auto unplaced = std::ranges::count_if(pods, [](const Pod* pod) { return is_unplaced(*pod); });
  const auto waits = unplaced == 0 ? "" : fmt::format("; {} not yet on a node, which waits for the progress deadline", unplaced);
  return sample_of(api::SampleResult::Unknown, "RollingOut",
                   fmt::format("{} of {} replicas updated, {} available, {} of {} pods observed ready{}",
                               deployment.updated_replicas, deployment.replicas, deployment.available_replicas,
                               std::ranges::count_if(pods, [](const Pod* pod) { return pod->ready; }), pods.size(), waits));
}

}  // namespace

Sample judge_rollout(const api::RolloutCheck& rules, const RolloutView& view, Time now) {
  const auto& deployment = view.deployment;
  if (deployment.replicas == 0)
    return sample_of(api::SampleResult::Unknown, "ScaledToZero", "the Deployment is scaled to 0 replicas");
  std::vector<const Pod*> pods;
  for (const auto& pod : view.pods)
    if (is_living(pod)) pods.push_back(&pod);

  if (rules.progress_deadline)
    if (auto sample = deadline_exceeded(view)) return *std::move(sample);
  if (rules.crash_loop_restarts > 0)
    if (auto sample = crash_loop(rules, pods)) return *std::move(sample);
  if (rules.image_pull_errors)
    if (auto sample = image_pull(pods)) return *std::move(sample);
  if (rules.config_errors)
    if (auto sample = config_error(pods)) return *std::move(sample);
  if (view.rolled_out) return judge_readiness(rules, pods, *view.rolled_out, now);
  if (api::rollout_complete(deployment))
    return sample_of(api::SampleResult::Pass, "Complete",
                     fmt::format("all {} replicas are of this revision and available", deployment.replicas));
  auto unavailable = registry_unavailable(pods);
  return unavailable ? *std::move(unavailable) : rolling_out(deployment, pods);
}

}  // namespace lastgood::checks
