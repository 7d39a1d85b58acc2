// Which other revisions can serve as a baseline, and what a release inherits from the revision that
// it replaces. A failure of the baseline holds a rollback. So the failure counts only if the
// revision of the baseline is trusted: it is not breached, and it is proven or has passed a check.
// The failure of a revision that never worked shows nothing.
#pragma once

#include <vector>

#include "api/guard.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/baseline_comparison.hpp"

namespace lastgood::guard {

// The revisions that may serve as a baseline: first the trusted ones, then the others. Within each
// of these two parts, the order is: the revision that ran immediately before, the rollback target,
// the rest from new to old. The current revision and revisions that were rolled back are left out.
// Empty in state Idle, because nothing is compared.
[[nodiscard]] std::vector<checks::BaselineCandidate> baseline_candidates(
    const api::GuardStatus& guard);

// Baseline while a release is evaluated: a check with `compareWith` compares its value with that of
// an older revision. Nothing for a first revision, a restored revision and an Idle Deployment,
// which have no older revision to compare with.
[[nodiscard]] checks::ComparedWith compared_with(const api::GuardStatus& guard);

// A check is breached, and each breached check has a cause other than the current revision: its
// baseline fails too, or it has no baseline and passed for the current revision before.
[[nodiscard]] bool fails_for_shared_cause(const api::GuardStatus& guard);

// The checks with which the evaluation of a new release begins. They have only results of
// baselines, from before the release: the old pods may be gone when the release fails. Called
// before the new revision becomes the current one. `name` is that of the replaced revision.
//
//   check of the replaced revision                         baseline result of the new release
//   its baseline fails                                     that failure
//   fails twice, has no baseline, and passed before        Fail of the replaced revision
//   failed twice in state Idle, at most 3 minutes ago,
//   and the revision is proven or passed the check before  Fail of the replaced revision
//   an externalMetric that passed in state Idle, at most
//   3 minutes ago                                          Pass of the replaced revision
//   otherwise                                              none
[[nodiscard]] std::vector<api::CheckStatus> inherited_checks(const api::GuardStatus& guard,
                                                             const api::PolicySpec& spec,
                                                             const std::string& name, Time now);

}  // namespace lastgood::guard
