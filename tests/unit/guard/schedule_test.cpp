// When each check runs: at once, and then at multiples of its interval after the first run.
#include "guard/schedule.hpp"

#include <catch2/catch.hpp>

#include "guard/needs.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

using Names = std::vector<std::string>;

constexpr Needs all_checks{.rollout_measurement = true, .check_measurements = true};
constexpr Needs rollout_check{.rollout_measurement = true};
constexpr MonotonicTime start{1h};

api::PolicySpec spec_with_interval(Duration interval) {
  api::PolicySpec spec = web_policy().spec;
  spec.checks[0].interval = interval;
  return spec;
}

}  // namespace

TEST_CASE("runs a check at once, and then at each end of its interval") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  CHECK_FALSE(schedule.next().has_value());
  CHECK(schedule.take_due(all_checks, spec, {}, start) == Names{"health", "rollout"});
  CHECK(schedule.next() == start + 2s);
  CHECK(schedule.take_due(all_checks, spec, {}, start).empty());
  CHECK(schedule.take_due(all_checks, spec, {}, start + 1999ms).empty());
  CHECK(schedule.take_due(all_checks, spec, {}, start + 2s) == Names{"rollout"});
  CHECK(schedule.take_due(all_checks, spec, {}, start + 10s) == Names{"health", "rollout"});
}

TEST_CASE("applies a shorter interval of the rollout check at once") {
  Schedule schedule;
  Needs passing = rollout_check;
  passing.rollout_every = 5s;
  const auto spec = spec_with_interval(10s);
  CHECK(schedule.take_due(passing, spec, {}, start) == Names{"rollout"});
  CHECK(schedule.next() == start + 5s);
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 1s).empty());
  CHECK(schedule.next() == start + 3s);
}

TEST_CASE("reports the earliest of the next runs of all checks") {
  Schedule schedule;
  auto spec = spec_with_interval(10s);
  spec.checks.push_back({.name = "slow", .interval = 30s});
  (void)schedule.take_due(all_checks, spec, {}, start);
  CHECK(schedule.next() == start + 2s);
}

TEST_CASE("keeps to the multiples of the interval when a run is late") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  const Needs policy_checks{.check_measurements = true};
  CHECK(schedule.take_due(policy_checks, spec, {}, start) == Names{"health"});
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 13s) == Names{"health"});
  CHECK(schedule.next() == start + 20s);
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 20s) == Names{"health"});
}

//  turns        |         |         |
//  request         x
TEST_CASE("runs a requested check at once, and keeps its turns") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  CHECK(schedule.take_due(rollout_check, spec, {}, start) == Names{"rollout"});
  schedule.request("rollout", start + 500ms);
  CHECK(schedule.next() == start + 500ms);
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 500ms) == Names{"rollout"});
  CHECK(schedule.next() == start + 2s);
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 2s) == Names{"rollout"});
}

TEST_CASE("runs a check at most every 100 ms when it is requested again and again") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  CHECK(schedule.take_due(rollout_check, spec, {}, start) == Names{"rollout"});
  schedule.request("rollout", start + 10ms);
  schedule.request("rollout", start + 20ms);
  CHECK(schedule.next() == start + 100ms);
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 20ms).empty());
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 100ms) == Names{"rollout"});
}

//  turns      0 s       10 s      20 s
//  health     |         |         |       every 10 s
//  rollout    |         |         |       due at 15 s and 25 s, moved to the turn of health
TEST_CASE("runs a passing rollout check in the turn of another check") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  Needs passing{.rollout_measurement = true,
                .rollout_every = passing_rollout_interval,
                .check_measurements = true};
  CHECK(schedule.take_due(passing, spec, {}, start) == Names{"health", "rollout"});
  CHECK(schedule.take_due(passing, spec, {}, start + 10s) == Names{"health", "rollout"});
  CHECK(schedule.take_due(passing, spec, {}, start + 15s).empty());
  CHECK(schedule.take_due(passing, spec, {}, start + 20s) == Names{"health", "rollout"});
  // The next turn of the rollout check is at 35 s, too far away to move it.
  const auto often = spec_with_interval(2s);
  CHECK(schedule.take_due(passing, often, {}, start + 22s).empty());
  CHECK(schedule.take_due(passing, often, {}, start + 24s) == Names{"health"});
  // A rollout check that does not pass has its own turns.
  passing.rollout_every = rollout_interval;
  CHECK(schedule.take_due(passing, often, {}, start + 25s).empty());
  CHECK(schedule.take_due(passing, often, {}, start + 26s) == Names{"health"});
  CHECK(schedule.take_due(passing, often, {}, start + 27s) == Names{"rollout"});
}

TEST_CASE("runs a check at the earliest of its requests") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  CHECK(schedule.take_due(rollout_check, spec, {}, start) == Names{"rollout"});
  schedule.request("rollout", start + 1500ms);
  schedule.request("rollout", start + 700ms);
  schedule.request("rollout", start + 900ms);
  CHECK(schedule.next() == start + 700ms);
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 700ms) == Names{"rollout"});
  CHECK(schedule.next() == start + 2s);
}

