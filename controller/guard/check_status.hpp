// How the measurements of a check add up: consecutive failures, and for how long.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

// The reason of a check without a measurement.
inline constexpr api::Reason pending_result = api::Reason::Pending;

// A failure that must hold for a time has a gap if two measurements are further apart than this.
inline constexpr Duration max_gap{10000};

// Adds one measurement. `settled`: the rollout is complete, so a pass counts towards good.
//   Pass     resets the failures, the breach and the result of the baseline.
//   Unknown  changes neither, but a failure that must hold starts again.
//   Fail     adds a failure. The check is breached if the failure is immediate, or if the threshold
//            is reached and the failure has held for its time. A failure that must hold starts
//            again when its reason changes.
[[nodiscard]] api::CheckStatus apply(api::CheckStatus check, const api::Measurement& measurement,
                                     bool settled, Time now);

// Adds the measurements of all checks. Checks that left the policy are dropped, new checks start
// empty. A raised threshold ends the breach of a check with fewer failures.
[[nodiscard]] std::vector<api::CheckStatus> apply_all(
    const std::vector<api::CheckStatus>& checks, const api::PolicySpec& spec,
    std::span<const api::Measurement> measurements, bool settled, Time now);

// The first breached check, the rollout check before the others. Null without one.
[[nodiscard]] const api::CheckStatus* breached(const std::vector<api::CheckStatus>& checks);

// The first breached check whose last result is a recent failure. Null without one.
[[nodiscard]] const api::CheckStatus* confirmed_breach(const std::vector<api::CheckStatus>& checks,
                                                       const api::PolicySpec& spec, Time now);

// The first confirmed breach whose baseline does not fail too. Null without one.
[[nodiscard]] const api::CheckStatus* actionable_breach(const std::vector<api::CheckStatus>& checks,
                                                        const api::PolicySpec& spec, Time now);

// A check has failed recently, or has turns left in which it can have a result.
[[nodiscard]] bool is_failing_still(const std::vector<api::CheckStatus>& checks,
                                    const api::PolicySpec& spec, Time now);

// How long a check may have no result after the rollout: two turns of the slowest check.
[[nodiscard]] Duration no_result_timeout(const api::PolicySpec& spec);

// "health (NoPodsToProbe), ready (TimedOut)": the checks that never passed.
[[nodiscard]] std::string checks_without_result(const std::vector<api::CheckStatus>& checks);

enum class CheckSummary : std::uint8_t {
  Passing,   // every check has passed since the rollout was complete, and none fails
  Failing,   // a check fails but is not breached
  NoResult,  // nothing fails, but a check never passed although each had two turns
  Pending,   // nothing fails, but a check has not had its turns yet
};
[[nodiscard]] CheckSummary summarize(const std::vector<api::CheckStatus>& checks);

}  // namespace lastgood::guard
