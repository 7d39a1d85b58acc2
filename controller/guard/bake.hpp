// The progress of a bake: which part of the time since its start was observed, and what the
// measurements of that time prove. Private to guard/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

// A check must have passed at least this share of its measurements in the bake.
inline constexpr int min_pass_percent = 75;

// The checks that decide whether the revision is good. A check is left out if all of these apply:
//   - the check has `onNoData: Ignore`;
//   - its last measurement is Unknown, and pods that are starting are not the reason: otherwise it
//     has a result soon;
//   - it has not failed since its last pass, and is not breached;
//   - it passed at least min_pass_percent of its measurements in the bake.
[[nodiscard]] std::vector<api::CheckStatus> counted_checks(
    const std::vector<api::CheckStatus>& checks, const api::PolicySpec& spec);

// Begins the bake at `now`: no time and no measurement is counted yet.
void begin_bake(api::GuardStatus& guard, Time now);

// Counts the time since the last call as observed or unobserved. The observed part ends when the
// first of the counted checks has no recent result any more (see max_result_age). `before`: the
// checks as they were until now. Until `all_measured_from`, no time is counted as unobserved,
// because checks wait for their initialDelay: see first_run.hpp.
void count_bake(api::Bake& bake, const std::vector<api::CheckStatus>& before,
                const api::PolicySpec& spec, std::optional<Time> all_measured_from, Time now);

// The time until which every counted check has a recent result (see max_result_age). Empty if one
// of them has never had a result.
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

// The observed time, rounded down to a step of 2 minutes, later 10 minutes, then 1 hour. The status
// is written when this value changes, so a restart of the controller loses less than one step.
[[nodiscard]] Duration rounded_down(Duration observed);

}  // namespace lastgood::guard
