// A quantile from the buckets of a histogram, as histogram_quantile() of PromQL computes it:
// https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
// (BucketQuantile in promql/quantile.go of Prometheus 3).
//
// Example: 3 of 10 requests took at most 0.1 s, 9 at most 0.5 s, and 10 at most 1 s. The quantile
// 0.5 is the request with rank 5. It is in the bucket from 0.1 to 0.5. The ranks of this bucket are
// above 3 and up to 9, so the quantile is 0.1 + 0.4 * (5 - 3) / (9 - 3) = 0.233 s.
#pragma once

#include <optional>
#include <vector>

namespace lastgood::checks {

struct HistogramBucket {
  double bound = 0;  // the label le
  double count = 0;  // of the values up to the bound, so it includes the buckets below
  bool operator==(const HistogramBucket&) const = default;
};

// `quantile`: above 0 and below 1. `buckets`: in any order, each bound once. Nothing if the bucket
// +Inf or any other bucket is missing, or if no value was observed.
//
// - Inside a bucket, the values are taken to be spread evenly. The lowest bucket begins at 0.
// - In the bucket +Inf, the result is the highest finite bound: the real value is higher.
// - A count below that of a lower bucket is raised to it: a page is not written in one moment.
[[nodiscard]] std::optional<double> histogram_quantile(double quantile,
                                                       std::vector<HistogramBucket> buckets);

}  // namespace lastgood::checks
