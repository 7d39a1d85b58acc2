// The baseline of firing alerts. It cannot be measured for an earlier time, because an alert has
// only its present state. Instead, the baseline fails if an alert was active before the release:
// the release is not its cause.
#pragma once

#include <optional>
#include <span>

#include "api/guard.hpp"
#include "api/meta.hpp"
#include "base/time.hpp"
#include "checks/placement.hpp"
#include "checks/release_start.hpp"

namespace lastgood::checks {

struct FiringAlert {
  const api::StringMap* labels;
  const Placement* placement;
  // From a metrics server: since when it is active. From Alertmanager: since when it fires.
  std::optional<Time> since = {};
};

// A Fail if one of the alerts began before the release: see began_before(). The message names the
// first of these. Nothing if none of the alerts did.
[[nodiscard]] std::optional<api::BaselineResult> alert_baseline(std::span<const FiringAlert> firing,
                                                                const ReleaseStart& release,
                                                                Time now);

}  // namespace lastgood::checks
