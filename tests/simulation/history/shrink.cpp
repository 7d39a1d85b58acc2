#include "simulation/history/shrink.hpp"

#include <algorithm>
#include <numeric>

namespace lastgood::simulation {

namespace {

std::vector<std::size_t> without(const std::vector<std::size_t>& events, std::size_t first,
                                 std::size_t length) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i < first || i >= first + length) out.push_back(events[i]);
  }
  return out;
}

}  // namespace

std::vector<std::size_t> shrink(std::size_t count,
                                const std::function<bool(const std::vector<std::size_t>&)>& fails,
                                int max_runs) {
  std::vector<std::size_t> kept(count);
  std::iota(kept.begin(), kept.end(), 0);
  std::size_t length = std::max<std::size_t>(count / 2, 1);
  bool is_shorter = true;
  while (!kept.empty() && (length > 1 || is_shorter)) {
    if (!is_shorter) length = std::max<std::size_t>(length / 2, 1);
    is_shorter = false;
    for (std::size_t first = 0; first < kept.size();) {
      if (max_runs-- <= 0) return kept;
      const auto candidate = without(kept, first, length);
      if (fails(candidate)) {
        kept = candidate;
        is_shorter = true;
      } else {
        first += length;
      }
    }
  }
  return kept;
}

}  // namespace lastgood::simulation
