#include "checks/alert_baseline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {

std::optional<api::BaselineResult> alert_baseline(std::span<const FiringAlert> firing,
                                                  const ReleaseStart& release, Time now) {
  const auto was_active = [&](const FiringAlert& one) {
    return began_before(*one.labels, one.since, release);
  };
  const auto found = std::ranges::find_if(firing, was_active);
  if (found == firing.end()) return {};
  // A baseline fails after two failures, because one may be chance. An alert needs no second
  // measurement: the server has observed it since before the release.
  constexpr int enough_failures = 2;
  return api::BaselineResult{
      .result = api::MeasurementResult::Fail,
      .reason = api::Reason::AlertFiring,
      .message = clip(
          fmt::format("the alert of {} was active before the release, since {}",
                      text_of(*found->labels, *found->placement), format_rfc3339(*found->since)),
          max_message_size),
      .revision = "the revision before",
      .consecutive_failures = enough_failures,
      .before = true,
      .at = now};
}

}  // namespace lastgood::checks
