// The result of one run of one check. checks/ creates it, guard/ evaluates it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/reasons.hpp"
#include "base/time.hpp"

namespace lastgood::api {

// If two failures of the rollout check are further apart, the second one starts its
// min_failing_time from the beginning.
inline constexpr Duration default_max_gap = std::chrono::seconds(10);

inline constexpr std::size_t max_failing_series = 64;

struct Measurement {
  std::string check;  // "rollout", or the name in the policy
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;
  std::string message;          // the value and the limit, at most 512 bytes
  std::optional<Time> at = {};  // when the result arrived; absent: now
  // Of a metrics check: the time for which the server evaluated the query, on the server's clock.
  std::optional<Time> evaluated_at = {};
  // True if each failing series or alert has a label `pod` with the name of a measured pod.
  bool names_pods = false;
  // Of a metrics check: the number that was compared. Never NaN, because a Measurement with NaN
  // would not be equal to its copy.
  std::optional<double> value = {};
  std::string threshold;               // of a metrics check: "> 0.05"
  std::string query;                   // of a metrics check: as it was sent, at most 512 bytes
  std::optional<double> traffic = {};  // of a metrics check with a minimum traffic; no NaN
  // A digest of what was measured, if the policy alone does not say it. For example, the policy
  // only names a rule, so this is a digest of the rule's expression.
  std::string question;
  // Of a Fail of a rule: digests of the label sets of the failing series, sorted. If there are more
  // than max_failing_series, the smallest ones.
  std::vector<std::string> failing_series = {};
  Duration min_failing_time{0};  // a Fail breaches the check only if it has lasted this long
  // After a longer time without a measurement, min_failing_time begins again.
  Duration max_gap = default_max_gap;
  bool immediate = false;  // the first Fail breaches the check, without a failure threshold
  std::optional<BaselineResult> baseline = {};
  TemplateHash baseline_revision;  // empty without a baseline
  StringMap images = {};           // of the rollout check: see Revision::images
  StringMap baseline_images = {};  // of the rollout check: the same for the baseline

  bool operator==(const Measurement&) const = default;
};

}  // namespace lastgood::api
