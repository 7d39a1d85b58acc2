// When a check of an evaluated revision runs for the first time.
//
//   the revision is new                          at once
//   the check has an initialDelay                after it, counted from the release, or from the
//                                                restoration of the template by a rollback
//   an externalMetric has an initialDelay        at once, but for the baseline only: the metric
//                                                cannot be queried for an earlier time
//   an earlier leader evaluated the revision     within one interval, at most 15 s: otherwise a new
//                                                leader would measure all Deployments at once
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "base/time.hpp"

namespace lastgood::guard {

inline constexpr Duration max_first_run_delay = std::chrono::seconds(15);

struct FirstRun {
  Duration not_before{0};  // from now: the rest of initialDelay
  Duration spread{0};      // only of the first run after this replica became the leader
  bool operator==(const FirstRun&) const = default;
};
using FirstRuns = std::map<std::string, FirstRun>;  // by the name of the check

// The checks `externalMetric` of a release whose initialDelay has not passed, and whose rollout is
// not complete, by name. Until a pod of the release has started, they measure the baseline.
[[nodiscard]] std::vector<std::string> only_for_baseline(
    const api::GuardStatus& guard, const std::optional<api::Rollback>& rollback,
    const api::PolicySpec& spec, Time now);

// The first runs of the checks that do not run at once.
[[nodiscard]] FirstRuns first_runs(const api::GuardStatus& guard,
                                   const std::optional<api::Rollback>& rollback,
                                   const api::PolicySpec& spec, Time now);

// From this time on, every check of the policy is measured. Empty if no revision is evaluated.
[[nodiscard]] std::optional<Time> all_measured_from(const api::GuardStatus& guard,
                                                    const std::optional<api::Rollback>& rollback,
                                                    const api::PolicySpec& spec);

// Says of each check that waits for its initialDelay until when it waits.
void explain_initial_delays(std::vector<api::CheckStatus>& checks, const api::GuardStatus& guard,
                            const std::optional<api::Rollback>& rollback,
                            const api::PolicySpec& spec, Time now);

}  // namespace lastgood::guard
