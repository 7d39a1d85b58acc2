// Wall time, steady time and durations, and their Kubernetes spellings. Pure; knows no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lastgood {

using Duration = std::chrono::milliseconds;

// Wall time, as objects carry it (metav1.Time, MicroTime). Never used to measure how long something took.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// A process-local clock that never jumps. Only differences mean something.
using Steady = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

// RFC 3339 with optional fraction and any offset: "2026-11-24T12:00:00Z", "2026-11-24T13:00:00.5+01:00".
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);

// "2026-11-24T12:00:00Z", as metav1.Time: whole seconds, rounded down.
[[nodiscard]] std::string format_rfc3339(Time time);

// "2026-11-24T12:00:00.250000Z", as metav1.MicroTime.
[[nodiscard]] std::string format_micro_time(Time time);

// "2026-11-24T12:00:00Z", and "2026-11-24T12:00:00.250Z" where there is a part of a second: parse_rfc3339 reads back the same.
[[nodiscard]] std::string format_precise(Time time);

// Go's time.ParseDuration for what a policy may say: "1h30m", "250ms", "1.5s". No sign, no bare number, nothing finer than a
// millisecond; at most 10,000 hours.
// The error says what was found and gives an example.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// As Go's Duration, without its zeros: "1h30m", "5s", "1.5s", "250ms", "0s". parse_duration reads back the same value.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace lastgood
