// `compareWith: Baseline` of a prometheus check: the value of the release against the value of the
// old pods at the same time.
//
//   the first row that applies decides                      result
//   failIf is set and not met                               Pass
//   the baseline has no value, or a negative one            Unknown (NoBaselineValue)
//   value > ratioAbove x baseline, and value > andAbove     Fail
//   the baseline never worked, so it shows no usual value   Unknown (NoBaselineValue)
//   any other case                                          Pass
//
// With a baseline of 0 each positive value is higher, so andAbove alone decides. The baseline
// itself passes as soon as it has a value: it cannot fail against itself. minimumTraffic applies to
// the release and to the baseline.
//
// An Idle Deployment, a first and a restored revision have no older revision that runs. The check
// passes if it would pass for each value of the baseline: the value is at most andAbove, or failIf
// is not met. Otherwise it is Unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "base/time.hpp"
#include "checks/baseline_choice.hpp"

namespace lastgood::checks {

enum class ComparedWith : std::uint8_t {
  Baseline,
  Nothing,  // no release is evaluated
};

// The value of the release is known, and the result needs the value of the baseline.
[[nodiscard]] bool awaits_baseline_value(const api::Check& check,
                                         const api::Measurement& measurement);

// The time for which the query of the release and that of the baseline are evaluated. Empty without
// `compareWith`: the server uses its present time.
[[nodiscard]] std::optional<Time> evaluation_time(const api::Check& check, Time now);

// A measurement of the baseline: with a value it is a Pass.
[[nodiscard]] api::Measurement with_baseline_value(const api::Check& check,
                                                   api::Measurement baseline);

struct BaselineEvidence {
  ComparedWith compared_with = ComparedWith::Baseline;
  std::optional<api::BaselineResult> baseline = {};
  BaselineTrust trust = BaselineTrust::Trusted;  // of the revision of `baseline`
  std::string why_no_value = {};  // of the last query for the baseline; empty: there was none
};

// The result of a measurement for which awaits_baseline_value() is true. Any other measurement is
// returned unchanged.
[[nodiscard]] api::Measurement compare_with_baseline(const api::Check& check,
                                                     api::Measurement measurement,
                                                     const BaselineEvidence& evidence);

// Adds the value of the baseline to the message of a Fail of a check without `compareWith`. Any
// other measurement is returned unchanged, and each one if the baseline has no value.
[[nodiscard]] api::Measurement name_both_values(const api::Check& check,
                                                api::Measurement measurement,
                                                const std::optional<api::BaselineResult>& baseline);

// "> 0.05", "> 2 x baseline and > 0.01".
[[nodiscard]] std::string threshold_text(const std::optional<api::Comparison>& fail_if,
                                         const std::optional<api::BaselineComparison>& compare);

}  // namespace lastgood::checks
