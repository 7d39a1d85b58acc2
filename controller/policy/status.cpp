#include "policy/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/constants.hpp"
#include "api/reasons.hpp"
#include "policy/effective_policy.hpp"

namespace lastgood::policy {

using api::ConditionStatus;
using api::Reason;

namespace {

struct Readiness {
  ConditionStatus status = ConditionStatus::True;
  Reason reason = Reason::Accepted;
  std::string message;
};

std::string conflict_text(const SelectorConflict& conflict) {
  const std::string what =
      conflict.deployments == 1
          ? fmt::format("Deployment {}, because RollbackPolicy {} selects it too",
                        conflict.deployment, conflict.other_policy)
          : fmt::format(
                "{} Deployments, because other policies select them too: for example, "
                "RollbackPolicy {} selects Deployment {}",
                conflict.deployments, conflict.other_policy, conflict.deployment);
  return fmt::format(
      "This policy does not apply to {}. Name one policy in the annotation {} of the Deployment, "
      "or narrow a selector",
      what, api::annotation::policy);
}

Readiness readiness_of(const api::RollbackPolicy& policy, const SelectorConflict& conflict) {
  if (!policy.problem.empty())
    return {.status = ConditionStatus::False, .reason = Reason::Invalid, .message = policy.problem};
  if (conflict.deployments > 0)
    return {.status = ConditionStatus::False,
            .reason = Reason::PolicyConflict,
            .message = conflict_text(conflict)};
  if (policy.spec.suspend)
    return {.reason = Reason::Suspended,
            .message =
                "The policy is suspended: its Deployments are neither evaluated nor rolled "
                "back. Set spec.suspend to false to continue"};
  return {.message = "The policy can be used"};
}

bool has_prometheus_check(const api::PolicySpec& spec) {
  return std::ranges::any_of(spec.checks, [](const api::Check& check) {
    return std::holds_alternative<api::PrometheusCheck>(check.kind);
  });
}

// The condition, if it became False or is now False with another message. Null otherwise.
const api::Condition* newly_false(const api::PolicyStatus& before, const api::PolicyStatus& after,
                                  std::string_view type) {
  const auto* const condition = api::find_condition(after.conditions, type);
  if (!condition || condition->status != ConditionStatus::False) return nullptr;
  const auto* const old = api::find_condition(before.conditions, type);
  const bool is_known =
      old && old->status == condition->status && old->message == condition->message;
  return is_known ? nullptr : condition;
}

}  // namespace

SelectorConflict conflict_of(const api::RollbackPolicy& policy,
                             std::span<const api::Deployment* const> conflicting,
                             std::span<const api::RollbackPolicy* const> policies_of_namespace) {
  SelectorConflict conflict;
  for (const api::Deployment* deployment : conflicting) {
    const Key& key = deployment->meta.key;
    if (key.namespace_ != policy.meta.key.namespace_) continue;
    const auto selected_by = policies_that_select(*deployment, policies_of_namespace);
    const auto is_this = [&](const auto* one) { return one->meta.key == policy.meta.key; };
    const auto other = std::ranges::find_if_not(selected_by, is_this);
    if (other == selected_by.end() || std::ranges::none_of(selected_by, is_this)) continue;
    conflict.deployments += 1;
    if (!conflict.deployment.empty() && conflict.deployment <= key.name) continue;
    conflict.deployment = key.name;
    conflict.other_policy = (*other)->meta.key.name;
  }
  return conflict;
}

api::PolicyStatus status_of(const api::RollbackPolicy& policy, std::int64_t guarded,
                            const SelectorConflict& conflict,
                            const std::optional<api::Condition>& checks_valid, Time now) {
  api::PolicyStatus status = policy.status;
  status.observed_generation = policy.meta.generation;
  status.guarded = guarded;
  Readiness readiness = readiness_of(policy, conflict);
  api::Condition ready{.type = std::string(api::condition::ready),
                       .status = readiness.status,
                       .reason = api::to_string(readiness.reason),
                       .message = std::move(readiness.message),
                       .observed_generation = policy.meta.generation};
  api::set_condition(status.conditions, std::move(ready), now);
  if (!has_prometheus_check(policy.spec)) {
    std::erase_if(status.conditions, [](const api::Condition& one) {
      return one.type == api::condition::checks_valid;
    });
  } else if (checks_valid) {
    api::set_condition(status.conditions, *checks_valid, now);
  }
  return status;
}

std::vector<api::EventRecord> events_of(const api::PolicyStatus& before,
                                        const api::PolicyStatus& after) {
  std::vector<api::EventRecord> events;
  for (const auto& [type, reason] :
       {std::pair(api::condition::ready, Reason::PolicyInvalid),
        std::pair(api::condition::checks_valid, Reason::InvalidCheck)}) {
    const auto* const condition = newly_false(before, after, type);
    if (!condition) continue;
    const bool is_conflict = condition->reason == api::to_string(Reason::PolicyConflict);
    events.push_back({.type = api::EventType::Warning,
                      .reason = is_conflict ? Reason::PolicyConflict : reason,
                      .action = api::EventAction::Evaluate,
                      .note = condition->message});
  }
  return events;
}

}  // namespace lastgood::policy
