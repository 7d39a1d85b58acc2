#include "checks/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"
#include "checks/rollout.hpp"

namespace lastgood::checks {
namespace {

using api::ContainerState;
using api::Pod;
using api::SampleResult;

bool any_container(const Pod& pod, bool (*is)(const ContainerState&)) {
  return std::ranges::any_of(pod.init_containers, is) || std::ranges::any_of(pod.containers, is);
}

bool is_crashing(const ContainerState& container) { return is_down(container) && !ran_out_of_memory(container); }
bool is_out_of_memory(const ContainerState& container) { return is_down(container) && ran_out_of_memory(container); }

bool crashes(const Pod& pod) { return any_container(pod, is_crashing); }
bool is_killed_for_memory(const Pod& pod) { return any_container(pod, is_out_of_memory); }
bool is_without_image(const Pod& pod) { return any_container(pod, lacks_image); }
bool is_without_config(const Pod& pod) { return any_container(pod, lacks_config); }
bool is_not_ready(const Pod& pod) { return !pod.ready; }
bool has_container_down(const Pod& pod) { return any_container(pod, is_down); }

// What a pod shows of itself, by the reason that the new revision fails for.
struct Likeness {
  std::string_view of;
  const char* reason;
  const char* words;
  bool (*shows)(const Pod& pod);
  bool takes_time = false;  // a pod that has just come shows it too, and one that the cluster keeps from starting
};

// A deadline is the Deployment's; what its pods show of it is that they are not ready.
constexpr std::array likenesses{
    Likeness{"CrashLoop", "CrashLoop", "have a container that has crashed and is down", crashes},
    Likeness{"OOMKilled", "OOMKilled", "have a container that was killed for its memory and is down", is_killed_for_memory},
    Likeness{"ImagePull", "ImagePull", "have a container whose image cannot be pulled", is_without_image},
    Likeness{"ConfigError", "ConfigError", "have a container that lacks a ConfigMap or Secret", is_without_config},
    Likeness{"NotReady", "NotReady", "are not ready", is_not_ready, true},
    Likeness{"ProgressDeadlineExceeded", "NotReady", "are not ready", is_not_ready, true},
};
constexpr Likeness down{"", "CrashLoop", "have a container that is down", has_container_down};

std::vector<const Pod*> living(std::span<const Pod> pods) {
  std::vector<const Pod*> out;
  for (const Pod& pod : pods)
    if (is_living(pod)) out.push_back(&pod);
  return out;
}

Sample judge_likeness(const std::string& check, const Likeness& likeness, const std::vector<const Pod*>& pods) {
  Sample sample{.check = check};
  if (pods.empty()) return sample;
  const auto shows = [&](const Pod* pod) { return likeness.shows(*pod); };
  const auto first = std::ranges::find_if(pods, shows);
  const auto count = static_cast<std::size_t>(std::ranges::count_if(pods, shows));
  const bool fails = count * 4 > pods.size();
  sample.result = fails ? SampleResult::Fail : SampleResult::Pass;
  sample.reason = fails ? likeness.reason : "Passed";
  const std::string one = first == pods.end() ? "" : fmt::format(", {} for one", (*first)->meta.key.name);
  sample.message =
      clip(fmt::format("{} of {} pods {}{} (limit: a quarter)", count, pods.size(), likeness.words, one), message_limit);
  return sample;
}

HttpPlan nothing_comparable(const api::Check& check) { return {.sample = Sample{.check = check.name}}; }

}  // namespace

bool nothing_started(std::span<const Pod> pods, const std::optional<Time>& rolled_out) {
  const auto has_started = [](const Pod& pod) { return pod.phase == "Running" || any_container(pod, has_begun); };
  return !rolled_out && std::ranges::none_of(pods, has_started);
}

bool is_to_be_compared(const Sample& sample, bool before) {
  const bool could_tell_already = before && sample.result == SampleResult::Unknown && sample.check != rollout_check;
  return sample.result == SampleResult::Fail || could_tell_already;
}

HttpPlan plan_comparison(const api::Check& check, std::string_view namespace_, std::span<const Pod> pods_of_other,
                         const std::optional<Result<api::Service>>& service, bool before) {
  HttpPlan plan = plan_http(check, namespace_, pods_of_other, service);
  if (plan.sample) {
    const bool nobody_to_ask = plan.sample->reason == "NoPodToAsk";
    const auto pods = living(pods_of_other);
    const bool are_down = std::ranges::any_of(pods, [](const Pod* pod) { return has_container_down(*pod); });
    if (nobody_to_ask && are_down) plan.sample = judge_likeness(check.name, down, pods);
    return plan;
  }
  return speaks_of_other(plan, before) ? plan : nothing_comparable(check);
}

bool speaks_of_other(const HttpPlan& plan, bool before) {
  const bool as_it_stands = !plan.sample && plan.pods == 0;
  return before || !as_it_stands;
}

Sample compare_rollout(const Sample& failure, std::span<const Pod> pods_of_other, Time now) {
  const auto likeness = std::ranges::find(likenesses, std::string_view(failure.reason), &Likeness::of);
  if (failure.result != SampleResult::Fail || likeness == likenesses.end()) return {.check = failure.check};
  auto pods = living(pods_of_other);
  const auto cannot_tell = [&](const Pod* pod) {
    return starts_up(*pod, std::nullopt, now) || is_unheard_of(*pod) || is_unplaced(*pod) || is_unpulled(*pod);
  };
  if (likeness->takes_time) std::erase_if(pods, cannot_tell);
  return judge_likeness(failure.check, *likeness, pods);
}

std::optional<api::Comparison> comparison_of(const Sample& answer, std::string revision, bool before, Time at) {
  if (answer.result == SampleResult::Unknown) return std::nullopt;
  return api::Comparison{.result = answer.result,
                         .reason = answer.reason,
                         .message = answer.message,
                         .revision = std::move(revision),
                         .before = before,
                         .at = at};
}

}  // namespace lastgood::checks
