#include "net/clock_offset.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace lastgood::net {
namespace {

constexpr std::size_t max_differences = 5;
constexpr Duration tolerated{5'000};
constexpr Duration precision{2'000};
// The middle of the second that the Date header gives.
constexpr Duration half_second{500};

// Of an even number of values, the one that is closer to 0: a correction needs a majority.
Duration median_of(const std::deque<Duration>& differences) {
  std::vector<Duration> sorted(differences.begin(), differences.end());
  std::ranges::sort(sorted);
  const Duration lower = sorted[(sorted.size() - 1) / 2];
  const Duration upper = sorted[sorted.size() / 2];
  return std::chrono::abs(lower) <= std::chrono::abs(upper) ? lower : upper;
}

}  // namespace

bool ClockOffset::observe(Time server, Time local) {
  differences_.push_back(server + half_second - local);
  if (differences_.size() > max_differences) differences_.pop_front();
  const Duration median = median_of(differences_);
  const Duration wanted = std::chrono::abs(median) <= tolerated ? Duration{0} : median;
  if (std::chrono::abs(wanted - offset_) <= precision) return false;
  offset_ = wanted;
  return true;
}

}  // namespace lastgood::net
