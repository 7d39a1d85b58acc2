// The baseline of alerts that fire. The old pods cannot be measured, because an alert has only its
// present state: instead, an alert that was active before the release is not caused by it.
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
  std::optional<Time> since = {};  // since when it is active, or fires
};

// A Fail of the first alert that began before the release: see began_before(). Nothing if there is
// none.
[[nodiscard]] std::optional<api::BaselineResult> alert_baseline(std::span<const FiringAlert> firing,
                                                                const ReleaseStart& release,
                                                                Time now);

}  // namespace lastgood::checks
