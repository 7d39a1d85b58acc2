// How the measurements of a check become its status: how often and for how long it has failed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

// The reason of a check without a measurement.
inline constexpr api::Reason pending_reason = api::Reason::Pending;

inline constexpr Duration min_inactive_time = std::chrono::minutes(2);

// Adds one measurement. `settled`: the rollout is complete, so a pass counts towards good.
//   Pass     resets the failures, the breach and the result of the baseline. The breach of a check
//            that flaps stays (see flapping.hpp). The failing baseline of an alert stays until the
//            alert has been inactive for min_inactive_time: a metrics server that has lost
//            its data has no result of rate() before its second scrape, and then `for` begins
//            again.
//   Unknown  changes none of them. But the next failure with a min_failing_time begins to count
//            this time again.
//   Fail     adds a failure. It breaches the check if one of these is true:
//            - The failure is immediate.
//            - The threshold is reached, and the failures have lasted for min_failing_time.
//            - The check flaps (see flapping.hpp), and min_failing_time is 0.
//            With a min_failing_time, the count and the time begin again when the reason of the
//            rollout check changes, and when no series of a rule has failed in all measurements:
//            Prometheus counts the `for` of a rule for each series.
// The result of the baseline stays until there is a newer one. A metrics server can also evaluate a
// time before the release: a pass at such a time does not replace a later result. A measurement
// with another question than the last one starts with an empty status: the failures of a rule do
// not count for the rule that replaced it.
[[nodiscard]] api::CheckStatus apply(api::CheckStatus check, const api::Measurement& measurement,
                                     bool settled, Time now);

// When the failures of the check will have lasted for their min_failing_time. Nothing if the check
// does not fail, is breached already, or has fewer failures than its threshold.
[[nodiscard]] std::optional<Time> breach_due_at(const api::CheckStatus& check);

// The age up to which a result of the check is recent: two intervals plus the timeout, at least
// 10 s. A podMetrics check has its longest run in addition: with little traffic, it scrapes for a
// minute.
[[nodiscard]] Duration max_result_age(const std::string& check, const api::PolicySpec& spec);

// The same, but in the bake a pass of the rollout check is recent for longer: until the check
// fails, its next turn is after passing_rollout_interval.
[[nodiscard]] Duration max_result_age(const api::CheckStatus& check, const api::PolicySpec& spec);

// Adds the measurements of all checks. Checks that left the policy are dropped, new checks start
// empty. A raised threshold ends the breach of a check with fewer failures.
[[nodiscard]] std::vector<api::CheckStatus> apply_all(
    const std::vector<api::CheckStatus>& checks, const api::PolicySpec& spec,
    std::span<const api::Measurement> measurements, bool settled, Time now);

// The first breached check in the order of `checks`, where the rollout check is first. Null if
// there is none.
[[nodiscard]] const api::CheckStatus* breached(const std::vector<api::CheckStatus>& checks);

// The first breached check whose last result is a recent failure. Null if there is none.
[[nodiscard]] const api::CheckStatus* confirmed_breach(const std::vector<api::CheckStatus>& checks,
                                                       const api::PolicySpec& spec, Time now);

// The baseline of the check fails: two consecutive failures or more. One failure may be chance.
[[nodiscard]] bool is_baseline_failing(const api::CheckStatus& check);

// The confirmed breaches whose baseline does not fail too.
[[nodiscard]] std::vector<const api::CheckStatus*> actionable_breaches(
    const std::vector<api::CheckStatus>& checks, const api::PolicySpec& spec, Time now);

// The first of actionable_breaches(). Null if there is none.
[[nodiscard]] const api::CheckStatus* actionable_breach(const std::vector<api::CheckStatus>& checks,
                                                        const api::PolicySpec& spec, Time now);

// A check with failures has failed recently, or was Unknown at most once since its last failure.
[[nodiscard]] bool is_failing_still(const std::vector<api::CheckStatus>& checks,
                                    const api::PolicySpec& spec, Time now);

// How long a check may have no result after the rollout: two intervals of the slowest check.
[[nodiscard]] Duration no_result_timeout(const api::PolicySpec& spec);

// The first check whose last two results are Unknown. Null if there is none.
[[nodiscard]] const api::CheckStatus* check_without_recent_result(
    const std::vector<api::CheckStatus>& checks);

enum class CheckSummary : std::uint8_t {
  Passing,   // every check has passed since the rollout was complete, and none fails
  Failing,   // a check fails
  NoResult,  // no check fails, but a check never passed: it was Unknown twice
  Pending,   // no check fails, but a check never passed: it was Unknown less than twice
};
[[nodiscard]] CheckSummary summarize(const std::vector<api::CheckStatus>& checks);

}  // namespace lastgood::guard
