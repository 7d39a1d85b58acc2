#include "net/clock_offset.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using net::ClockOffset;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

const Time machine = Time(hours(24));

// A Date header has whole seconds: on average it is half a second old.
bool observe(ClockOffset& clock, Duration ahead) {
  return clock.observe(machine + ahead - Duration(500), machine);
}

}  // namespace

TEST_CASE("does not correct a clock that differs by at most 5 s") {
  ClockOffset clock;
  for (const Duration ahead : {Duration(0), Duration(5'000), Duration(-5'000), Duration(3'000)}) {
    CHECK_FALSE(observe(clock, ahead));
    CHECK(clock.offset() == Duration(0));
  }
}

TEST_CASE("corrects a clock that is an hour ahead or behind, from the first response on") {
  for (const Duration ahead : {Duration(hours(1)), Duration(-hours(1))}) {
    ClockOffset clock;
    CHECK(observe(clock, ahead));
    CHECK(clock.offset() == ahead);
    CHECK_FALSE(observe(clock, ahead + Duration(2'000)));
    CHECK(clock.offset() == ahead);
  }
}

TEST_CASE("ignores a minority of responses with another time") {
  ClockOffset clock;
  for (int i = 0; i < 5; ++i) observe(clock, Duration(0));
  CHECK_FALSE(observe(clock, hours(1)));
  CHECK_FALSE(observe(clock, hours(1)));
  CHECK(clock.offset() == Duration(0));
  CHECK(observe(clock, hours(1)));
  CHECK(clock.offset() == hours(1));
}

TEST_CASE("ends the correction when the clock of the machine was set") {
  ClockOffset clock;
  observe(clock, hours(-1));
  CHECK(clock.offset() == Duration(hours(-1)));
  for (int i = 0; i < 5; ++i) observe(clock, seconds(1));
  CHECK(clock.offset() == Duration(0));
}
