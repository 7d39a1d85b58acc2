// What one asking of one check came to: the bridge from checks/ to decide/.
#pragma once

#include <optional>
#include <string>

#include "api/guard.hpp"
#include "api/reasons.hpp"
#include "base/time.hpp"

namespace lastgood::api {

struct Measurement {
  std::string check;  // "rollout" or the policy's name for it
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;  // CamelCase
  std::string message;           // value and threshold in words, at most 512 bytes
  std::optional<Time> at = {};   // when it was answered; absent: now
  Duration must_hold{0};         // a Fail breaches only after it has held this long
  bool immediate = false;        // a Fail that breaches at once, whatever the threshold
  std::optional<BaselineResult> baseline =
      {};  // the same asked of the revision that would be put back; with every Fail

  bool operator==(const Measurement&) const = default;
};

}  // namespace lastgood::api
