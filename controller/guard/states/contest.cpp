// Contest: a template that was rolled back and that a machine puts back. It is counted, and after
// the limit a person has to decide, because the two would go on for ever.
#include <fmt/format.h>

#include <algorithm>

#include "guard/states/step.hpp"

namespace lastgood::guard {

namespace {

constexpr std::size_t max_contests = api::RollbackLimit::most;

// One that cannot be named is not known to be a person.
std::string name_of_author(const Inputs& inputs) {
  return inputs.author ? inputs.author->name : "an unknown hand";
}

}  // namespace

Contest count_contest(Step& step) {
  const Inputs& inputs = step.inputs;
  if (inputs.author && !inputs.author->is_machine) return {};
  api::GuardStatus& guard = step.guard();
  const std::string by = name_of_author(inputs);
  guard.contests.insert(guard.contests.begin(), {.by = by, .at = step.now});
  if (guard.contests.size() > max_contests) guard.contests.resize(max_contests);
  const api::RollbackLimit& limit = inputs.policy.spec.limit;
  const auto times = std::ranges::count_if(guard.contests, [&](const api::Contest& one) {
    return one.at <= step.now && step.now - one.at < limit.within;
  });
  return {.by = by,
          .is_over_limit = times >= limit.count,
          .words = fmt::format("{} has put it back {} times within {} (limit {})", by, times,
                               format_duration(limit.within), limit.count)};
}

void freeze_contested(Step& step, const Contest& contest) {
  const api::GuardStatus& guard = step.guard();
  freeze(step, Reason::Contested,
         fmt::format("{} was rolled back, but {}",
                     rollback::name_of(step.deployment(), *guard.current), contest.words),
         "Change what that tool applies (revert the release where it comes from), or stop it");
}

}  // namespace lastgood::guard
