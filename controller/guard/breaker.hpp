// The breaker of the fleet. Many releases that fail at the same time probably have a common cause,
// and rollbacks would not help. The breaker stays open for a while after the fleet was above the
// limits. Otherwise the Deployments that recover last would be rolled back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct BreakerSettings {
  int rollbacks = 5;  // opens if more Deployments than this are failing; 0: no breaker
  int percent = 10;   // and they are more than this share of the guarded Deployments
  // How long a failure or a rollback counts, and how long the breaker stays open.
  Duration within{300'000};
};

// A release is held if no old pod passes its failing check, and other Deployments began to fail at
// the same time: at least this number, and at least this share of the guarded Deployments.
struct SharedCauseSettings {
  int deployments = 2;  // 0: other Deployments never hold a release
  int percent = 1;
};

struct FleetSettings {
  BreakerSettings breaker = {};
  SharedCauseSettings shared_cause = {};
};

struct Fleet {
  std::size_t guarded = 0;
  std::size_t failing = 0;  // see counts_as_failing()
  std::size_t held = 0;     // the failing ones in the state Held (BreakerOpen)
};

// The annotation lastgood.dev/close-breaker on the controller's Lease.
struct BreakerOverride {
  // From this time on, for BreakerSettings::within, the breaker stays closed, and failures of other
  // Deployments hold no release.
  std::optional<Time> at = {};
  std::string problem;  // why the annotation cannot be used; empty: it can
};

// The Deployment began to fail recently, at `failing_since`, or was rolled back recently. A
// Deployment that has failed for longer says nothing about the present. Rollbacks while an
// administrator kept the breaker closed do not count.
[[nodiscard]] bool counts_as_failing(const api::GuardStatus& guard,
                                     std::optional<Time> failing_since,
                                     const BreakerSettings& settings,
                                     const BreakerOverride& breaker_override, Time now);

[[nodiscard]] bool is_held_by_breaker(const api::GuardStatus& guard);

[[nodiscard]] BreakerOverride parse_breaker_override(std::string_view annotation);

// An administrator keeps the breaker closed at the time `at`.
[[nodiscard]] bool is_kept_closed(const BreakerSettings& settings,
                                  const BreakerOverride& breaker_override, Time at);

// How many other Deployments must have begun to fail to hold a release: see SharedCauseSettings.
// 0: they never hold one.
[[nodiscard]] std::size_t min_other_failures(const FleetSettings& settings, const Fleet& fleet,
                                             const BreakerOverride& breaker_override, Time now);

// The last time at which the fleet was above both limits: `now`, or else `before`. Empty while an
// administrator keeps the breaker closed. After a restart, `before` is empty. Then a Deployment
// that the breaker holds shows that the breaker was open, and the result is `now`.
[[nodiscard]] std::optional<Time> last_above(const BreakerSettings& settings, const Fleet& fleet,
                                             const BreakerOverride& breaker_override,
                                             std::optional<Time> before, Time now);

// `above`: the result of last_above.
[[nodiscard]] Breaker evaluate_fleet(const BreakerSettings& settings, const Fleet& fleet,
                                     const BreakerOverride& breaker_override,
                                     std::optional<Time> above, Time now);

}  // namespace lastgood::guard
