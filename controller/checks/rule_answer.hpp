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

// As an alert of Prometheus, each series of a vector is true, with any value, and a scalar is a
// series without labels. `evaluated_at`: see parse_prometheus_answer(). The errors are those of
// parse_prometheus_answer(), except that an empty vector is an answer, and:
//   ResponseTooLarge  also for more than max_series
[[nodiscard]] SeriesAnswer parse_series(const api::HttpResponse& response, Time evaluated_at);

}  // namespace lastgood::checks
