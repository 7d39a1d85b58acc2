// The progress of a bake: which part of its time was observed, and what the measurements of that
// time prove. Private to guard/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

// A check must have passed at least this share of its measurements in the bake.
inline constexpr int min_pass_percent = 75;

// The checks that decide whether the revision is good: all but those with `onNoData: Ignore` that
// were measured and have no result now. Such a check counts if it failed last, or if it passed too
// rarely in the bake. A check whose pods start counts: it has a result soon.
[[nodiscard]] std::vector<api::CheckStatus> counted_checks(
    const std::vector<api::CheckStatus>& checks, const api::PolicySpec& spec);

// Begins the bake at `now`: no time and no measurement is counted yet.
void begin_bake(api::GuardStatus& guard, Time now);

// Counts the time since the last call. It is observed as long as every counted check of the policy
// has a recent result (see max_result_age) in `before`: the checks as they were until now. Time
// before `all_measured_from` is never counted as unobserved: see first_run.hpp.
void count_bake(api::Bake& bake, const std::vector<api::CheckStatus>& before,
                const api::PolicySpec& spec, std::optional<Time> all_measured_from, Time now);

// Until when every counted check has a recent result (see max_result_age). Empty if one of them has
// no result.
[[nodiscard]] std::optional<Time> observed_until(const std::vector<api::CheckStatus>& checks,
                                                 const api::PolicySpec& spec);

// The first check that passed less than 75% of its measurements in the bake. Null if there is none.
[[nodiscard]] const api::CheckStatus* below_pass_share(const std::vector<api::CheckStatus>& checks);

// "check health passed 12 of 20 measurements (60%, limit 75%)".
[[nodiscard]] std::string pass_share_text(const api::CheckStatus& check);

// Every counted check has passed since the rollout, its last result is a pass, and it passed at
// least 75% of its measurements.
[[nodiscard]] bool is_healthy(const std::vector<api::CheckStatus>& checks,
                              const api::PolicySpec& spec);

// The current revision was observed for minimumBake and is healthy.
[[nodiscard]] bool has_minimum_bake(const api::GuardStatus& guard, const api::PolicySpec& spec);

// How much of the observed time is worth a write of the status. Else a restart of the controller
// would lose more of it than a few minutes or an eighth of it.
[[nodiscard]] Duration rounded_down(Duration observed);

}  // namespace lastgood::guard
