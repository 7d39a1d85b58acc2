// The check `externalMetric`: one value of the API of external metrics, which an adapter such as
// KEDA, prometheus-adapter or Datadog offers through the API server:
// https://github.com/kubernetes/metrics/blob/master/pkg/apis/external_metrics/v1beta1/types.go
//
// The value is about the whole application. It does not say which revision is the cause, and cannot
// be queried for an earlier time. So a failure counts only if the metric is known to have been good
// after the release began:
//
//   time ------------------------------------------------------------------------->
//   old pods  ####################################
//   new pods           created .... started ####################
//             |<------ baseline ---->|<----- release: fails only after a pass ----->|
//
// A value from before the release counts for the baseline. Because an adapter may lag, such a value
// can also arrive after a pod has started.
//
//   the baseline       the release            conclusion
//   passed             fails                  the release may be the cause
//   failed             fails                  the failure is older: AlreadyFailing
//   has no result      passed, then fails     the release may be the cause
//   has no result      fails without a pass   unknown: NoBaselineValue
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "checks/prometheus_answer.hpp"

namespace lastgood::checks {

// An older value says nothing about the release. Adapters send the time of the sample.
inline constexpr Duration max_external_value_age = std::chrono::minutes(2);

// GET /apis/external.metrics.k8s.io/v1beta1/namespaces/NAMESPACE/METRIC. BadInput if the name of
// the metric cannot be part of a path.
[[nodiscard]] Result<api::ApiCall> plan_external_metric(const api::ExternalMetricCheck& check,
                                                        std::string_view namespace_);

// GET /apis/external.metrics.k8s.io/v1beta1: whether the API exists. It is needed if the metric was
// not found, because a missing API and a missing metric have the same status.
[[nodiscard]] api::ApiCall plan_external_metrics_api();
[[nodiscard]] bool needs_external_metrics_api(const Result<std::string>& response);

struct ExternalMetricResponse {
  Result<std::string> value;                    // the body, or the error
  std::optional<Result<std::string>> api = {};  // absent: it was not needed
  std::optional<Time> released = {};  // when the evaluation of the release began; absent: none has
};

// The value of the metric, in the type of the prometheus check. A value from before the release
// says nothing about the release: StaleValue. `now`: when the response arrived.
[[nodiscard]] PrometheusAnswer parse_external_metric(const api::ExternalMetricCheck& check,
                                                     const ExternalMetricResponse& response,
                                                     Time now);

enum class InitialDelay : std::uint8_t { Over, Running };
// `delayed`: the names of the checks whose initialDelay runs.
[[nodiscard]] InitialDelay initial_delay_of(std::string_view check,
                                            std::span<const std::string> delayed);
// The measurement of a release of which no pod has started: Unknown. While the initialDelay of the
// check runs, its reason is Pending.
[[nodiscard]] api::Measurement external_metric_before_start(const api::Check& check,
                                                            InitialDelay delay);

// Precondition: the check is an ExternalMetricCheck.
[[nodiscard]] api::Measurement measure_external_metric(const api::Check& check,
                                                       const PrometheusAnswer& answer, Time now);

struct ExternalMetricMeasured {
  api::Measurement release;
  std::optional<api::Measurement> baseline = {};  // set if the value is from before the release
};
// Precondition: the check is an ExternalMetricCheck.
[[nodiscard]] ExternalMetricMeasured measure_external_response(
    const api::Check& check, const ExternalMetricResponse& response, Time now);

// Whether it is known how the metric was when the release began: it was measured before a pod of
// the release had started, or it has passed since.
enum class KnownBefore : std::uint8_t { No, Yes };

// `known_before`: the names of the checks for which it is known.
[[nodiscard]] KnownBefore known_before_of(std::string_view check,
                                          std::span<const std::string> known_before);

// A failure becomes Unknown, NoBaselineValue, if it may have begun before the release.
[[nodiscard]] api::Measurement with_evidence(api::Measurement measurement, KnownBefore known);

}  // namespace lastgood::checks
