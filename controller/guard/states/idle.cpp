// Idle: nothing is to be judged. What is good is kept, drills are run, and the state says what
// runs.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RevisionVerdict;
using api::State;

namespace {

bool says_what_runs(const api::GuardStatus& guard) {
  constexpr std::array reasons{Reason::Good, Reason::PresumedGood, Reason::Inconclusive,
                               Reason::RolledBack};
  return std::ranges::find(reasons, guard.reason) != reasons.end();
}

// The last Rollback put it there, and it was not judged since.
bool is_as_put_back(const api::Rollback* last, const api::Revision& current) {
  return last && last->status.phase == api::RollbackPhase::Succeeded &&
         last->spec.to.hash == current.hash && last->status.finished >= current.since;
}

// The words were those of why nothing could be judged, and that is over.
void say_what_runs(Step& step) {
  const api::Revision current = *step.guard().current;
  const std::string name = rollback::name_of(step.deployment(), current);
  const api::Rollback* last = rollback::named_by(step.guard(), step.inputs.rollback);
  if (is_as_put_back(last, current))
    return step.enter(State::Idle, Reason::RolledBack, last->status.message);
  switch (current.verdict) {
    case RevisionVerdict::Good:
      return step.enter(State::Idle, Reason::Good, fmt::format("{} is good and still runs", name));
    case RevisionVerdict::PresumedGood:
      return step.enter(State::Idle, Reason::PresumedGood,
                        fmt::format("{} is presumed good and still runs", name));
    case RevisionVerdict::Inconclusive:
    case RevisionVerdict::Evaluating:
    case RevisionVerdict::Breached:
    case RevisionVerdict::RolledBack:
    case RevisionVerdict::Superseded:
      return step.enter(
          State::Idle, Reason::Inconclusive,
          fmt::format("{} still runs, but is not called good: not every check gave an answer",
                      name));
  }
}

}  // namespace

void snapshot_current(Step& step) {
  const auto& current = step.guard().current;
  if (first_hold(evaluation_gates(), step.inputs, step.guard(), step.now)) return;
  if (current && is_proven(*current) && current->snapshot.empty())
    step.out.action = CreateSnapshot{.revision = *current};
}

void step_idle(Step& step) {
  if (!says_what_runs(step.guard())) say_what_runs(step);
  if (follow_group(step)) return;
  snapshot_current(step);
  if (std::holds_alternative<std::monostate>(step.out.action)) plan_drill(step);
}

}  // namespace lastgood::guard
