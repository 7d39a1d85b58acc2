// Changes of a DeploymentGuard's status that come from outside a plan, and when it is written.
#pragma once

#include <string>

#include "api/guard.hpp"

namespace lastgood::guard {

// Stores the name of the new snapshot of a revision.
void set_snapshot(api::GuardStatus& guard, const TemplateHash& hash,
                  const std::string& controller_revision);

// The ControllerRevision of that name was deleted, so its revision is no longer a target.
void clear_snapshot(api::GuardStatus& guard, const std::string& controller_revision);

// Clears the result and the failures of a check. The time of its last result, its recent results,
// its counts of the bake and a result of the baseline from before the release stay.
void reset_check(api::CheckStatus& check);

// Called after the status was read from the API server. No controller measured while none led, so
// each check must pass again. Failures and breaches stay.
void reset_results(api::GuardStatus& guard, Time now);

// No policy applies to the Deployment, because the selectors of several match it.
[[nodiscard]] bool has_policy_conflict(const api::GuardStatus& guard);

// The status as the API server has it. Some fields of a check are not stored (see CheckStatus).
[[nodiscard]] bool is_stored_as(api::GuardStatus memory, const api::GuardStatus& stored);

// True if the difference is worth a write. A new message of an unchanged check is not.
[[nodiscard]] bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after);

}  // namespace lastgood::guard
