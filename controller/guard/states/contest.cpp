// Contest: a template that was rolled back and that a machine puts back. It is counted, and after the limit a person has to
// decide, because the two would go on for ever.
#include <fmt/format.h>

#include <algorithm>

#include "guard/states/step.hpp"

namespace lastgood::guard {

namespace {

constexpr std::size_t most_contests = api::RollbackLimit::most;

// One that cannot be named is not known to be a person.
std::string name_of_author(const World& world) { return world.author ? world.author->name : "an unknown hand"; }

}  // namespace

Contest count_contest(Step& step) {
  const World& world = step.world;
  if (world.author && !world.author->is_machine) return {};
  api::GuardStatus& guard = step.guard();
  const std::string by = name_of_author(world);
  guard.contests.insert(guard.contests.begin(), {.by = by, .at = step.now});
  if (guard.contests.size() > most_contests) guard.contests.resize(most_contests);
  const api::RollbackLimit& limit = world.guarding.spec.limit;
  const auto times = std::ranges::count_if(
      guard.contests, [&](const api::Contest& one) { return one.at <= step.now && step.now - one.at < limit.within; });
  return {.by = by,
          .is_over_limit = times >= limit.count,
          .words = fmt::format("{} has put it back {} times within {} (limit {})", by, times, format_duration(limit.within),
                               limit.count)};
}

void freeze_contested(Step& step, const Contest& contest) {
  const api::GuardStatus& guard = step.guard();
  freeze(step, "Contested", fmt::format("{} was rolled back, but {}", rollback::name_of(step.deployment(), *guard.current), contest.words),
         "Change what that tool applies (revert the release where it comes from), or stop it");
}

}  // namespace lastgood::guard
