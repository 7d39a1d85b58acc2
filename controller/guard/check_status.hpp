// Samples -> how a check stands. The rule of rows: failures in a row, and for how long.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

inline constexpr std::string_view rollout_check = "rollout";

// The reason of a check that has given no measurement yet.
inline constexpr api::Reason pending_result = api::Reason::Pending;

// A failure that must hold for a time was watched without a gap only if no two measurements are
// further apart than this.
inline constexpr Duration max_gap{10000};

// One more measurement of a check. `settled`: the rollout is complete, so a pass counts towards
// good.
//   Pass     ends the row and the breach, and what was said of another revision.
//   Unknown  is neither: the row stays as it is, but a failure that must hold starts anew.
//   Fail     lengthens the row; breached when it is immediate, or when the row is as long as the
//   threshold and has held. A
//            failure that must hold starts anew when it is for another reason than the last.
[[nodiscard]] api::CheckStatus apply(api::CheckStatus check, const api::Measurement& measurement,
                                     bool settled, Time now);

// All of them; checks the policy no longer has are dropped, new ones start empty, thresholds follow
// the policy: a row that is too short for a raised threshold is no breach any more.
[[nodiscard]] std::vector<api::CheckStatus> apply_all(
    const std::vector<api::CheckStatus>& checks, const api::PolicySpec& spec,
    std::span<const api::Measurement> measurements, bool settled, Time now);

// The first breached check, the rollout's own first. Null when none is.
[[nodiscard]] const api::CheckStatus* breached(const std::vector<api::CheckStatus>& checks);

// The first breached check that fails now: its last answer is a failure, and recent. Null when none
// does.
[[nodiscard]] const api::CheckStatus* confirmed_breach(const std::vector<api::CheckStatus>& checks,
                                                       const api::PolicySpec& spec, Time now);

// Of those the first that is the release's own: one that fails just the same for the revision that
// would be put back is not.
[[nodiscard]] const api::CheckStatus* actionable_breach(const std::vector<api::CheckStatus>& checks,
                                                        const api::PolicySpec& spec, Time now);

// Some check has failed lately, or has not had its turns to be answered again: more may come of it.
[[nodiscard]] bool is_failing_still(const std::vector<api::CheckStatus>& checks,
                                    const api::PolicySpec& spec, Time now);

// How long silence is waited for from the end of the rollout: two turns of the slowest check.
[[nodiscard]] Duration no_result_timeout(const api::PolicySpec& spec);

// "health (NoPodsToProbe), ready (TimedOut)": the checks that never passed.
[[nodiscard]] std::string checks_without_result(const std::vector<api::CheckStatus>& checks);

enum class CheckSummary : std::uint8_t {
  Passing,  // every check has passed since the rollout was complete, and none fails now
  Failing,  // some check fails but is not breached
  Silent,   // nothing fails, but some check never passed although every one had two turns
  Unasked,  // nothing fails, but some check has not had its turns yet
};
[[nodiscard]] CheckSummary summarize(const std::vector<api::CheckStatus>& checks);

}  // namespace lastgood::guard
