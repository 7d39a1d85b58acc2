#include "guard/preflight_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "guard/group/group.hpp"
#include "guard/group/member.hpp"
#include "guard/manual_request.hpp"
#include "guard/preflight.hpp"
#include "guard/spread.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::ConditionStatus;
using api::State;

namespace {

// A preflight makes three requests or more. See max_fresh_age in preflight.cpp.
constexpr std::chrono::seconds interval_while_failing{20};
constexpr std::chrono::seconds interval_while_due{35};  // a rollback may be held for days
constexpr std::chrono::minutes min_mean_interval{10};
// The mean interval is this long for each guarded Deployment. A preflight sends three requests and
// more.
constexpr std::chrono::seconds interval_per_deployment{3};
constexpr std::chrono::milliseconds min_interval{500};
// The last preflight read a newer Deployment than the watch has, so it counts after the next event
// of the watch. But the watch may back off for 30 s.
constexpr std::chrono::seconds interval_while_behind{10};

// A failure that has just arrived counts: if it is a breach, the rollback starts in this reconcile.
bool is_failing(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto has_failed = [](const api::Measurement& measurement) {
    return measurement.result == api::MeasurementResult::Fail;
  };
  const auto keeps_failing = [](const api::CheckStatus& check) {
    return check.consecutive_failures > 0;
  };
  return guard.state == State::Evaluating &&
         (std::ranges::any_of(inputs.measurements, has_failed) ||
          std::ranges::any_of(guard.checks, keeps_failing));
}

// A rollback may start at any moment, as soon as nothing blocks it.
bool is_due(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  return inputs.request || guard.state == State::Held || guard.state == State::RollingBack ||
         is_awaited_by_group(inputs, guard) ||
         group_rollback_to_follow(inputs, guard, now) != nullptr;
}

Duration usual_interval(const Inputs& inputs) {
  // A user may have removed the cause of a failed preflight.
  const bool has_failed = inputs.preflight && inputs.preflight->ready != ConditionStatus::True;
  return usual_preflight_interval(inputs.deployment.meta.uid, has_failed ? 0 : inputs.guarded);
}

Duration max_age(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (is_failing(inputs, guard)) return interval_while_failing;
  return is_due(inputs, guard, now) ? Duration(interval_while_due) : usual_interval(inputs);
}

// No preflight has run in this term, but the leader before has found that a rollback would work.
// The generation is not compared: it changes with each scaling.
bool was_ready(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto* ready = api::find_condition(guard.conditions, api::condition::rollback_ready);
  return !inputs.preflight && guard.state == State::Idle && ready &&
         ready->status == ConditionStatus::True &&
         guard.template_digest == inputs.deployment.template_digest;
}

}  // namespace

Duration usual_preflight_interval(const Uid& deployment, std::size_t guarded) {
  const auto number = static_cast<Duration::rep>(guarded);
  const Duration mean =
      std::max(Duration(min_mean_interval), Duration(interval_per_deployment) * number);
  return mean * 4 / 5 + spread(deployment.value, mean * 2 / 5);
}

bool is_preflight_due(const Inputs& inputs, Time now) {
  const auto next = next_preflight(inputs, inputs.guard, now);
  return next && *next <= now;
}

std::optional<Time> next_preflight(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (!inputs.policy.governs() || inputs.deployment.meta.deleting) return {};
  // No preflight while the rollback is executed.
  const bool is_rolling_back = rollback::is_in_progress(guard, inputs.rollback) &&
                               rollback::is_open(inputs.rollback, inputs.deployment);
  if (is_rolling_back && inputs.rollback->status.phase != api::RollbackPhase::Pending) return {};
  const auto target = wanted_target(inputs, guard);
  if (!target) return {};
  if (!inputs.preflight) {
    const bool can_wait = was_ready(inputs, guard) && !is_due(inputs, guard, now);
    return can_wait
               ? inputs.loaded + spread(inputs.deployment.meta.uid.value, usual_interval(inputs))
               : now;
  }
  if (is_watch_behind(inputs.preflight, inputs.deployment))
    return std::max(now, inputs.preflight->at + interval_while_behind);
  if (!is_about(inputs.preflight, inputs.deployment, *target))
    return std::max(now, inputs.preflight->at + min_interval);
  return inputs.preflight->at + max_age(inputs, guard, now);
}

bool snapshot_failed(const Inputs& inputs, const api::GuardStatus& guard) {
  return !inputs.snapshot_error.empty() && guard.current && is_proven(*guard.current) &&
         guard.current->snapshot.empty();
}

std::string snapshot_failure_text(const Inputs& inputs, const api::GuardStatus& guard) {
  return fmt::format(
      "The snapshot of {} could not be stored: {}. Without it, the next release cannot be rolled "
      "back to this revision. Lastgood tries again",
      rollback::name_of(inputs.deployment, *guard.current), clip(inputs.snapshot_error, 600));
}

void set_rollback_ready(api::GuardStatus& guard, const Inputs& inputs, Time now) {
  api::Condition condition{.type = std::string(api::condition::rollback_ready),
                           .status = ConditionStatus::Unknown,
                           .reason = api::to_string(Reason::NotChecked)};
  condition.observed_generation = inputs.deployment.meta.generation;
  const TargetChoice target = choose_target(guard);
  if (!inputs.policy.governs()) {
    const api::Condition& governed =
        *api::find_condition(guard.conditions, api::condition::governed);
    condition.status = ConditionStatus::False;
    condition.reason = governed.reason;
    condition.message = governed.message;
  } else if (snapshot_failed(inputs, guard)) {
    condition.status = ConditionStatus::False;
    condition.reason = api::to_string(Reason::SnapshotFailed);
    condition.message = snapshot_failure_text(inputs, guard);
  } else if (!target.revision) {
    condition.status = ConditionStatus::False;
    condition.reason =
        api::to_string(target.is_past_mark ? Reason::NoRollbackPast : Reason::NoLastGood);
    condition.message = fmt::format("There is no revision to roll back to: {}", target.why_not);
  } else if (inputs.preflight && inputs.preflight->target == target.revision->snapshot) {
    condition.status = inputs.preflight->ready;
    condition.reason = api::to_string(inputs.preflight->reason);
    condition.message = inputs.preflight->message;
  } else if (was_ready(inputs, guard)) {
    return;
  } else {
    condition.message = "The preflight has not run yet";
  }
  api::set_condition(guard.conditions, condition, now);
}

}  // namespace lastgood::guard