TEST_CASE("forgets the request of a check that is not needed") {
  Schedule schedule;
  schedule.request("rollout", start);
  CHECK(schedule.take_due({}, spec_with_interval(10s), {}, start).empty());
  CHECK_FALSE(schedule.next().has_value());
}

TEST_CASE("does not make up for missed runs") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  const Needs policy_checks{.check_measurements = true};
  (void)schedule.take_due(policy_checks, spec, {}, start);
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 1h + 5s) == Names{"health"});
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 1h + 6s).empty());
  CHECK(schedule.next() == start + 1h + 10s);
}

TEST_CASE("forgets a check that is not needed, and runs it at once when it is needed again") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  (void)schedule.take_due(all_checks, spec, {}, start);
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 2s) == Names{"rollout"});
  CHECK(schedule.take_due(all_checks, spec, {}, start + 3s) == Names{"health"});
  CHECK(schedule.take_due({}, spec, {}, start + 4s).empty());
  CHECK_FALSE(schedule.next().has_value());
}

TEST_CASE("runs a new check of the policy at once, and no longer runs a removed check") {
  Schedule schedule;
  auto spec = spec_with_interval(10s);
  (void)schedule.take_due(all_checks, spec, {}, start);
  spec.checks.push_back({.name = "new", .interval = 30s});
  CHECK(schedule.take_due(all_checks, spec, {}, start + 1s) == Names{"new"});
  spec.checks.erase(spec.checks.begin());
  CHECK(schedule.take_due(all_checks, spec, {}, start + 30s) == Names{"rollout"});
  CHECK(schedule.take_due(all_checks, spec, {}, start + 31s) == Names{"new"});
}

TEST_CASE("applies a shorter interval of the policy at once") {
  Schedule schedule;
  const Needs policy_checks{.check_measurements = true};
  (void)schedule.take_due(policy_checks, spec_with_interval(1h), {}, start);
  CHECK(schedule.take_due(policy_checks, spec_with_interval(10s), {}, start + 1s).empty());
  CHECK(schedule.next() == start + 11s);
  CHECK(schedule.take_due(policy_checks, spec_with_interval(10s), {}, start + 11s) ==
        Names{"health"});
}

TEST_CASE("applies a longer interval of the policy from the next run") {
  Schedule schedule;
  const Needs policy_checks{.check_measurements = true};
  (void)schedule.take_due(policy_checks, spec_with_interval(10s), {}, start);
  CHECK(schedule.take_due(policy_checks, spec_with_interval(1min), {}, start + 10s) ==
        Names{"health"});
  CHECK(schedule.next() == start + 70s);
}

TEST_CASE("needs N-1 intervals for N failures, however long each probe takes") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  const Needs policy_checks{.check_measurements = true};
  std::vector<MonotonicTime> runs;
  for (MonotonicTime now = start; runs.size() < 3; now += 1700ms) {
    if (!schedule.take_due(policy_checks, spec, {}, now).empty()) runs.push_back(now);
  }
  CHECK(runs.back() - runs.front() < 20s + 1700ms);
}

//  time      0 s        10 s       15 s                 25 s
//  turns     |          waits      |                    |
//  runs      |---------------------|----- ...           |---- ...
TEST_CASE("runs a check again after its run when its next turn came during that run") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  const Needs policy_checks{.check_measurements = true};
  CHECK(schedule.take_due(policy_checks, spec, {}, start) == Names{"health"});
  CHECK(schedule.next() == start + 10s);
  CHECK(schedule.take_due(policy_checks, spec, {"health"}, start + 10s).empty());
  CHECK_FALSE(schedule.next({"health"}).has_value());
  // The run has ended, but take_due() was not called since.
  CHECK(schedule.next() == start + 10s);
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 15s) == Names{"health"});
  // Two runs are never closer than the interval.
  CHECK(schedule.next() == start + 25s);
}

TEST_CASE("keeps the turns when a check ends before its next turn") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  const Needs policy_checks{.check_measurements = true};
  CHECK(schedule.take_due(policy_checks, spec, {}, start) == Names{"health"});
  CHECK(schedule.take_due(policy_checks, spec, {"health"}, start + 9s).empty());
  CHECK(schedule.next() == start + 10s);
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 10s) == Names{"health"});
  CHECK(schedule.next() == start + 20s);
}

TEST_CASE("runs a check again after its run when it was requested during that run") {
  Schedule schedule;
  const auto spec = spec_with_interval(10s);
  CHECK(schedule.take_due(rollout_check, spec, {}, start) == Names{"rollout"});
  schedule.request("rollout", start + 300ms);
  CHECK(schedule.take_due(rollout_check, spec, {"rollout"}, start + 300ms).empty());
  CHECK_FALSE(schedule.next({"rollout"}).has_value());
  CHECK(schedule.take_due(rollout_check, spec, {}, start + 400ms) == Names{"rollout"});
  CHECK(schedule.next() == start + 2s);
}

TEST_CASE("runs a new check at once when an earlier run of the same name has ended") {
  Schedule schedule;
  const Needs policy_checks{.check_measurements = true};
  const auto spec = spec_with_interval(1h);
  CHECK(schedule.take_due(policy_checks, spec, {"health"}, start).empty());
  CHECK_FALSE(schedule.next({"health"}).has_value());
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 5s) == Names{"health"});
}
