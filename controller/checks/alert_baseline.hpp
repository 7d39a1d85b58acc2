// The baseline of alerts that fire. The old pods cannot be measured, because an alert has only its
// present state: instead, an alert that was active before the release is not caused by it.
#pragma once

#include <optional>
#include <span>

#include "api/guard.hpp"
#include "api/meta.hpp"
#include "base/time.hpp"
#include "checks/placement.hpp"

namespace lastgood::checks {

struct FiringAlert {
  const api::StringMap* labels;
  const Placement* placement;
  std::optional<Time> since = {};  // since when it is active, or fires
};

// A Fail of the first alert that was active before `released`. Nothing if there is none, or if the
// times are not known.
[[nodiscard]] std::optional<api::BaselineResult> alert_baseline(std::span<const FiringAlert> firing,
                                                                std::optional<Time> released,
                                                                Time now);

}  // namespace lastgood::checks
