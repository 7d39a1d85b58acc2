// Which other revisions can serve as a baseline, and what a release inherits from the revision that
// it replaces. The failure of a baseline holds a rollback, so it counts only if the revision is
// trusted: it was proven, or it has passed a check. A revision that never worked shows nothing.
#pragma once

#include <vector>

#include "api/guard.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/baseline_comparison.hpp"

namespace lastgood::guard {

// The revisions that may serve as a baseline, in this order: the one that ran immediately before,
// the rollback target, the others from new to old; each time the trusted ones first. Not a
// baseline: the current revision, and a revision that was rolled back. Empty in state Idle: nothing
// is compared.
[[nodiscard]] std::vector<checks::BaselineCandidate> baseline_candidates(
    const api::GuardStatus& guard);

// Whether a value is compared with that of the baseline (`compareWith`): while a release is
// evaluated. A first revision, a restored revision and an Idle Deployment have no older revision to
// compare with.
[[nodiscard]] checks::ComparedWith compared_with(const api::GuardStatus& guard);

// The failures of the present checks have a cause that is not the current revision: the baseline
// fails too, or there is no baseline and the check passed for this revision before.
[[nodiscard]] bool fails_for_shared_cause(const api::GuardStatus& guard);

// The first checks of a new release: the results of the baselines of `guard` survive their pods.
// Called before the new revision becomes the current one. `name` is that of the replaced revision.
//
//   check of the replaced revision                      baseline of the new release
//   fails, and its baseline fails                       that baseline
//   fails twice, no baseline, passed before             the replaced revision
//   failed twice in state Idle, less than 3 minutes ago  the replaced revision
//   an externalMetric passed in state Idle, less than
//   3 minutes ago                                        the replaced revision, which passed
//   otherwise                                           none
[[nodiscard]] std::vector<api::CheckStatus> inherited_checks(const api::GuardStatus& guard,
                                                             const api::PolicySpec& spec,
                                                             const std::string& name, Time now);

}  // namespace lastgood::guard
