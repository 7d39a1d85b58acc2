#include "decide/breaker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::decide {

using api::State;

bool is_troubled(const api::GuardStatus& guard, const BreakerSettings& settings, Time now) {
  if (guard.policy.empty()) return false;
  const bool is_judged = guard.state == State::Watching || guard.state == State::Held || guard.state == State::RollingBack;
  // What is not asked any more fails no more.
  const bool fails = std::ranges::any_of(guard.checks, [&](const api::CheckStatus& check) {
    return check.failures > 0 && check.last_failure && now - *check.last_failure < settings.within;
  });
  const bool was_put_back = std::ranges::any_of(
      guard.rollbacks, [&](const api::PastRollback& past) { return past.at <= now && now - past.at < settings.within; });
  return (is_judged && fails) || was_put_back;
}

Breaker judge_fleet(const BreakerSettings& settings, const Fleet& fleet, std::optional<Time> closed, Time now) {
  if (settings.rollbacks == 0) return {};
  const auto limit = static_cast<std::size_t>(settings.rollbacks);
  const auto share = static_cast<std::size_t>(settings.percent);
  const bool is_many = fleet.troubled > limit && fleet.troubled * 100 > fleet.guarded * share;
  const bool is_kept_closed = closed && *closed <= now && now - *closed < settings.within;
  if (!is_many || is_kept_closed) return {};
  return {
      .is_open = true,
      .message = fmt::format("{} of {} guarded Deployments fail or were rolled back within {} (the breaker opens above {} and "
                             "above {}%): a cause in common is likelier than so many bad releases. It closes when fewer fail, "
                             "or by the annotation lastgood.dev/close-breaker on the controller's Lease",
                             fleet.troubled, fleet.guarded, format_duration(settings.within), limit, share)};
}

}  // namespace lastgood::decide
