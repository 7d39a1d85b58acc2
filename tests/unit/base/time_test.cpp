// Times and durations: valid and invalid texts, error messages, and the round trip.
#include "base/time.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace lastgood;
using namespace std::chrono_literals;

namespace {

Time at(std::int64_t ms) { return Time{Duration{ms}}; }

}  // namespace

TEST_CASE("parses an RFC 3339 time with any offset and fraction") {
  struct Row {
    const char* name;
    const char* text;
    std::int64_t ms;
  };
  const Row row = GENERATE(values<Row>({
      {"the epoch", "1970-01-01T00:00:00Z", 0},
      {"whole seconds", "2026-11-24T12:00:00Z", 1795521600000},
      {"half a second", "2026-11-24T12:00:00.5Z", 1795521600500},
      {"microseconds, rounded down", "2026-11-24T12:00:00.250999Z", 1795521600250},
      {"nanoseconds", "2026-11-24T12:00:00.001000000Z", 1795521600001},
      {"east of Greenwich", "2026-11-24T13:00:00+01:00", 1795521600000},
      {"west of Greenwich", "2026-11-24T06:30:00-05:30", 1795521600000},
      {"a leap day", "2024-02-29T00:00:00Z", 1709164800000},
      {"before the epoch", "1969-12-31T23:59:59.500Z", -500},
      {"the first time", "0000-01-01T00:00:00Z", -62167219200000},
      {"the last time", "9999-12-31T23:59:59.999Z", 253402300799999},
  }));
  INFO(row.name);
  const auto time = parse_rfc3339(row.text);
  REQUIRE(time);
  CHECK(time->time_since_epoch().count() == row.ms);
}

TEST_CASE("rejects a text that is not an RFC 3339 time") {
  const auto* text = GENERATE(
      "", "now", "2026-11-24", "2026-11-24 12:00:00Z", "2026-11-24T12:00:00", "2026-11-24T12:00Z",
      "2026-13-24T12:00:00Z", "2026-02-29T12:00:00Z", "2026-11-31T12:00:00Z",
      "2026-11-24T24:00:00Z", "2026-11-24T12:60:00Z", "2026-11-24T12:00:60Z",
      "2026-11-24T12:00:00.Z", "2026-11-24T12:00:00+1:00", "2026-11-24T12:00:00+24:00",
      "2026-11-24T12:00:00Zx", "26-11-24T12:00:00Z", "2026-1-24T12:00:00Z", "2026-00-24T12:00:00Z",
      "-026-11-24T12:00:00Z", "2026-11-24T12:00:00z", "0000-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01");
  INFO(text);
  CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("formats a time as metav1.Time, as MicroTime, and with its milliseconds") {
  struct Row {
    std::int64_t ms;
    const char* seconds;
    const char* micro;
    const char* with_milliseconds;
  };
  const Row row = GENERATE(values<Row>({
      {1795521600000, "2026-11-24T12:00:00Z", "2026-11-24T12:00:00.000000Z",
       "2026-11-24T12:00:00Z"},
      {1795521600250, "2026-11-24T12:00:00Z", "2026-11-24T12:00:00.250000Z",
       "2026-11-24T12:00:00.250Z"},
      {1795521600999, "2026-11-24T12:00:00Z", "2026-11-24T12:00:00.999000Z",
       "2026-11-24T12:00:00.999Z"},
      {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999000Z", "1969-12-31T23:59:59.999Z"},
  }));
  CHECK(format_rfc3339(at(row.ms)) == row.seconds);
  CHECK(format_micro_time(at(row.ms)) == row.micro);
  CHECK(format_rfc3339_millis(at(row.ms)) == row.with_milliseconds);
}

TEST_CASE("parses a duration in the format of Go") {
  struct Row {
    const char* text;
    Duration duration;
  };
  const Row row = GENERATE(values<Row>({
      {"0s", 0ms},
      {"30s", 30s},
      {"5m", 5min},
      {"1h30m", 90min},
      {"250ms", 250ms},
      {"1.5s", 1500ms},
      {"0.25h", 15min},
      {"1h0m0.001s", 3600001ms},
      {"10000h", 10000h},
      {"1m1m", 2min},
      {"007s", 7s},
      {"1.000000000s", 1s},
  }));
  INFO(row.text);
  const auto duration = parse_duration(row.text);
  REQUIRE(duration);
  CHECK(*duration == row.duration);
}

TEST_CASE("rejects an invalid duration with a message that names the problem") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"", R"("" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"abc", R"("abc" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"30", R"("30" has no unit: write for example "30s")"},
      {"1.5", R"("1.5" has no unit: write for example "1.5s")"},
      {"-1s", R"("-1s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"+1s", R"("+1s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"1 s", R"("1 s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"s", R"("s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {".5s", R"(".5s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"1.s", R"("1.s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"1d", R"("1d" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"10us", R"("10us" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"0.0001s", R"("0.0001s" is finer than a millisecond)"},
      {"10000h1ms", R"("10000h1ms" is longer than 10,000 hours)"},
      {"99999999999999999999h", R"("99999999999999999999h" is longer than 10,000 hours)"},
      {"30s\n", R"("30s\n" is not a duration, such as "30s", "5m" or "1h30m")"},
  }));
  const auto duration = parse_duration(row.text);
  REQUIRE_FALSE(duration);
  CHECK(duration.error().kind == ErrorKind::BadInput);
  CHECK(duration.error().message == row.message);
}

TEST_CASE("formats a duration without units that are 0") {
  CHECK(format_duration(0ms) == "0s");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(90min) == "1h30m");
  CHECK(format_duration(1500ms) == "1.5s");
  CHECK(format_duration(62'050ms) == "1m2.05s");
  CHECK(format_duration(-5s) == "0s");
}

TEST_CASE("parses every duration and every time that it has formatted") {
  constexpr std::uint64_t max_duration_ms = 36'000'000'000;     // 10,000 hours
  constexpr std::uint64_t year_10000_ms = 253'402'300'800'000;  // 10000-01-01T00:00:00Z
  // NOLINTNEXTLINE(cert-msc32-c,cert-msc51-cpp): a fixed seed gives the same cases each time
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 2000; ++i) {
    const Duration duration{static_cast<std::int64_t>(random() % (max_duration_ms + 1))};
    CHECK(parse_duration(format_duration(duration)) == duration);
    const Time time = at(static_cast<std::int64_t>(random() % year_10000_ms));
    CHECK(parse_rfc3339(format_rfc3339_millis(time)) == time);
    CHECK(parse_rfc3339(format_micro_time(time)) == time);
    CHECK(parse_rfc3339(format_rfc3339(time)) == std::chrono::floor<std::chrono::seconds>(time));
  }
}
