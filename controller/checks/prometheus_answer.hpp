// Reads the response to an instant query, POST /api/v1/query. Prometheus, Thanos, Mimir and
// VictoriaMetrics have this API: https://prometheus.io/docs/prometheus/latest/querying/api/
//
// The value of the query is one number: a vector with one series, or a scalar. In every other case
// there is no value, and each cause has its own reason. No such case is a failure of a release.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "api/call.hpp"
#include "api/reasons.hpp"
#include "base/time.hpp"

namespace lastgood::checks {

// A larger body is not parsed.
inline constexpr std::size_t max_answer_size = std::size_t{1024} * 1024;  // bytes
// How far the time of a value may be before and after the time of the evaluation.
inline constexpr Duration max_value_age = std::chrono::minutes(5);
inline constexpr Duration max_clock_skew = std::chrono::minutes(1);

struct MetricValue {
  double value = 0;  // finite
  Time at;           // the time for which the server evaluated the query
  bool operator==(const MetricValue&) const = default;
};

struct MissingValue {
  api::Reason reason = api::Reason::None;
  std::string message;  // what happened, and what to do next: one line, at most 400 bytes
  bool operator==(const MissingValue&) const = default;
};

using PrometheusAnswer = std::expected<MetricValue, MissingValue>;

// `evaluated_at`: the `time` parameter of the query, or the time of the response without it.
[[nodiscard]] PrometheusAnswer parse_prometheus_answer(const api::HttpResponse& response,
                                                       Time evaluated_at);

}  // namespace lastgood::checks
