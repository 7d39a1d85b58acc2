// Reads the response to the query of an alert: a vector with any number of series.
// https://prometheus.io/docs/prometheus/latest/querying/api/#instant-vectors
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <vector>

#include "api/call.hpp"
#include "api/meta.hpp"
#include "base/time.hpp"
#include "checks/prometheus_answer.hpp"

namespace lastgood::checks {

inline constexpr std::size_t max_series = 10'000;  // of one answer

struct Series {
  api::StringMap labels = {};
  PrometheusAnswer value = {};  // NaN and infinite values have a reason
  // The time for which the server evaluated the query. Absent for a native histogram.
  std::optional<Time> at = {};
};

using SeriesAnswer = std::expected<std::vector<Series>, MissingValue>;

// As in an alert of Prometheus, the expression is true for each series of a vector, with any value.
// A scalar is one series without labels. `evaluated_at`: see parse_prometheus_answer(). The errors
// are those of parse_prometheus_answer(), with these differences:
// - No series and several series are no errors. More than max_series: ResponseTooLarge.
// - If one series has no number (NaN, infinite, a histogram), only its value has an error.
[[nodiscard]] SeriesAnswer parse_series(const api::HttpResponse& response, Time evaluated_at);

}  // namespace lastgood::checks
