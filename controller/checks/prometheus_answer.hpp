// Reads the response to an instant query, POST /api/v1/query. Prometheus, Thanos, Mimir and
// VictoriaMetrics have this API: https://prometheus.io/docs/prometheus/latest/querying/api/
//
// The value of the query is one number: a vector with one series, or a scalar. In every other case
// there is no value, and each cause has its own reason. No such case is a failure of a release.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "base/time.hpp"
#include "checks/missing_value.hpp"
#include "codec/json.hpp"

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

using PrometheusAnswer = std::expected<MetricValue, MissingValue>;

// `evaluated_at`: the `time` parameter of the query, or the time of the response without it.
[[nodiscard]] PrometheusAnswer parse_prometheus_answer(const api::HttpResponse& response,
                                                       Time evaluated_at);

// The parts of parse_prometheus_answer(), for other answers of the HTTP API.

// The body of a successful response, with `data`. An error of the server, a response that is no
// JSON and a body of more than `max_size` bytes have no value.
[[nodiscard]] std::expected<codec::Json, MissingValue> parse_api_response(
    const api::HttpResponse& response, std::size_t max_size = max_answer_size);

// A warning of the server about the result, as a missing value. Nothing if there is none.
[[nodiscard]] std::optional<MissingValue> warning_in(const codec::Json& body);

// `point`: [1795907975.838, "0.2"], seconds since 1970 and the value.
[[nodiscard]] PrometheusAnswer parse_point(const codec::Json& point, Time evaluated_at);

// The time of a point. Nothing if it is not valid.
[[nodiscard]] std::optional<Time> time_of_point(const codec::Json& point);

// For a body that is not a result of the HTTP API: InvalidResponse. `problem`: "it has no vector".
[[nodiscard]] MissingValue not_a_result(std::string_view problem);

}  // namespace lastgood::checks
