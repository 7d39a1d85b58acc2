// Queries for users who do not know PromQL: the forms errorRatio and latency of a prometheus check.
// The queries select the pods of one revision, with the variables of promql.hpp. Private to codec/.
//
//   errorRatio   (sum(rate(M{pods, errors}[w])) or vector(0)) / sum(rate(M{pods}[w]))
//   latency      histogram_quantile(q, sum by (le) (rate(H_bucket{pods}[w])))
//   traffic      sum(increase(M{pods}[w])), or of H_count: the requests of one window
//
// Without errors the error ratio is 0. Without traffic the result of errorRatio and latency is NaN
// or has no series, so the check has no value.
#pragma once

#include <string>

#include "base/time.hpp"

namespace lastgood::codec {

// The names of the labels that Prometheus gives to the series of a pod.
struct PodLabels {
  std::string namespace_ = "namespace";
  std::string pod = "pod";
};

// `metric`: the name of a counter. `errors`: label matchers such as `code=~"5.."`.
[[nodiscard]] std::string error_ratio_query(const std::string& metric, const std::string& errors,
                                            const PodLabels& labels, Duration window);

// `histogram`: a name without "_bucket". `quantile`: between 0 and 1.
[[nodiscard]] std::string latency_query(const std::string& histogram, double quantile,
                                        const PodLabels& labels, Duration window);

// `counter`: the name of a counter of requests.
[[nodiscard]] std::string requests_query(const std::string& counter, const PodLabels& labels,
                                         Duration window);

// A name of a metric in the classic syntax: letters, digits, "_" and ":".
[[nodiscard]] bool is_metric_name(std::string_view text);

}  // namespace lastgood::codec
