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

// The longest time between two measurements of a failure of the rollout check that must last.
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
  // Each failing series or alert has the label `pod` of a measured pod.
  bool names_pods = false;
  // Of a metrics check: the number that was compared. Never NaN: it is not equal to itself.
  std::optional<double> value = {};
  std::string threshold;               // of a metrics check: "> 0.05"
  std::string query;                   // of a metrics check: as it was sent, at most 512 bytes
  std::optional<double> traffic = {};  // of a metrics check with a minimum traffic; no NaN
  // A digest of what was measured, if the policy alone does not say it: the expression of a rule.
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
