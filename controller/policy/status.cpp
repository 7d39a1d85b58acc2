#include "policy/status.hpp"

namespace lastgood::policy {

using api::Truth;

api::PolicyStatus status_of(const api::RollbackPolicy& policy, std::int64_t guarded, Time now) {
  api::PolicyStatus status = policy.status;
  status.observed_generation = policy.meta.generation;
  status.guarded = guarded;
  const bool usable = policy.problem.empty();
  api::Condition ready{.type = "Ready",
                       .status = usable ? Truth::True : Truth::False,
                       .reason = "Accepted",
                       .message = "The policy can be used",
                       .observed_generation = policy.meta.generation};
  if (policy.spec.suspend) ready.reason = "Suspended", ready.message = "The policy is suspended: what it governs is left alone";
  if (!usable) ready.reason = "Invalid", ready.message = policy.problem;
  api::set_condition(status.conditions, std::move(ready), now);
  return status;
}

}  // namespace lastgood::policy
