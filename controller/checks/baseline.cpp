#include "checks/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"
#include "checks/rollout.hpp"
#include "checks/startup.hpp"

namespace lastgood::checks {
namespace {

using api::ContainerState;
using api::MeasurementResult;
using api::Pod;
using api::Reason;

bool any_container(const Pod& pod, bool (*predicate)(const ContainerState&)) {
  return std::ranges::any_of(pod.init_containers, predicate) ||
         std::ranges::any_of(pod.containers, predicate);
}

bool is_crashing(const Pod& pod) {
  return any_container(pod, [](const ContainerState& container) {
    return is_down(container) && !was_oom_killed(container);
  });
}
bool is_oom_killed(const Pod& pod) {
  return any_container(pod, [](const ContainerState& container) {
    return is_down(container) && was_oom_killed(container);
  });
}
bool is_without_image(const Pod& pod) { return any_container(pod, lacks_image); }
bool is_without_config(const Pod& pod) { return any_container(pod, lacks_config); }
bool is_not_ready(const Pod& pod) { return !pod.ready; }
bool has_container_down(const Pod& pod) { return any_container(pod, is_down); }

enum class AppliesTo : std::uint8_t {
  AllPods,
  SettledPods,  // without pods that may be starting or that the cluster keeps from starting
};

// How a pod of the baseline shows the failure of the new revision.
struct FailureSignature {
  Reason failure;  // of the new revision
  Reason reason;   // of the baseline
  const char* message_predicate;
  bool (*is_shown_by)(const Pod& pod);
  AppliesTo applies_to = AppliesTo::AllPods;
};

constexpr std::array signatures{
    FailureSignature{Reason::CrashLoop, Reason::CrashLoop,
                     "have a container that crashed and is down", is_crashing},
    FailureSignature{Reason::OOMKilled, Reason::OOMKilled,
                     "have a container that was OOMKilled and is down", is_oom_killed},
    FailureSignature{Reason::ImagePull, Reason::ImagePull,
                     "have a container whose image cannot be pulled", is_without_image},
    FailureSignature{Reason::ConfigError, Reason::ConfigError,
                     "have a container that lacks a ConfigMap or Secret", is_without_config},
    FailureSignature{Reason::NotReady, Reason::NotReady, "are not ready", is_not_ready,
                     AppliesTo::SettledPods},
    // The deadline belongs to the Deployment. Its pods only show that they are not ready.
    FailureSignature{Reason::ProgressDeadlineExceeded, Reason::NotReady, "are not ready",
                     is_not_ready, AppliesTo::SettledPods},
};
// How long a pod of the baseline may take to start.
constexpr Duration baseline_startup_grace = api::default_progress_deadline;
constexpr FailureSignature container_down{Reason::None, Reason::CrashLoop,
                                          "have a container that is down", has_container_down};

std::vector<const Pod*> active_pods(std::span<const Pod> pods) {
  std::vector<const Pod*> out;
  for (const Pod& pod : pods)
    if (is_pod_active(pod)) out.push_back(&pod);
  return out;
}

Measurement measure_signature(const std::string& check, const FailureSignature& signature,
                              const std::vector<const Pod*>& pods) {
  Measurement measurement{.check = check};
  if (pods.empty()) return measurement;
  const auto is_shown = [&](const Pod* pod) { return signature.is_shown_by(*pod); };
  const auto first = std::ranges::find_if(pods, is_shown);
  const auto count = static_cast<std::size_t>(std::ranges::count_if(pods, is_shown));
  const bool fails = count * 4 > pods.size();
  measurement.result = fails ? MeasurementResult::Fail : MeasurementResult::Pass;
  measurement.reason = fails ? signature.reason : Reason::Passed;
  const std::string example =
      first == pods.end() ? "" : fmt::format(", for example {}", (*first)->meta.key.name);
  measurement.message = clip(fmt::format("{} of {} pods {}{} (limit 25% of pods)", count,
                                         pods.size(), signature.message_predicate, example),
                             max_message_size);
  return measurement;
}

}  // namespace

bool nothing_started(std::span<const Pod> pods, const std::optional<Time>& rolled_out) {
  const auto has_started = [](const Pod& pod) {
    return pod.phase == "Running" || any_container(pod, has_run);
  };
  return !rolled_out && std::ranges::none_of(pods, has_started);
}

Established established_of(std::string_view check, std::span<const std::string> not_established) {
  const bool is_listed = std::ranges::find(not_established, check) != not_established.end();
  return is_listed ? Established::No : Established::Yes;
}

bool needs_baseline(const Measurement& measurement, bool nothing_started, Established established) {
  const bool is_http_unknown =
      measurement.result == MeasurementResult::Unknown && measurement.check != api::rollout_check;
  const bool never_responded = is_http_unknown && measurement.reason == Reason::Unreachable;
  return has_baseline_result(measurement, nothing_started, established) || never_responded;
}

bool has_baseline_result(const Measurement& measurement, bool nothing_started,
                         Established established) {
  if (measurement.result == MeasurementResult::Fail) return true;
  if (measurement.check == api::rollout_check) return false;
  const bool is_before_start = nothing_started || measurement.reason == Reason::PodsStarting;
  return established == Established::No ||
         (is_before_start && measurement.result == MeasurementResult::Unknown);
}

bool repeats_baseline(const Measurement& baseline, bool nothing_started, int failures) {
  constexpr int max_failures = 5;
  return nothing_started && baseline.result == MeasurementResult::Fail && failures < max_failures;
}

api::BaselineResult with_failures(api::BaselineResult result, int failures) {
  const bool fails = result.result == MeasurementResult::Fail;
  result.consecutive_failures = fails ? failures : 0;
  // Repeated measurements began before the new revision had started.
  result.before = result.before || (fails && failures > 1);
  return result;
}

HttpPlan plan_baseline(const api::Check& check, std::string_view namespace_,
                       std::span<const Pod> baseline_pods,
                       const std::optional<Result<api::Service>>& service, bool nothing_started) {
  HttpPlan plan = plan_http(check, namespace_, baseline_pods, service);
  if (!plan.measurement)
    return is_about_baseline(plan, nothing_started)
               ? plan
               : HttpPlan{.measurement = Measurement{.check = check.name}};
  const auto pods = active_pods(baseline_pods);
  const bool any_down =
      std::ranges::any_of(pods, [](const Pod* pod) { return has_container_down(*pod); });
  if (plan.measurement->reason == Reason::NoPodsToProbe && any_down)
    plan.measurement = measure_signature(check.name, container_down, pods);
  return plan;
}

bool is_about_baseline(const HttpPlan& plan, bool nothing_started) {
  return nothing_started || !plan.probes_url();
}

Measurement measure_baseline_rollout(const Measurement& failure, std::span<const Pod> baseline_pods,
                                     Time now) {
  const auto signature = std::ranges::find(signatures, failure.reason, &FailureSignature::failure);
  if (failure.result != MeasurementResult::Fail || signature == signatures.end())
    return {.check = failure.check};
  auto pods = active_pods(baseline_pods);
  const auto is_not_settled = [&](const Pod* pod) {
    return may_be_starting(*pod, {.grace = baseline_startup_grace, .rolled_out = {}, .now = now}) ||
           is_node_unreachable(*pod) || is_unscheduled(*pod) || is_waiting_for_image(*pod);
  };
  if (signature->applies_to == AppliesTo::SettledPods) std::erase_if(pods, is_not_settled);
  return measure_signature(failure.check, *signature, pods);
}

bool is_like_rollout_failure(Reason one, Reason other) {
  const auto is_unspecific = [](Reason reason) {
    return reason == Reason::NotReady || reason == Reason::ProgressDeadlineExceeded;
  };
  return one == other || is_unspecific(one) || is_unspecific(other);
}

std::optional<api::BaselineResult> baseline_result(const Measurement& measurement,
                                                   std::string revision, bool nothing_started,
                                                   Time at) {
  if (measurement.result == MeasurementResult::Unknown) return std::nullopt;
  return api::BaselineResult{.result = measurement.result,
                             .reason = measurement.reason,
                             .message = measurement.message,
                             .value = measurement.value,
                             .revision = std::move(revision),
                             .before = nothing_started,
                             .at = at};
}

std::optional<api::BaselineResult> candidate_result(const Measurement& measurement,
                                                    const BaselineCandidate& candidate,
                                                    std::string revision, bool nothing_started,
                                                    Time at) {
  return trusted_result(baseline_result(measurement, std::move(revision), nothing_started, at),
                        candidate.trust);
}

}  // namespace lastgood::checks
