// Which checks of an Idle Deployment are measured, when, and what is stored of the results.
#include "guard/idle_checks.hpp"

#include <catch2/catch.hpp>

#include "guard/needs.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;

namespace {

std::string health_hash() { return api::config_hash_of(web_policy().spec.checks[0].kind); }

// v1 is presumed good, and the check has not passed for any revision.
DeploymentHarness idle_v1() {
  DeploymentHarness harness;
  harness.establishes_checks = false;
  harness.ship("v1").roll_out().reconcile().reconcile();
  return harness;
}

std::vector<IdleCheck> checks_of(const DeploymentHarness& harness) {
  return idle_checks(harness.deployment, harness.policy.spec, harness.guard);
}

const IdleCheck health{.name = "health", .config_hash = "a"};
const Uid web{"1b4e-uid"};
constexpr Duration within = 3min;  // the first measurement begins within this time

// The times after the start at which the check is due, up to `limit`.
std::vector<Duration> turns(const IdleCheck& check, const Uid& deployment, Duration limit = 12h) {
  IdleSchedule schedule;
  const MonotonicTime start{};
  std::vector<Duration> times;
  std::optional<MonotonicTime> now = start;
  while (now && *now - start <= limit) {
    if (!schedule.take_due(std::vector{check}, deployment, within, {}, *now).empty())
      times.push_back(*now - start);
    now = schedule.next();
  }
  return times;
}

}  // namespace

TEST_CASE("measures a check in state Idle until it passes for the current revision") {
  DeploymentHarness harness = idle_v1();
  CHECK(checks_of(harness) ==
        std::vector{IdleCheck{.name = "health", .config_hash = health_hash()}});
  harness.reconcile({fails("health")});
  CHECK(checks_of(harness).size() == 1);
  harness.reconcile({pass("health")});
  CHECK(checks_of(harness).empty());
  CHECK(harness.guard.passed_checks.at(0).revision == TemplateHash("v1"));
}

TEST_CASE("measures a changed check again in state Idle") {
  DeploymentHarness harness = idle_v1();
  harness.reconcile({pass("health")});
  api::http_of(harness.policy.spec.checks[0]).path = "/other";
  CHECK(checks_of(harness).size() == 1);
}

TEST_CASE("measures every check each minute in state Idle with strategy Recreate") {
  DeploymentHarness harness = idle_v1();
  harness.deployment.recreates = true;
  harness.reconcile({pass("health")});
  REQUIRE(checks_of(harness).size() == 1);
  CHECK(checks_of(harness)[0].every_minute);
  CHECK_FALSE(checks_of(harness)[0].needs_confirmation);
  harness.reconcile({fails("health")});
  CHECK(checks_of(harness)[0].needs_confirmation);
  harness.reconcile({fails("health")});
  CHECK_FALSE(checks_of(harness)[0].needs_confirmation);
}

TEST_CASE("counts a failure of the idle revision that arrives together with the next release") {
  DeploymentHarness harness = idle_v1();
  harness.deployment.recreates = true;
  harness.reconcile({fails("health")}).pass_time(5s);
  harness.ship("v2").reconcile({fails("health")});
  REQUIRE(harness.current()->hash == "v2");
  const auto check = std::ranges::find(harness.guard.checks, "health", &api::CheckStatus::name);
  REQUIRE(check != harness.guard.checks.end());
  REQUIRE(check->baseline.has_value());
  CHECK(check->baseline->result == api::MeasurementResult::Fail);
}

TEST_CASE("measures nothing in the background unless the Deployment is Idle and governed") {
  DeploymentHarness harness = idle_v1();
  CHECK(needs(harness.deployment, harness.policy, harness.guard, {}).idle_checks.size() == 1);
  CHECK(needs(harness.deployment, broken_policy(), harness.guard, {}).idle_checks.empty());
  harness.ship("v2").reconcile();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(checks_of(harness).empty());
  CHECK(harness.guard.idle_results.empty());
}

