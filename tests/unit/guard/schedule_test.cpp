// When each check is asked: on a grid of its interval, whatever was missed.
#include "guard/schedule.hpp"

#include <catch2/catch.hpp>

#include "guard/needs.hpp"
#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

using Names = std::vector<std::string>;

constexpr Needs all{.rollout_measurement = true, .check_measurements = true};
constexpr Needs only_rollout{.rollout_measurement = true};
constexpr MonotonicTime start{1h};

api::PolicySpec with_interval(Duration interval) {
  api::PolicySpec spec = web_policy().spec;
  spec.checks[0].interval = interval;
  return spec;
}

}  // namespace

TEST_CASE("A check is due at once, and then each time its interval is over") {
  Schedule schedule;
  const auto spec = with_interval(10s);
  CHECK_FALSE(schedule.next().has_value());
  CHECK(schedule.take_due(all, spec, start) == Names{"health", "rollout"});
  CHECK(schedule.next() == start + 2s);
  CHECK(schedule.take_due(all, spec, start).empty());
  CHECK(schedule.take_due(all, spec, start + 1999ms).empty());
  CHECK(schedule.take_due(all, spec, start + 2s) == Names{"rollout"});
  CHECK(schedule.take_due(all, spec, start + 10s) == Names{"health", "rollout"});
}

TEST_CASE("A turn that is taken late does not move the grid") {
  Schedule schedule;
  const auto spec = with_interval(10s);
  const Needs checks{.check_measurements = true};
  CHECK(schedule.take_due(checks, spec, start) == Names{"health"});
  CHECK(schedule.take_due(checks, spec, start + 13s) == Names{"health"});
  CHECK(schedule.next() == start + 20s);
  CHECK(schedule.take_due(checks, spec, start + 20s) == Names{"health"});
}

TEST_CASE("Turns that were missed are not made up for") {
  Schedule schedule;
  const auto spec = with_interval(10s);
  const Needs checks{.check_measurements = true};
  (void)schedule.take_due(checks, spec, start);
  CHECK(schedule.take_due(checks, spec, start + 1h + 5s) == Names{"health"});
  CHECK(schedule.take_due(checks, spec, start + 1h + 6s).empty());
  CHECK(schedule.next() == start + 1h + 10s);
}

TEST_CASE(
    "What need not be asked any more is forgotten, and is due at once when it is needed again") {
  Schedule schedule;
  const auto spec = with_interval(10s);
  (void)schedule.take_due(all, spec, start);
  CHECK(schedule.take_due(only_rollout, spec, start + 2s) == Names{"rollout"});
  CHECK(schedule.take_due(all, spec, start + 3s) == Names{"health"});
  CHECK(schedule.take_due({}, spec, start + 4s).empty());
  CHECK_FALSE(schedule.next().has_value());
}

TEST_CASE("A check that the policy newly has is due at once, one that it has no more is not") {
  Schedule schedule;
  auto spec = with_interval(10s);
  (void)schedule.take_due(all, spec, start);
  spec.checks.push_back({.name = "new", .interval = 30s});
  CHECK(schedule.take_due(all, spec, start + 1s) == Names{"new"});
  spec.checks.erase(spec.checks.begin());
  CHECK(schedule.take_due(all, spec, start + 30s) == Names{"rollout"});
  CHECK(schedule.take_due(all, spec, start + 31s) == Names{"new"});
}

TEST_CASE("An interval that the policy shortens holds at once, not after the longer one is over") {
  Schedule schedule;
  const Needs checks{.check_measurements = true};
  (void)schedule.take_due(checks, with_interval(1h), start);
  CHECK(schedule.take_due(checks, with_interval(10s), start + 1s).empty());
  CHECK(schedule.next() == start + 11s);
  CHECK(schedule.take_due(checks, with_interval(10s), start + 11s) == Names{"health"});
}

TEST_CASE("An interval that the policy lengthens holds from the next turn") {
  Schedule schedule;
  const Needs checks{.check_measurements = true};
  (void)schedule.take_due(checks, with_interval(10s), start);
  CHECK(schedule.take_due(checks, with_interval(1min), start + 10s) == Names{"health"});
  CHECK(schedule.next() == start + 70s);
}

TEST_CASE("N failures take N-1 intervals, however long each asking takes") {
  Schedule schedule;
  const auto spec = with_interval(10s);
  const Needs checks{.check_measurements = true};
  std::vector<MonotonicTime> asked;
  for (MonotonicTime now = start; asked.size() < 3; now += 1700ms) {
    if (!schedule.take_due(checks, spec, now).empty()) asked.push_back(now);
  }
  CHECK(asked.back() - asked.front() < 20s + 1700ms);
}
