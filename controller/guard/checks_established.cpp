#include "guard/checks_established.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/established.hpp"

namespace lastgood::guard {

using api::ConditionStatus;
using api::MeasurementResult;

namespace {

constexpr int min_failures = 2;

struct LastResult {
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::Pending;
  int consecutive_failures = 0;
};

// The last result of a check for the current revision. Without a result, its reason is Pending.
LastResult last_result(const api::GuardStatus& guard, const std::string& name,
                       const std::string& config_hash) {
  const auto idle = std::ranges::find(guard.idle_results, name, &api::IdleResult::check);
  if (idle != guard.idle_results.end() && idle->config_hash == config_hash)
    return {idle->result, idle->reason, idle->consecutive_failures};
  const api::CheckStatus* check = api::find_check(guard.checks, name);
  if (check && check->config_hash == config_hash)
    return {check->result, check->reason, check->consecutive_failures};
  return {};
}

struct Finding {
  ConditionStatus status = ConditionStatus::True;
  std::string unproven;  // "health (WrongStatus), ready (Pending)"
};

Finding find_unproven(const api::GuardStatus& guard, const api::PolicySpec& spec) {
  Finding found;
  for (const api::Check& check : spec.checks) {
    const std::string config_hash = api::config_hash_of(check.kind);
    if (has_passed(guard, config_hash)) continue;
    const LastResult last = last_result(guard, check.name, config_hash);
    found.unproven +=
        fmt::format("{}{} ({})", found.unproven.empty() ? "" : ", ", check.name, last.reason);
    if (last.consecutive_failures >= min_failures) {
      found.status = ConditionStatus::False;
    } else if (found.status == ConditionStatus::True) {
      found.status = ConditionStatus::Unknown;
    }
  }
  return found;
}

api::Condition condition_of(const Step& step) {
  const Inputs& inputs = step.inputs;
  api::Condition condition{.type = std::string(api::condition::checks_established),
                           .status = ConditionStatus::Unknown,
                           .reason = api::to_string(Reason::Pending),
                           .observed_generation = inputs.deployment.meta.generation};
  if (!inputs.policy.governs()) {
    condition.message = "No policy applies, so no check is measured";
    return condition;
  }
  const Finding found = find_unproven(step.plan.guard, inputs.policy.spec);
  condition.status = found.status;
  switch (found.status) {
    case ConditionStatus::True:
      condition.reason = api::to_string(Reason::Passed);
      condition.message = "Each check of the policy has passed for a revision";
      break;
    case ConditionStatus::False:
      condition.reason = api::to_string(Reason::CheckNotEstablished);
      condition.message = fmt::format(
          "These checks of {} never passed for any revision, with their last results: {}. They "
          "cannot cause a rollback. Correct them in the policy, or make the application pass them",
          inputs.policy.name, found.unproven);
      break;
    case ConditionStatus::Unknown:
      condition.message = fmt::format(
          "These checks of {} have not passed for any revision yet, with their last results: {}. "
          "Until they pass, they cannot cause a rollback",
          inputs.policy.name, found.unproven);
      break;
  }
  return condition;
}

}  // namespace

void set_checks_established(Step& step) {
  api::GuardStatus& guard = step.guard();
  api::Condition condition = condition_of(step);
  const api::Condition* before = api::find_condition(guard.conditions, condition.type);
  const bool was_false = before && before->status == ConditionStatus::False;
  if (condition.status == ConditionStatus::False && !was_false)
    step.emit(EventType::Warning, Reason::CheckNotEstablished, EventAction::Evaluate,
              condition.message);
  api::set_condition(guard.conditions, std::move(condition), step.now);
}

}  // namespace lastgood::guard
