// One answer of one check about one revision, as the verdict counts it. Knows nothing of how it was asked.
#pragma once

#include <string>

#include "api/guard.hpp"

namespace lastgood::checks {

inline constexpr std::size_t message_limit = 512;

struct Sample {
  std::string check;  // the policy's name for it, or "rollout"
  api::SampleResult result = api::SampleResult::Unknown;
  std::string reason;      // CamelCase: WrongStatus, CrashLoop, NoPodToAsk, ...
  std::string message;     // value and threshold in words, at most message_limit bytes
  Duration must_hold{0};   // a Fail breaches only after failing has held this long
  bool immediate = false;  // a Fail that breaches at once, whatever the threshold

  bool operator==(const Sample&) const = default;
};

// Cut to message_limit bytes, never inside a UTF-8 sequence; what was cut shows as "...".
[[nodiscard]] std::string bounded(std::string message);

}  // namespace lastgood::checks
