#include "guard/breaker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace lastgood::guard {

using api::State;

bool is_kept_closed(const BreakerSettings& settings, const BreakerOverride& breaker_override,
                    Time at) {
  return breaker_override.at && *breaker_override.at <= at &&
         at - *breaker_override.at < settings.within;
}

std::size_t min_other_failures(const FleetSettings& settings, const Fleet& fleet,
                               const BreakerOverride& breaker_override, Time now) {
  const SharedCauseSettings& limits = settings.shared_cause;
  if (limits.deployments == 0 || is_kept_closed(settings.breaker, breaker_override, now)) return 0;
  const std::size_t share = (fleet.guarded * static_cast<std::size_t>(limits.percent) + 99) / 100;
  return std::max(static_cast<std::size_t>(limits.deployments), share);
}

bool counts_as_failing(const api::GuardStatus& guard, std::optional<Time> failing_since,
                       const BreakerSettings& settings, const BreakerOverride& breaker_override,
                       Time now) {
  if (guard.policy.empty()) return false;
  const bool began_recently = failing_since && now - *failing_since < settings.within;
  const bool was_rolled_back_recently =
      std::ranges::any_of(guard.rollbacks, [&](const api::PastRollback& past) {
        return past.at <= now && now - past.at < settings.within &&
               !is_kept_closed(settings, breaker_override, past.at);
      });
  return began_recently || was_rolled_back_recently;
}

bool is_held_by_breaker(const api::GuardStatus& guard) {
  return guard.state == State::Held && guard.reason == Reason::BreakerOpen;
}

BreakerOverride parse_breaker_override(std::string_view annotation) {
  if (annotation.empty()) return {};
  const auto at = parse_rfc3339(annotation);
  if (at) return {.at = at, .problem = {}};
  return {
      .at = {},
      .problem = fmt::format(
          "The annotation lastgood.dev/close-breaker on the Lease has the value {}, which is not a "
          "time such as \"2026-11-24T12:00:00Z\". It has no effect",
          in_quotes(annotation))};
}

std::optional<Time> last_above(const BreakerSettings& settings, const Fleet& fleet,
                               const BreakerOverride& breaker_override, std::optional<Time> before,
                               Time now) {
  if (settings.rollbacks == 0 || is_kept_closed(settings, breaker_override, now)) return {};
  const auto limit = static_cast<std::size_t>(settings.rollbacks);
  const auto share = static_cast<std::size_t>(settings.percent);
  const bool is_many = fleet.failing > limit && fleet.failing * 100 > fleet.guarded * share;
  // `before` is also empty after an administrator closed the breaker. Then a Deployment that is
  // still held does not show that the breaker was open.
  const bool was_open = !before && fleet.held > 0 &&
                        !is_kept_closed(settings, breaker_override, now - settings.within);
  return is_many || was_open ? now : before;
}

Breaker evaluate_fleet(const BreakerSettings& settings, const Fleet& fleet,
                       const BreakerOverride& breaker_override, std::optional<Time> above,
                       Time now) {
  if (!above || now - *above >= settings.within) return {};
  const std::string problem =
      breaker_override.problem.empty() ? "" : ". " + breaker_override.problem;
  return {
      .is_open = true,
      .message = fmt::format(
          "{} of {} guarded Deployments began to fail or were rolled back within {} (limits: {} "
          "Deployments and {}%), so a common cause is likely. The breaker closes {} after the last "
          "moment at which both limits were exceeded, or when an administrator sets the annotation "
          "lastgood.dev/close-breaker of the controller's Lease to the current time{}",
          fleet.failing, fleet.guarded, format_duration(settings.within), settings.rollbacks,
          settings.percent, format_duration(settings.within), problem)};
}

}  // namespace lastgood::guard
