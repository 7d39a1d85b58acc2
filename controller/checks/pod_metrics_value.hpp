// The value of a podMetrics check for one revision: the error ratio of all counted pods together,
// the quantile of their common histogram, or the mean of their gauges.
//
// One bad scrape is no bad release: the pods whose scrapes failed, or whose counters were reset,
// are not counted. If more than half of the pods are not counted, there is no value.
//
// One bad pod is no bad release either: of three pods or more, the value must stay bad when any
// single pod is left out. For this, the result also has the value without each pod.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "base/time.hpp"
#include "checks/pod_metrics_question.hpp"
#include "checks/pod_metrics_rates.hpp"

namespace lastgood::checks {

struct PodOfRevision {
  std::string name;
  PodWindow window;
};

struct ValueWithoutPod {
  std::string pod;
  double value = 0;
};

struct RevisionValue {
  double value = 0;  // finite
  double requests = 0;
  std::string text;  // "12 of 340 requests of 3 pods failed in 10s: ratio "; the value follows
  std::string metric = {};  // the selectors that were used: "errors{code=~\"5..\"} / requests"
  std::string pods_not_counted = {};  // "1 of 3 pods is not counted: web-b: ..."; empty: all are
  // If three pods or more are counted: the value without each of them. A pod is not in the list if
  // the others have no value or too little traffic.
  std::vector<ValueWithoutPod> without_pod = {};
};

using RevisionMetrics = std::expected<RevisionValue, ScrapeProblem>;

// `window`: the time from the first to the last scrape. The error is the first of these that
// applies:
//   any reason      more than half of the pods are not counted: their most frequent reason
//   MetricNotFound  no counted pod has the metric
//   NoSeries        the metric exists, but no series has the labels of the selector
//   NoTraffic       no request in the window
//   LowTraffic      fewer requests than `minimum_requests`
//   NoData          the histogram has no bucket +Inf, or no other bucket
[[nodiscard]] RevisionMetrics value_of_revision(const api::PodMetricsCheck& check,
                                                const PodMetricsQuestion& question,
                                                const std::vector<PodOfRevision>& pods,
                                                Duration window);

}  // namespace lastgood::checks
