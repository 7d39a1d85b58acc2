#include "base/time.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/text.hpp"

namespace lastgood {
namespace {

constexpr std::int64_t max_ms = std::int64_t{10'000} * 3'600'000;  // 10,000 hours

// RFC 3339 has years of four digits.
constexpr Time first_time{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
constexpr Time end_of_times{std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads the parts of a text from its beginning. `ok` is false after a part that does not match.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count, int from, int to) {
    int value = 0;
    if (rest.size() < count) ok = false;
    for (std::size_t i = 0; ok && i < count; ++i) {
      if (!is_digit(rest[i])) ok = false;
      value = value * 10 + (rest[i] - '0');
    }
    if (!ok || value < from || value > to) {
      ok = false;
      return from;
    }
    rest.remove_prefix(count);
    return value;
  }
  void literal(char c) {
    if (!take(c)) ok = false;
  }
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  // A fraction of a second in whole milliseconds, rounded down.
  int milliseconds() {
    if (!take('.')) return 0;
    int value = 0;
    std::size_t count = 0;
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), ++count) {
      if (count < 3) value = value * 10 + (rest.front() - '0');
    }
    if (count == 0) ok = false;
    for (; count < 3; ++count) value *= 10;
    return value;
  }
  std::chrono::minutes offset() {
    if (take('Z')) return std::chrono::minutes{0};
    const int sign = take('-') ? -1 : 1;
    if (sign == 1) literal('+');
    const int hours = digits(2, 0, 23);
    literal(':');
    const int minutes = digits(2, 0, 59);
    return std::chrono::minutes{sign * (hours * 60 + minutes)};
  }
};

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr Unit hour{"h", 3'600'000};
constexpr Unit minute{"m", 60'000};
// "ms" comes before "m", because take_unit() takes the first name with which the text begins.
constexpr Unit units[] = {{"ms", 1}, hour, minute, {"s", 1000}};

std::optional<Unit> take_unit(std::string_view& rest) {
  for (const Unit& unit : units) {
    if (rest.starts_with(unit.name)) {
      rest.remove_prefix(unit.name.size());
      return unit;
    }
  }
  return std::nullopt;
}

std::unexpected<Error> not_a_duration(std::string_view text) {
  return fail(ErrorKind::BadInput,
              in_quotes(text) + R"( is not a duration, such as "30s", "5m" or "1h30m")");
}
std::unexpected<Error> too_long(std::string_view text) {
  return fail(ErrorKind::BadInput, in_quotes(text) + " is longer than 10,000 hours");
}
std::unexpected<Error> no_unit(std::string_view text) {
  return fail(ErrorKind::BadInput, fmt::format("{} has no unit: write for example \"{}s\"",
                                               in_quotes(text), clip(text, 24)));
}

std::string date_and_clock(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

std::optional<Time> parse_rfc3339(std::string_view text) {
  Scanner scan{text};
  const int year = scan.digits(4, 0, 9999);
  scan.literal('-');
  const int month = scan.digits(2, 1, 12);
  scan.literal('-');
  const int day = scan.digits(2, 1, 31);
  scan.literal('T');
  const int hours = scan.digits(2, 0, 23);
  scan.literal(':');
  const int minutes = scan.digits(2, 0, 59);
  scan.literal(':');
  const int seconds = scan.digits(2, 0, 59);
  const int milliseconds = scan.milliseconds();
  const std::chrono::minutes offset = scan.offset();
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!scan.ok || !scan.rest.empty() || !date.ok()) return std::nullopt;
  const Time time = Time{std::chrono::sys_days{date}} + std::chrono::hours{hours} +
                    std::chrono::minutes{minutes} + std::chrono::seconds{seconds} +
                    std::chrono::milliseconds{milliseconds} - offset;
  if (time < first_time || time >= end_of_times) return std::nullopt;
  return time;
}

std::string format_rfc3339(Time time) { return date_and_clock(time) + "Z"; }

std::string format_micro_time(Time time) {
  const auto part = time - std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{}.{:03}000Z", date_and_clock(time), part.count());
}

std::string format_rfc3339_millis(Time time) {
  const auto part = time - std::chrono::floor<std::chrono::seconds>(time);
  if (part.count() == 0) return format_rfc3339(time);
  return fmt::format("{}.{:03}Z", date_and_clock(time), part.count());
}

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty() || text.size() > 64) return not_a_duration(text);
  std::int64_t total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t whole = 0;
    std::size_t digits = 0;
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), ++digits) {
      whole = whole * 10 + (rest.front() - '0');
      if (whole > max_ms) return too_long(text);
    }
    std::int64_t fraction = 0;
    std::int64_t scale = 1;
    if (digits > 0 && rest.starts_with('.')) {
      rest.remove_prefix(1);
      if (rest.empty() || !is_digit(rest.front())) return not_a_duration(text);
      for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
        if (scale == 1'000'000'000) return not_a_duration(text);
        fraction = fraction * 10 + (rest.front() - '0');
        scale *= 10;
      }
    }
    if (digits > 0 && rest.empty()) return no_unit(text);
    const std::optional<Unit> unit = take_unit(rest);
    if (digits == 0 || !unit) return not_a_duration(text);
    if (fraction * unit->ms % scale != 0) {
      return fail(ErrorKind::BadInput, in_quotes(text) + " is finer than a millisecond");
    }
    if (whole > max_ms / unit->ms) return too_long(text);
    total += whole * unit->ms + fraction * unit->ms / scale;
    if (total > max_ms) return too_long(text);
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  std::int64_t ms = duration.count();
  if (ms <= 0) return "0s";
  if (ms < 1000) return fmt::format("{}ms", ms);
  std::string out;
  for (const Unit& unit : {hour, minute}) {
    if (ms < unit.ms) continue;
    out += fmt::format("{}{}", ms / unit.ms, unit.name);
    ms %= unit.ms;
  }
  if (ms == 0) return out;
  std::string seconds = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  while (seconds.ends_with('0')) seconds.pop_back();
  if (seconds.ends_with('.')) seconds.pop_back();
  return out + seconds + "s";
}

}  // namespace lastgood
