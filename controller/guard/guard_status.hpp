// Changes of a DeploymentGuard's status that come from outside a plan, and when it is written.
#pragma once

#include <string>

#include "api/guard.hpp"

namespace lastgood::guard {

// A snapshot of that revision was created.
void set_snapshot(api::GuardStatus& guard, const TemplateHash& hash,
                  const std::string& controller_revision);

// The ControllerRevision of that name was deleted: its revision is no target any more.
void clear_snapshot(api::GuardStatus& guard, const std::string& controller_revision);

// Forgets the results of a check, but for a failure of the baseline before the release.
void reset_check(api::CheckStatus& check);

// After the status was read from the server. No controller measured in between, so each check has
// to pass again. Failures and breaches stay.
void reset_results(api::GuardStatus& guard, Time now);

// True if the difference is worth a write: a new message of an unchanged check is not.
[[nodiscard]] bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after);

}  // namespace lastgood::guard
