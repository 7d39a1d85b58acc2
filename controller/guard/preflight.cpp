#include "guard/preflight.hpp"

#include <algorithm>

#include "guard/group/group.hpp"
#include "guard/group/member.hpp"
#include "rollback/record.hpp"
#include "guard/gates/request_gates.hpp"
#include "guard/target.hpp"

namespace lastgood::guard {

using api::State;
using api::Truth;

namespace {

constexpr std::chrono::seconds fresh_for{30};
constexpr std::chrono::seconds near_every{20};
constexpr std::chrono::minutes every{10};
constexpr std::chrono::milliseconds at_most_every{500};

// A rollback may be begun any moment.
bool is_near(const api::GuardStatus& guard) {
  const bool fails = std::ranges::any_of(guard.checks, [](const api::CheckStatus& check) { return check.failures > 0; });
  const bool is_due = guard.state == State::Held || guard.state == State::RollingBack;
  return is_due || (guard.state == State::Watching && fails);
}

Duration longest_age(const World& world, const api::GuardStatus& guard, Time now) {
  const bool soon =
      world.request || is_near(guard) || is_waited_for(world, guard) || call_to_follow(world, guard, now) != nullptr;
  return soon ? Duration(near_every) : Duration(every);
}

}  // namespace

bool is_about(const std::optional<api::Preflight>& preflight, const api::Deployment& deployment, const api::Revision& target) {
  return preflight && preflight->generation == deployment.meta.generation && preflight->target == target.kept_as;
}

bool is_fresh(const std::optional<api::Preflight>& preflight, const api::Deployment& deployment, const api::Revision& target,
              Time now) {
  return is_about(preflight, deployment, target) && now - preflight->at <= fresh_for;
}

bool is_preflight_due(const World& world, Time now) {
  const auto next = next_preflight(world, world.guard, now);
  return next && *next <= now;
}

std::optional<Time> next_preflight(const World& world, const api::GuardStatus& guard, Time now) {
  if (!world.guarding.governs() || world.deployment.meta.deleting) return {};
  // What is being put back now is no longer a question.
  const bool is_under_way = rollback::is_seen_through(guard, world.rollback) && rollback::is_open(world.rollback, world.deployment);
  if (is_under_way && world.rollback->status.phase != api::RollbackPhase::Pending) return {};
  const auto target = wanted_target(world, guard);
  if (!target) return {};
  if (!world.preflight) return now;
  // Behind a watch that lags, what was found is of another generation each time.
  if (!is_about(world.preflight, world.deployment, *target)) return std::max(now, world.preflight->at + at_most_every);
  return world.preflight->at + longest_age(world, guard, now);
}

void set_rollback_ready(api::GuardStatus& guard, const World& world, Time now) {
  api::Condition condition{.type = "RollbackReady", .status = Truth::Unknown, .reason = "NotChecked"};
  condition.observed_generation = world.deployment.meta.generation;
  const Target target = choose_target(guard);
  if (!world.guarding.governs()) {
    const api::Condition& governed = *api::find_condition(guard.conditions, "Governed");
    condition.status = Truth::False;
    condition.reason = governed.reason;
    condition.message = governed.message;
  } else if (!target.revision) {
    condition.status = Truth::False;
    condition.reason = target.is_past_mark ? "NoRollbackPast" : "NoLastGood";
    condition.message = target.why_not;
  } else if (world.preflight && world.preflight->target == target.revision->kept_as) {
    condition.status = world.preflight->ready;
    condition.reason = world.preflight->reason;
    condition.message = world.preflight->message;
  } else {
    condition.message = "Whether a rollback would work has not been found out yet";
  }
  api::set_condition(guard.conditions, condition, now);
}

}  // namespace lastgood::guard
