// Which series a podMetrics check selects, and what each selector is for.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "api/policy.hpp"
#include "base/result.hpp"
#include "codec/series_selector.hpp"

namespace lastgood::checks {

using codec::SeriesSelector;

// Where the value can come from. The numbers are positions in PodMetricsQuestion::selectors.
struct MetricSource {
  // For an error ratio all requests, for a latency the buckets of the histogram, or the gauge.
  std::size_t total = 0;
  std::optional<std::size_t> errors = {};  // for an error ratio: the errors among the requests
};

struct PodMetricsQuestion {
  // The last one selects the start time of the process.
  std::vector<SeriesSelector> selectors = {};
  // A check that names its metric has one source. Otherwise these are the common conventions, in
  // the order of preference.
  std::vector<MetricSource> sources = {};
  bool uses_conventions = false;
};

// Both client libraries and exporters have this gauge, in seconds since 1970. It changes if the
// process restarts, even if no counter is lower than before.
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
inline constexpr std::string_view process_start_metric = "process_start_time_seconds";

// The error is BadInput, if a selector is not valid. A policy with such a selector is invalid
// (codec/policy_metrics_checks.cpp), so no check of it is measured.
[[nodiscard]] Result<PodMetricsQuestion> question_of(const api::PodMetricsCheck& check);

}  // namespace lastgood::checks
