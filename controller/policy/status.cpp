#include "policy/status.hpp"

#include "api/constants.hpp"
#include "api/reasons.hpp"

namespace lastgood::policy {

using api::ConditionStatus;

api::PolicyStatus status_of(const api::RollbackPolicy& policy, std::int64_t guarded, Time now) {
  api::PolicyStatus status = policy.status;
  status.observed_generation = policy.meta.generation;
  status.guarded = guarded;
  api::Reason reason = api::Reason::Accepted;
  std::string message = "The policy can be used";
  if (policy.spec.suspend) {
    reason = api::Reason::Suspended;
    message =
        "The policy is suspended: its Deployments are neither evaluated nor rolled back. Set "
        "spec.suspend to false to continue";
  }
  const bool is_usable = policy.problem.empty();
  if (!is_usable) {
    reason = api::Reason::Invalid;
    message = policy.problem;
  }
  api::Condition ready{.type = std::string(api::condition::ready),
                       .status = is_usable ? ConditionStatus::True : ConditionStatus::False,
                       .reason = api::to_string(reason),
                       .message = std::move(message),
                       .observed_generation = policy.meta.generation};
  api::set_condition(status.conditions, std::move(ready), now);
  return status;
}

}  // namespace lastgood::policy
