// Wall time, monotonic time and durations, as Kubernetes and Go write them. Reads no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lastgood {

using Duration = std::chrono::milliseconds;

// Wall time, as in objects (metav1.Time, MicroTime). Not for measuring how long something took: the
// clock can be set.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Time of a clock that never jumps. Only the difference of two times of one process has a meaning.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

// RFC 3339 with an optional fraction and any offset: "2026-11-24T12:00:00Z",
// "2026-11-24T13:00:00.5+01:00". Fractions are rounded down to milliseconds. In UTC, the year must
// still have four digits: otherwise the time could not be written again.
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);

// metav1.Time, whole seconds rounded down: "2026-11-24T12:00:00Z".
[[nodiscard]] std::string format_rfc3339(Time time);

// metav1.MicroTime: "2026-11-24T12:00:00.250000Z".
[[nodiscard]] std::string format_micro_time(Time time);

// Milliseconds only if they are not 0: "2026-11-24T12:00:00Z", "2026-11-24T12:00:00.250Z".
// parse_rfc3339() reads back the same time.
[[nodiscard]] std::string format_rfc3339_millis(Time time);

// Durations of policies and flags, as Go's time.ParseDuration reads them: "1h30m", "250ms", "1.5s".
// Returns BadInput for:
// - a sign, or a number without a unit
// - anything finer than a millisecond or longer than 10,000 hours
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// As Go writes a Duration, without units that are 0: "1h30m", "5s", "1.5s", "250ms", "0s". A
// negative duration is "0s". parse_duration() reads back every other value.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace lastgood
