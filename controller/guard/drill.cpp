#include "guard/drill.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/gates/gate.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RollbackPhase;

namespace {

// Of the fastest check. Empty for a policy without checks: the rollout check has no interval.
std::optional<Duration> time_to_detect(const api::PolicySpec& spec) {
  std::optional<Duration> quickest;
  for (const api::Check& check : spec.checks) {
    const Duration needs = check.failure_threshold * check.interval + check.http.timeout;
    if (!quickest || needs < *quickest) quickest = needs;
  }
  return quickest;
}

bool is_due(const api::DrillPlan& plan, const api::GuardStatus& guard, Time now) {
  const auto last = guard.last_drill ? guard.last_drill->at : std::optional<Time>();
  const bool is_new = guard.current->verdict == api::RevisionVerdict::Good &&
                      guard.current->since && (!last || *last < *guard.current->since);
  if (plan.after_good && is_new) return true;
  return plan.every > Duration::zero() && (!last || now - *last >= plan.every);
}

}  // namespace

void plan_drill(Step& step) {
  const api::GuardStatus& guard = step.guard();
  const api::DrillPlan& plan = step.inputs.policy.spec.drill;
  const TargetChoice target = choose_target(guard);
  // Without a target, RollbackReady says why.
  if (!guard.current || !target.revision || first_hold(write_gates(), step.inputs, guard, step.now))
    return;
  if (!is_due(plan, guard, step.now)) {
    if (plan.every > Duration::zero()) step.requeue_at(*guard.last_drill->at + plan.every);
    return;
  }
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard, {},
                                                *target.revision, step.now);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(step.now.time_since_epoch()).count();
  record.meta.key.name += fmt::format("-drill-{}", seconds);
  record.spec.drill = true;
  record.spec.policy = guard.policy;
  step.plan.action = RunDrill{.record = std::move(record)};
}

api::RollbackStatus drill_outcome(const api::Rollback& record, const api::Preflight& found,
                                  Duration took, const api::PolicySpec& spec, Time now) {
  api::RollbackStatus status = record.status;
  status.time_to_act = took;
  status.time_to_detect = time_to_detect(spec);
  const bool would_work = found.ready == api::ConditionStatus::True;
  const std::string detects =
      status.time_to_detect
          ? fmt::format(" A breach is detected within {}.", format_duration(*status.time_to_detect))
          : "";
  const std::string message =
      would_work
          ? fmt::format(
                "The drill passed: the API server admits the patch to revision {} after {}.{}",
                record.spec.to.number, format_duration(took), detects)
          : fmt::format(
                "The drill failed{} ({}): {}",
                found.ready == api::ConditionStatus::Unknown ? ": the preflight has no result" : "",
                found.reason, found.message);
  return rollback::advance(std::move(status),
                           would_work ? RollbackPhase::Succeeded : RollbackPhase::Failed, message,
                           now);
}

void record_drill(api::GuardStatus& guard, const api::Rollback& drill) {
  const bool passed = drill.status.phase == RollbackPhase::Succeeded;
  std::optional<Time> passed_before;
  // An older status has no passedAt.
  if (const auto& last = guard.last_drill)
    passed_before = last->passed ? last->at : last->passed_at;
  guard.last_drill = api::LastDrill{.rollback = drill.meta.key.name,
                                    .at = drill.status.finished,
                                    .passed = passed,
                                    .message = drill.status.message,
                                    .passed_at = passed ? drill.status.finished : passed_before};
}

std::optional<EventRecord> drill_event(const api::GuardStatus& before,
                                       const api::GuardStatus& after) {
  if (!after.last_drill || after.last_drill->passed || after.last_drill == before.last_drill)
    return {};
  return EventRecord{.type = EventType::Warning,
                     .reason = Reason::DrillFailed,
                     .action = EventAction::Drill,
                     .note = fmt::format("Rollback {}: {}", after.last_drill->rollback,
                                         after.last_drill->message)};
}

}  // namespace lastgood::guard
