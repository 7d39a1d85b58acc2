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

using api::Reason;
namespace {

using api::ContainerState;
using api::MeasurementResult;
using api::Pod;

bool any_container(const Pod& pod, bool (*is)(const ContainerState&)) {
  return std::ranges::any_of(pod.init_containers, is) || std::ranges::any_of(pod.containers, is);
}

bool is_crashing(const ContainerState& container) {
  return is_down(container) && !ran_out_of_memory(container);
}
bool is_out_of_memory(const ContainerState& container) {
  return is_down(container) && ran_out_of_memory(container);
}

bool crashes(const Pod& pod) { return any_container(pod, is_crashing); }
bool is_killed_for_memory(const Pod& pod) { return any_container(pod, is_out_of_memory); }
bool is_without_image(const Pod& pod) { return any_container(pod, lacks_image); }
bool is_without_config(const Pod& pod) { return any_container(pod, lacks_config); }
bool is_not_ready(const Pod& pod) { return !pod.ready; }
bool has_container_down(const Pod& pod) { return any_container(pod, is_down); }

// What a pod shows of itself, by the reason that the new revision fails for.
struct FailureSignature {
  Reason of;
  Reason reason;
  const char* words;
  bool (*shows)(const Pod& pod);
  bool takes_time =
      false;  // a pod that has just come shows it too, and one that the cluster keeps from starting
};

// A deadline is the Deployment's; what its pods show of it is that they are not ready.
constexpr std::array signatures{
    FailureSignature{Reason::CrashLoop, Reason::CrashLoop,
                     "have a container that has crashed and is down", crashes},
    FailureSignature{Reason::OOMKilled, Reason::OOMKilled,
                     "have a container that was killed for its memory and is down",
                     is_killed_for_memory},
    FailureSignature{Reason::ImagePull, Reason::ImagePull,
                     "have a container whose image cannot be pulled", is_without_image},
    FailureSignature{Reason::ConfigError, Reason::ConfigError,
                     "have a container that lacks a ConfigMap or Secret", is_without_config},
    FailureSignature{Reason::NotReady, Reason::NotReady, "are not ready", is_not_ready, true},
    FailureSignature{Reason::ProgressDeadlineExceeded, Reason::NotReady, "are not ready",
                     is_not_ready, true},
};
constexpr FailureSignature down{Reason::None, Reason::CrashLoop, "have a container that is down",
                                has_container_down};

std::vector<const Pod*> active(std::span<const Pod> pods) {
  std::vector<const Pod*> out;
  for (const Pod& pod : pods)
    if (is_pod_active(pod)) out.push_back(&pod);
  return out;
}

Measurement measure_signature(const std::string& check, const FailureSignature& signature,
                              const std::vector<const Pod*>& pods) {
  Measurement measurement{.check = check};
  if (pods.empty()) return measurement;
  const auto shows = [&](const Pod* pod) { return signature.shows(*pod); };
  const auto first = std::ranges::find_if(pods, shows);
  const auto count = static_cast<std::size_t>(std::ranges::count_if(pods, shows));
  const bool fails = count * 4 > pods.size();
  measurement.result = fails ? MeasurementResult::Fail : MeasurementResult::Pass;
  measurement.reason = fails ? signature.reason : Reason::Passed;
  const std::string one =
      first == pods.end() ? "" : fmt::format(", {} for one", (*first)->meta.key.name);
  measurement.message = clip(fmt::format("{} of {} pods {}{} (limit: a quarter)", count,
                                         pods.size(), signature.words, one),
                             message_limit);
  return measurement;
}

HttpPlan nothing_comparable(const api::Check& check) {
  return {.measurement = Measurement{.check = check.name}};
}

}  // namespace

bool nothing_started(std::span<const Pod> pods, const std::optional<Time>& rolled_out) {
  const auto has_started = [](const Pod& pod) {
    return pod.phase == "Running" || any_container(pod, has_begun);
  };
  return !rolled_out && std::ranges::none_of(pods, has_started);
}

bool needs_baseline(const Measurement& measurement, bool before) {
  const bool could_tell_already = before && measurement.result == MeasurementResult::Unknown &&
                                  measurement.check != rollout_check;
  return measurement.result == MeasurementResult::Fail || could_tell_already;
}

HttpPlan plan_baseline(const api::Check& check, std::string_view namespace_,
                       std::span<const Pod> baseline_pods,
                       const std::optional<Result<api::Service>>& service, bool before) {
  HttpPlan plan = plan_http(check, namespace_, baseline_pods, service);
  if (plan.measurement) {
    const bool nobody_to_ask = plan.measurement->reason == Reason::NoPodsToProbe;
    const auto pods = active(baseline_pods);
    const bool are_down =
        std::ranges::any_of(pods, [](const Pod* pod) { return has_container_down(*pod); });
    if (nobody_to_ask && are_down) plan.measurement = measure_signature(check.name, down, pods);
    return plan;
  }
  return is_about_baseline(plan, before) ? plan : nothing_comparable(check);
}

bool is_about_baseline(const HttpPlan& plan, bool before) {
  const bool as_it_stands = !plan.measurement && plan.pods == 0;
  return before || !as_it_stands;
}

Measurement measure_baseline_rollout(const Measurement& failure, std::span<const Pod> baseline_pods,
                                     Time now) {
  const auto signature =
      std::ranges::find(signatures, failure.reason, &FailureSignature::of);
  if (failure.result != MeasurementResult::Fail || signature == signatures.end())
    return {.check = failure.check};
  auto pods = active(baseline_pods);
  const auto cannot_tell = [&](const Pod* pod) {
    return starts_up(*pod, std::nullopt, now) || is_node_unreachable(*pod) ||
           is_unscheduled(*pod) || is_waiting_for_image(*pod);
  };
  if (signature->takes_time) std::erase_if(pods, cannot_tell);
  return measure_signature(failure.check, *signature, pods);
}

std::optional<api::BaselineResult> baseline_result(const Measurement& answer, std::string revision,
                                                   bool before, Time at) {
  if (answer.result == MeasurementResult::Unknown) return std::nullopt;
  return api::BaselineResult{.result = answer.result,
                             .reason = answer.reason,
                             .message = answer.message,
                             .revision = std::move(revision),
                             .before = before,
                             .at = at};
}

}  // namespace lastgood::checks
