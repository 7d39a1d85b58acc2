// The breaker of the fleet: many releases that fail at the same time have a cause in common, and putting them back would not
// help. It is judged from how the guarded Deployments stand now and remembers nothing, so a restart changes nothing.
#pragma once

#include <cstddef>
#include <optional>

#include "decide/world.hpp"

namespace lastgood::decide {

struct BreakerSettings {
  int rollbacks = 5;         // open with more than this many; 0: there is no breaker
  int percent = 10;          // and more than this share of the guarded Deployments
  Duration within{300'000};  // a rollback counts this long
};

struct Fleet {
  std::size_t guarded = 0;
  std::size_t troubled = 0;
};

// One that is being judged and fails a check now, or that was put back within the time.
[[nodiscard]] bool is_troubled(const api::GuardStatus& guard, const BreakerSettings& settings, Time now);

// `closed`: when a person has closed it; from then on it stays closed for `within`.
[[nodiscard]] Breaker judge_fleet(const BreakerSettings& settings, const Fleet& fleet, std::optional<Time> closed, Time now);

}  // namespace lastgood::decide
