#include "checks/metrics_baseline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checks/baseline_comparison.hpp"
#include "checks/prometheus_answer.hpp"
#include "checks/prometheus_check.hpp"

namespace lastgood::checks {

using api::MeasurementResult;

namespace {

constexpr Duration max_distance = std::chrono::seconds(15);  // between two times

std::vector<Time> two_times(const api::Check& check, Time last) {
  return {last - std::min(check.interval, max_distance), last};
}

// How far the clock of the server is ahead. The query was evaluated while the response was awaited,
// so any time in between shows no difference.
Duration server_clock_offset(const MetricsBaselineInputs& inputs, Time now) {
  const auto& evaluated = inputs.measurement.evaluated_at;
  if (!evaluated || !inputs.queried_at) return Duration::zero();
  const Time received = inputs.measurement.at.value_or(now);
  const Duration offset = *evaluated - std::clamp(*evaluated, *inputs.queried_at,
                                                  std::max(*inputs.queried_at, received));
  return std::clamp(offset, -Duration(max_clock_skew), Duration(max_clock_skew));
}

}  // namespace

MetricsBaseline plan_metrics_baseline(const MetricsBaselineInputs& inputs, Time now) {
  const bool is_compared = awaits_baseline_value(inputs.check, inputs.measurement);
  if (!is_compared &&
      !has_baseline_result(inputs.measurement, inputs.nothing_started, inputs.established))
    return {};
  const bool names_pods = inputs.measurement.names_pods;
  const bool is_about_alive = inputs.alive && (names_pods || distinguishes_revisions(inputs.check));
  if (is_about_alive && !inputs.nothing_started)
    return {.candidate = *inputs.alive,
            .times = {inputs.measurement.evaluated_at.value_or(now)},
            .at = now,
            .pod_label = names_pods ? PodLabel::Required : PodLabel::Optional};
  if (inputs.nothing_started && inputs.alive) {
    return {.candidate = *inputs.alive,
            .times = two_times(inputs.check, now),
            .at = now,
            .before_release = true};
  }
  const bool fails = inputs.measurement.result == MeasurementResult::Fail;
  // The server says only which alerts fire now, and since when.
  if (std::holds_alternative<api::AlertCheck>(inputs.check.kind)) return {};
  if ((!fails && !is_compared) || inputs.candidates.empty() || !inputs.released) return {};
  return {.candidate = inputs.candidates.front(),
          .times = two_times(inputs.check, *inputs.released + server_clock_offset(inputs, now)),
          .at = *inputs.released,
          .before_release = true};
}

codec::QueryVariables baseline_variables(const api::Deployment& deployment,
                                         const MetricsBaseline& plan,
                                         std::span<const api::Pod> pods) {
  codec::QueryVariables variables = variables_of(deployment, plan.candidate.revision, pods);
  variables.baseline_pods = variables.pods;
  if (plan.before_release)
    variables.replica_set =
        fmt::format("{}-{}", deployment.meta.key.name, plan.candidate.revision.hash.value);
  return variables;
}

api::Measurement not_started(const api::Check& check) {
  return {.check = check.name,
          .reason = api::Reason::NoPodsToProbe,
          .message = "no pod of the revision has started"};
}

bool has_question_of(std::span<const api::Measurement> results,
                     const api::Measurement& measurement) {
  return measurement.question.empty() ||
         std::ranges::all_of(results, [&](const api::Measurement& one) {
           return one.question == measurement.question;
         });
}

std::optional<api::BaselineResult> metrics_baseline_result(
    const MetricsBaseline& plan, std::span<const api::Measurement> results, std::string revision) {
  if (results.empty()) return {};
  const auto fails = [](const api::Measurement& one) {
    return one.result == MeasurementResult::Fail;
  };
  const api::Measurement& last = results.back();
  if (fails(last) && !std::ranges::all_of(results, fails)) return {};
  auto result = baseline_result(last, std::move(revision), plan.before_release, plan.at);
  if (result && plan.before_release)
    result->consecutive_failures = fails(last) ? static_cast<int>(results.size()) : 0;
  return trusted_result(std::move(result), plan.candidate.trust);
}

}  // namespace lastgood::checks
