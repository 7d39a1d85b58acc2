// The breaker of the fleet: many releases that fail at the same time have a cause in common, and
// putting them back would not help. It is judged from how the guarded Deployments stand, and stays
// open until they have been calm for a while: those that get well last would be put back otherwise.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct BreakerSettings {
  int rollbacks = 5;         // open with more than this many; 0: there is no breaker
  int percent = 10;          // and more than this share of the guarded Deployments
  Duration within{300'000};  // a rollback counts this long, and so long it must be calm
};

struct Fleet {
  std::size_t guarded = 0;
  std::size_t troubled = 0;
  std::size_t held = 0;  // by the breaker
};

// What a person says of it on the controller's Lease.
struct BreakerOverride {
  std::optional<Time> at = {};  // from then on it stays closed for `within`
  std::string problem;          // why what is said cannot be understood
};

// One that is being judged and fails a check now, or that was put back within the time. What was
// put back while a person kept the breaker closed does not count.
[[nodiscard]] bool is_troubled(const api::GuardStatus& guard, const BreakerSettings& settings,
                               const BreakerOverride& breaker_override, Time now);

[[nodiscard]] bool is_held_by_breaker(const api::GuardStatus& guard);

// What the annotation lastgood.dev/close-breaker says.
[[nodiscard]] BreakerOverride parse_breaker_override(std::string_view annotation);

// When it was last above its limits: `before`, or now. After a restart those that it holds tell
// that it was.
[[nodiscard]] std::optional<Time> last_above(const BreakerSettings& settings, const Fleet& fleet,
                                             const BreakerOverride& breaker_override,
                                             std::optional<Time> before, Time now);

// `above`: when it was last above its limits.
[[nodiscard]] Breaker evaluate_fleet(const BreakerSettings& settings, const Fleet& fleet,
                                     const BreakerOverride& breaker_override,
                                     std::optional<Time> above, Time now);

}  // namespace lastgood::guard
