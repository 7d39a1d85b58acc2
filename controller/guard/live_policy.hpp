// Whether the live Deployment is still governed by the policy of the decision. It is checked
// immediately before the template is patched, because the watches may lag. If the reads took too
// long, they are repeated, at most twice (rollback::repeats_reads):
//
//   live Deployment --policy_read--> read of its policy --confirm_policy--> success or an error
#pragma once

#include <optional>
#include <string>

#include "api/call.hpp"
#include "api/rollback.hpp"
#include "codec/json.hpp"

namespace lastgood::guard {

// The read on which the policy of the live Deployment depends: its RollbackPolicy, its ConfigMap,
// or all RollbackPolicies of its namespace. Nothing if `live` is an error or opts out.
[[nodiscard]] std::optional<Result<api::ApiCall>> policy_read(const Result<codec::Json>& live);

// Success if the live policy allows the patch. `decided_by` is the policy of the decision, for
// example "RollbackPolicy/web". `policy` is the result of policy_read(). Returns the error of a
// read, or Conflict in these cases:
//   - The Deployment opted out.
//   - Another policy or an invalid policy applies.
//   - The policy is suspended or has mode Observe.
//   - An approval is missing.
//   - pause-until is in the future.
// spec.force of a manual Rollback overrides suspend and pause-until, but not an opt-out.
[[nodiscard]] Result<void> confirm_policy(const Result<codec::Json>& live,
                                          const std::optional<Result<codec::Json>>& policy,
                                          const std::string& decided_by,
                                          const api::Rollback& rollback, Time now);

}  // namespace lastgood::guard
