// The breaker of the fleet. Many releases that fail at the same time probably have a common cause,
// and rollbacks would not help. The breaker stays open until the fleet has been calm for a while;
// otherwise the last Deployments to recover would be rolled back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct BreakerSettings {
  int rollbacks = 5;         // opens above this number; 0: no breaker
  int percent = 10;          // and above this share of the guarded Deployments
  Duration within{300'000};  // how long a rollback counts, and how long the fleet must be calm
};

struct Fleet {
  std::size_t guarded = 0;
  std::size_t failing = 0;
  std::size_t held = 0;  // by the breaker
};

// The annotation lastgood.dev/close-breaker on the controller's Lease.
struct BreakerOverride {
  std::optional<Time> at = {};  // the breaker stays closed for `within` after it
  std::string problem;          // why the annotation cannot be used; empty: it can
};

// A check of its release fails now, or it was rolled back recently. Rollbacks while an admin kept
// the breaker closed do not count.
[[nodiscard]] bool counts_as_failing(const api::GuardStatus& guard, const BreakerSettings& settings,
                                     const BreakerOverride& breaker_override, Time now);

[[nodiscard]] bool is_held_by_breaker(const api::GuardStatus& guard);

[[nodiscard]] BreakerOverride parse_breaker_override(std::string_view annotation);

// The last time above the limits: now, or `before`. After a restart a Deployment that is held by
// the breaker shows that it was open.
[[nodiscard]] std::optional<Time> last_above(const BreakerSettings& settings, const Fleet& fleet,
                                             const BreakerOverride& breaker_override,
                                             std::optional<Time> before, Time now);

// `above`: the last time above the limits.
[[nodiscard]] Breaker evaluate_fleet(const BreakerSettings& settings, const Fleet& fleet,
                                     const BreakerOverride& breaker_override,
                                     std::optional<Time> above, Time now);

}  // namespace lastgood::guard
