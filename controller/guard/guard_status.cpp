#include "guard/guard_status.hpp"

#include <algorithm>

#include "api/constants.hpp"
#include "guard/bake.hpp"
#include "guard/check_status.hpp"
#include "guard/states/step.hpp"

namespace lastgood::guard {

using api::Reason;

void reset_check(api::CheckStatus& check) {
  std::optional<api::BaselineResult> baseline = std::move(check.baseline);
  // Keep only a baseline failure that cannot be measured again: from before the release, or an
  // alert of a pod that may be gone.
  if (baseline && !baseline->before && baseline->reason != Reason::AlertFiring) baseline.reset();
  check = {.name = check.name,
           .config_hash = check.config_hash,
           .reason = pending_reason,
           .failure_threshold = check.failure_threshold,
           .recent_results = check.recent_results,
           .bake_passes = check.bake_passes,
           .bake_failures = check.bake_failures,
           .last_result = check.last_result,
           .baseline = std::move(baseline)};
}

void set_snapshot(api::GuardStatus& guard, const TemplateHash& hash,
                  const std::string& controller_revision) {
  if (api::Revision* revision = find_revision(guard, hash))
    revision->snapshot = controller_revision;
  if (guard.current && guard.current->hash == hash) guard.current->snapshot = controller_revision;
}

void clear_snapshot(api::GuardStatus& guard, const std::string& controller_revision) {
  for (api::Revision& revision : guard.revisions) {
    if (revision.snapshot == controller_revision) revision.snapshot.clear();
  }
  if (guard.current && guard.current->snapshot == controller_revision)
    guard.current->snapshot.clear();
}

void reset_results(api::GuardStatus& guard, Time now) {
  for (api::CheckStatus& check : guard.checks) {
    check.result = api::MeasurementResult::Unknown;
    check.reason = pending_reason;
    check.consecutive_unknowns = 0;
    if (check.consecutive_failures == 0) {
      reset_check(check);
    } else if (check.breached) {
      // The stored time may be old: the status is not written for each new failure.
      check.last_failure = now;
    }
  }
}

namespace {

// A new message is written only in Frozen, and in Held with one of these reasons. Other messages
// have times and numbers that change too often.
bool is_message_stable(const api::GuardStatus& guard) {
  return guard.state == api::State::Frozen ||
         (guard.state == api::State::Held &&
          (guard.reason == Reason::GroupBlocked || guard.reason == Reason::AwaitingApproval));
}

void drop_details(api::GuardStatus& guard) {
  guard.deployment_generation = 0;
  if (!is_message_stable(guard)) guard.message.clear();
  for (api::CheckStatus& check : guard.checks) {
    check.message.clear();
    check.value.reset();
    check.query.clear();
    check.traffic.reset();
    check.last_failure.reset();
    check.recent_results.clear();
    check.bake_passes = 0;
    check.bake_failures = 0;
    check.last_result.reset();
    check.failing_series.clear();
    check.min_failing_time = Duration::zero();
    check.passing_since.reset();
    if (check.baseline)
      check.baseline = api::BaselineResult{
          .result = check.baseline->result,
          .consecutive_failures = std::min(check.baseline->consecutive_failures, 2),
          .before = check.baseline->before};
    // More failures after the breach are not worth a write.
    if (check.breached) check.consecutive_failures = check.failure_threshold;
  }
  if (guard.bake) guard.bake = api::Bake{.observed = rounded_down(guard.bake->observed)};
  // A result in state Idle may hold the next release after two failures, so the next leader must
  // know it. With fewer failures it is not worth a write.
  std::erase_if(guard.idle_results,
                [](const api::IdleResult& result) { return result.consecutive_failures < 2; });
  for (api::IdleResult& result : guard.idle_results)
    result = {.check = result.check, .config_hash = result.config_hash};
  for (api::Condition& condition : guard.conditions) {
    condition.observed_generation = 0;
    if (condition.type != api::condition::governed &&
        condition.type != api::condition::checks_established &&
        condition.type != api::condition::rollback_ready)
      condition.message.clear();
  }
}

}  // namespace

bool has_policy_conflict(const api::GuardStatus& guard) {
  const api::Condition* governed = api::find_condition(guard.conditions, api::condition::governed);
  return governed && governed->reason == api::to_string(Reason::PolicyConflict);
}

bool is_stored_as(api::GuardStatus memory, const api::GuardStatus& stored) {
  for (api::CheckStatus& check : memory.checks) {
    check.failing_series.clear();
    check.min_failing_time = {};
    check.passing_since.reset();
  }
  return memory == stored;
}

bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after) {
  api::GuardStatus old_status = before;
  api::GuardStatus new_status = after;
  drop_details(old_status);
  drop_details(new_status);
  return old_status != new_status;
}

}  // namespace lastgood::guard
