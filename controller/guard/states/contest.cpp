#include "guard/states/contest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/states/frozen.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

constexpr std::size_t max_contests = api::RollbackLimit::max_count;

std::string name_of_author(const Inputs& inputs) {
  return inputs.author ? inputs.author->name : "an unknown field manager";
}

}  // namespace

ContestOutcome count_contest(Step& step) {
  const Inputs& inputs = step.inputs;
  // An unknown author may be a tool.
  if (inputs.author && !inputs.author->is_tool) return {};
  api::GuardStatus& guard = step.guard();
  const std::string tool = name_of_author(inputs);
  guard.contests.insert(guard.contests.begin(), {.by = tool, .at = step.now});
  guard.contests.resize(std::min(guard.contests.size(), max_contests));
  const api::RollbackLimit& limit = inputs.policy.spec.limit;
  const auto times = std::ranges::count_if(guard.contests, [&](const api::Contest& one) {
    return one.at <= step.now && step.now - one.at < limit.within;
  });
  return {
      .tool = tool,
      .is_over_limit = times >= limit.count,
      .message = fmt::format("{} applied it again {} time{} within {} (limit {})", tool, times,
                             times == 1 ? "" : "s", format_duration(limit.within), limit.count)};
}

void freeze_contested(Step& step, const ContestOutcome& contest) {
  freeze(step, Reason::Contested,
         fmt::format("{} was rolled back, but {}", step.current_name(), contest.message),
         "Revert the release where that tool gets it from, or stop the tool");
}

}  // namespace lastgood::guard
