// Turns the values of the release and of the baseline into a measurement. Both values are from the
// same moment.
//
//   condition                  the check fails if
//   failIf                     the value meets it
//   compareWith                the value is more than ratioAbove times that of the baseline, and
//                              above andAbove
//   both                       both are true
//
// With compareWith and without a value of the baseline, the result is Unknown (NoBaselineValue), or
// Pass if failIf is not met. If three pods or more are counted, the check fails only if it also
// fails when any single pod is left out.
#pragma once

#include <optional>
#include <string>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "base/result.hpp"
#include "checks/pod_metrics_value.hpp"

namespace lastgood::checks {

// `baseline`: absent if it was not scraped. Precondition: the check is a podMetrics check.
[[nodiscard]] api::Measurement measure_pod_metrics(const api::Check& check,
                                                   const RevisionMetrics& release,
                                                   const std::optional<RevisionMetrics>& baseline);

// The same check for the baseline alone, so compareWith does not apply. Without failIf, each value
// is a Pass.
[[nodiscard]] api::Measurement measure_baseline_pod_metrics(const api::Check& check,
                                                            const RevisionMetrics& baseline);

// The measurement of a check whose selectors are not valid: Unknown (InvalidCheck).
[[nodiscard]] api::Measurement measure_invalid_pod_metrics(const api::Check& check,
                                                           const Error& error);

// True if a value is missing that a longer window may give: there was too little traffic, or
// counters were reset.
[[nodiscard]] bool needs_longer_window(const api::Measurement& measurement,
                                       const std::optional<RevisionMetrics>& baseline);

}  // namespace lastgood::checks
