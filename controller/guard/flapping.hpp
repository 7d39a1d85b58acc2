// A check that flaps: it fails often, but its consecutive failures never reach the threshold.
// Private to guard/.
#pragma once

#include <string>

#include "api/guard.hpp"

namespace lastgood::guard {

// How many results of a check are remembered. The check flaps if more than half of this number are
// failures.
inline constexpr int max_recent_results = 20;

// Checks with a greater failure threshold never flap: their users accept longer failures than the
// window shows.
inline constexpr int max_flapping_threshold = max_recent_results / 2;

// Adds a Pass or a Fail to the last 20 results. Ignores Unknown. A pass first clears the results if
// the consecutive failures had reached the threshold: the check has recovered and does not flap.
// Precondition: check.consecutive_failures is from before this result.
void record_result(api::CheckStatus& check, api::MeasurementResult result);

// More than half of the last 20 measurements failed. False for a check that one failure breaches.
[[nodiscard]] bool is_flapping(const api::CheckStatus& check);

// "11 of the last 16 measurements failed (limit 10 of 20)".
[[nodiscard]] std::string flapping_text(const api::CheckStatus& check);

}  // namespace lastgood::guard
