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

ContestOutcome count_contest(Step& step, const api::ReplicaSet& set) {
  const Inputs& inputs = step.inputs;
  // An unknown author may be a tool.
  if (inputs.author && !inputs.author->is_tool) return {};
  api::GuardStatus& guard = step.guard();
  const std::string tool = name_of_author(inputs);
  // A contest without a hash was stored by an older version of the controller. It counts for each
  // template.
  std::erase_if(guard.contests, [&](const api::Contest& one) {
    return !one.hash.value.empty() && one.hash != set.hash;
  });
  guard.contests.insert(guard.contests.begin(), {.hash = set.hash, .by = tool, .at = step.now});
  guard.contests.resize(std::min(guard.contests.size(), max_contests));
  const int limit = inputs.policy.spec.limit.count;
  const auto times = std::ssize(guard.contests);
  return {.tool = tool,
          .has_reached_limit = times >= limit,
          .message = fmt::format("{} applied it again {} consecutive time{} (limit {})", tool,
                                 times, times == 1 ? "" : "s", limit)};
}

void forget_contests(api::GuardStatus& guard) { guard.contests.clear(); }

void forget_contests(api::GuardStatus& guard, const TemplateHash& hash) {
  std::erase_if(guard.contests, [&](const api::Contest& one) { return one.hash == hash; });
}

void freeze_contested(Step& step, const ContestOutcome& contest) {
  freeze(step, Reason::Contested,
         fmt::format("{} was rolled back, but {}", step.current_name(), contest.message),
         "Revert the release where that tool gets it from, or stop the tool");
}

}  // namespace lastgood::guard