TEST_CASE("spreads the first measurement over 3 minutes, then waits longer each time") {
  std::vector<Duration> first_turns;
  for (int i = 0; i < 100; ++i)
    first_turns.push_back(turns(health, Uid("uid-" + std::to_string(i)), 5min).at(0));
  CHECK(std::ranges::all_of(first_turns, [](Duration one) { return one < 3min; }));
  CHECK(std::ranges::count_if(first_turns, [](Duration one) { return one < 1min; }) > 15);
  CHECK(std::ranges::count_if(first_turns, [](Duration one) { return one >= 2min; }) > 15);
  const auto times = turns(health, web);
  REQUIRE(times.size() > 8);
  const std::vector<Duration> expected{1min, 2min, 4min, 8min, 16min, 32min, 60min, 60min};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(times[i + 1] - times[i] == expected[i]);
}

TEST_CASE("spreads the first measurement by the number of Deployments, over at most 3 minutes") {
  CHECK(first_measurement_within(0) == 100ms);
  CHECK(first_measurement_within(1) == 100ms);
  CHECK(first_measurement_within(300) == 30s);
  CHECK(first_measurement_within(2000) == 3min);
}

TEST_CASE("measures once a minute with strategy Recreate, and again 5 s after one failure") {
  IdleCheck recreate = health;
  recreate.every_minute = true;
  const auto times = turns(recreate, web, 10min);
  CHECK(times.at(0) < 1min);
  CHECK(times.at(2) - times.at(1) == 1min);
  IdleSchedule schedule;
  const MonotonicTime start{};
  const MonotonicTime first = start + times.at(0);
  static_cast<void>(schedule.take_due(std::vector{recreate}, web, within, {}, start));
  CHECK(schedule.take_due(std::vector{recreate}, web, within, {}, first).size() == 1);
  recreate.needs_confirmation = true;
  CHECK(schedule.take_due(std::vector{recreate}, web, within, {}, first + 1s).empty());
  CHECK(schedule.next() == first + 6s);
  CHECK(schedule.take_due(std::vector{recreate}, web, within, {}, first + 6s).size() == 1);
}

TEST_CASE("starts again with a short wait when the configuration of the check changes") {
  IdleSchedule schedule;
  const MonotonicTime later{24h};
  static_cast<void>(schedule.take_due(std::vector{health}, web, within, {}, MonotonicTime{}));
  IdleCheck changed = health;
  changed.config_hash = "b";
  static_cast<void>(schedule.take_due(std::vector{changed}, web, within, {}, later));
  CHECK(*schedule.next() - later < 3min);
  CHECK(schedule.take_due({}, web, within, {}, later).empty());
  CHECK_FALSE(schedule.next().has_value());
}

TEST_CASE("stores the last result of a check in state Idle, and counts two failures at most") {
  DeploymentHarness harness = idle_v1();
  for (int i = 0; i < 3; ++i) harness.pass_time(10s).reconcile({fails("health")});
  REQUIRE(harness.guard.idle_results.size() == 1);
  const api::IdleResult& result = harness.guard.idle_results[0];
  CHECK(result.result == MeasurementResult::Fail);
  CHECK(result.reason == Reason::WrongStatus);
  CHECK(result.consecutive_failures == 2);
  CHECK(result.at == harness.now);
  harness.reconcile({unknown("health")});
  CHECK(harness.guard.idle_results[0].consecutive_failures == 2);
  api::http_of(harness.policy.spec.checks[0]).path = "/other";
  harness.reconcile();
  CHECK(harness.guard.idle_results.empty());
}

TEST_CASE("never rolls back because of a check that fails in state Idle") {
  DeploymentHarness harness = baking_v2();
  harness.pass_checks_for(11min);
  REQUIRE(harness.state() == idle(Reason::Good));
  harness.deployment.recreates = true;
  for (int i = 0; i < 10; ++i) harness.pass_time(1min).reconcile({fails("health")});
  CHECK(harness.state() == idle(Reason::Good));
  CHECK(harness.restorations == 0);
}

TEST_CASE("measures an idle check again after its run when its next turn came during that run") {
  IdleSchedule schedule;
  const std::vector checks{health};
  const MonotonicTime first = MonotonicTime{} + turns(health, web).at(0);
  CHECK(schedule.take_due(checks, web, within, {"health"}, MonotonicTime{}).empty());
  CHECK(schedule.next() == first);
  CHECK(schedule.take_due(checks, web, within, {"health"}, first).empty());
  CHECK_FALSE(schedule.next({"health"}).has_value());
  CHECK(schedule.next() == first);
  CHECK(schedule.take_due(checks, web, within, {}, first + 5s).size() == 1);
  CHECK(schedule.next() == first + 5s + 1min);
}
