#include "checks/histogram_quantile.hpp"

#include <algorithm>
#include <cmath>

namespace lastgood::checks {

std::optional<double> histogram_quantile(double quantile, std::vector<HistogramBucket> buckets) {
  std::ranges::sort(buckets, {}, &HistogramBucket::bound);
  if (buckets.size() < 2 || std::isfinite(buckets.back().bound)) return std::nullopt;
  for (std::size_t i = 1; i < buckets.size(); ++i)
    buckets[i].count = std::max(buckets[i].count, buckets[i - 1].count);
  const double observations = buckets.back().count;
  if (!(observations > 0)) return std::nullopt;
  const double rank = quantile * observations;
  const auto found = std::ranges::find_if(
      buckets, [&](const HistogramBucket& bucket) { return bucket.count >= rank; });
  const HistogramBucket& highest = buckets[buckets.size() - 2];
  if (found == buckets.end() || !std::isfinite(found->bound)) return highest.bound;
  const bool is_lowest = found == buckets.begin();
  if (is_lowest && found->bound <= 0) return found->bound;
  const HistogramBucket below = is_lowest ? HistogramBucket{} : *std::prev(found);
  const double share = (rank - below.count) / (found->count - below.count);
  return below.bound + (found->bound - below.bound) * share;
}

}  // namespace lastgood::checks
