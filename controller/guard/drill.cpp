#include "guard/drill.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RollbackPhase;

namespace {

// The time in which the fastest HTTP check of the policy detects a breach. Empty without one. The
// time of a query depends on its window.
std::optional<Duration> time_to_detect(const api::PolicySpec& spec) {
  std::optional<Duration> fastest;
  for (const api::Check& check : spec.checks) {
    if (!std::holds_alternative<api::HttpCheck>(check.kind)) continue;
    const Duration time = std::max(check.failure_threshold * check.interval, check.fail_for) +
                          api::timeout_of(check.kind);
    fastest = std::min(fastest.value_or(time), time);
  }
  return fastest;
}

}  // namespace

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
  // A status of an older controller has no passedAt.
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
