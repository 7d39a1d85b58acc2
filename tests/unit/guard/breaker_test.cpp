// The breaker: which Deployments count as failing, and when the breaker opens and closes.
#include "guard/breaker.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::State;

namespace {

struct FailingCase {
  const char* name;
  std::optional<Duration> failing_for;
  std::optional<Duration> rolled_back_ago;
  bool counts_as_failing;
  const char* policy = "RollbackPolicy/web";
};

const std::vector<FailingCase> failing_cases = {
    {"no failure", {}, {}, false},
    {"began to fail now", 0s, {}, true},
    {"began to fail 1ms less than five minutes ago", 5min - 1ms, {}, true},
    {"began to fail five minutes ago", 5min, {}, false},
    {"has failed for weeks", 500h, {}, false},
    {"rolled back now", {}, 0s, true},
    {"rolled back 1ms less than five minutes ago", {}, 5min - 1ms, true},
    {"rolled back five minutes ago", {}, 5min, false},
    {"rolled back in the future", {}, -1ms, false},
    {"opted out", 0s, 0s, false, ""},
};

struct FleetCase {
  const char* name;
  std::size_t guarded, failing;
  bool is_open;
  std::optional<Duration> closed_ago = {};  // the time since an administrator closed the breaker
  BreakerSettings settings = {};
  std::optional<Duration> above_ago = {};  // the time since the fleet was above the limits
  std::size_t held = 0;                    // Deployments in the state Held (BreakerOpen)
};

const std::vector<FleetCase> fleet_cases = {
    {"no Deployment fails", 30, 0, false},
    {"five of thirty fail, the limit is five", 30, 5, false},
    {"six of thirty fail", 30, 6, true},
    {"six of sixty fail, the limit is 10%", 60, 6, false},
    {"seven of sixty fail", 60, 7, true},
    {"all of thirty fail", 30, 30, true},
    {"all of thirty fail, without a breaker", 30, 30, false, {}, {.rollbacks = 0}},
    {"two of thirty fail, above lower limits", 30, 2, true, {}, {.rollbacks = 1, .percent = 5}},
    {"six of thirty fail, below a limit of 20%", 30, 6, false, {}, {.percent = 20}},
    {"an administrator closed the breaker a minute ago", 30, 30, false, 1min},
    {"the override ends in 1ms", 30, 30, false, 5min - 1ms},
    {"the override ends now", 30, 30, true, 5min},
    {"the time of the override is in the future", 30, 30, true, -1ms},
    {"five of thirty fail, 1ms after the fleet was above the limits", 30, 5, true, {}, {}, 1ms},
    {"the fleet was above the limits 1ms less than five minutes ago",
     30,
     1,
     true,
     {},
     {},
     5min - 1ms},
    {"the fleet was above the limits five minutes ago", 30, 1, false, {}, {}, 5min},
    {"the fleet was above the limits five minutes ago, and a Deployment is still held",
     30,
     1,
     false,
     {},
     {},
     5min,
     1},
    {"an administrator closed the breaker after the fleet was above the limits",
     30,
     1,
     false,
     1min,
     {},
     2min},
    {"after a restart, a Deployment is still held by the breaker", 30, 1, true, {}, {}, {}, 1},
    {"after a restart and an override, a Deployment is still held", 30, 1, false, 9min, {}, {}, 1},
};

}  // namespace

TEST_CASE("counts a Deployment as failing when it began to fail or was rolled back recently") {
  for (const FailingCase& row : failing_cases) {
    CAPTURE(row.name);
    api::GuardStatus guard{.policy = row.policy};
    if (row.rolled_back_ago)
      guard.rollbacks = {{.name = "web-2-1b4e", .at = noon - *row.rolled_back_ago}};
    const auto since = row.failing_for ? std::optional(noon - *row.failing_for) : std::nullopt;
    CHECK(counts_as_failing(guard, since, {}, {}, noon) == row.counts_as_failing);
  }
}

TEST_CASE(
    "does not count a rollback from the time in which an administrator kept the breaker closed") {
  const api::GuardStatus guard{.policy = "RollbackPolicy/web",
                               .state = State::Idle,
                               .rollbacks = {{.name = "web-2-1b4e", .at = noon - 1min}}};
  CHECK(counts_as_failing(guard, {}, {}, {.at = noon - 30s, .problem = {}}, noon));
  CHECK_FALSE(counts_as_failing(guard, {}, {}, {.at = noon - 1min, .problem = {}}, noon));
  CHECK_FALSE(counts_as_failing(guard, {}, {}, {.at = noon - 5min, .problem = {}}, noon));
  CHECK(counts_as_failing(guard, {}, {}, {.at = noon - 7min, .problem = {}}, noon));
}

TEST_CASE("counts a Deployment as held by the breaker only in the state Held with BreakerOpen") {
  CHECK(is_held_by_breaker({.state = State::Held, .reason = Reason::BreakerOpen}));
  CHECK_FALSE(is_held_by_breaker({.state = State::Held, .reason = Reason::Cooldown}));
  CHECK_FALSE(is_held_by_breaker({.state = State::Evaluating, .reason = Reason::BreakerOpen}));
}

TEST_CASE("parses the time that closes the breaker, and reports an invalid time") {
  CHECK(parse_breaker_override("").problem.empty());
  CHECK(parse_breaker_override("2026-11-24T12:00:00Z").at == noon);
  CHECK_FALSE(parse_breaker_override("12:00").at.has_value());
  CHECK_FALSE(parse_breaker_override("12:00").problem.empty());
}

TEST_CASE(
    "opens above both limits, and closes after five minutes or when an administrator closes it") {
  for (const FleetCase& row : fleet_cases) {
    CAPTURE(row.name);
    const auto ago = [](std::optional<Duration> since) {
      return since ? std::optional(noon - *since) : std::nullopt;
    };
    const BreakerOverride breaker_override{.at = ago(row.closed_ago), .problem = {}};
    const Fleet fleet{.guarded = row.guarded, .failing = row.failing, .held = row.held};
    const auto above = last_above(row.settings, fleet, breaker_override, ago(row.above_ago), noon);
    const Breaker breaker = evaluate_fleet(row.settings, fleet, breaker_override, above, noon);
    CHECK(breaker.is_open == row.is_open);
    CHECK(breaker.message.empty() != row.is_open);
  }
}

TEST_CASE("names the numbers, the limits and what closes the breaker in the message") {
  const Fleet fleet{.guarded = 30, .failing = 7};
  const std::vector<std::string> numbers{"7 of 30", "5m", "5", "10%", "lastgood.dev/close-breaker"};
  const std::string without_problem = evaluate_fleet({}, fleet, {}, noon, noon).message;
  CHECK_THAT(without_problem, mentions(numbers));
  CHECK_FALSE(without_problem.ends_with(' '));
  const BreakerOverride no_time = parse_breaker_override("soon");
  const std::string message = evaluate_fleet({}, fleet, no_time, noon, noon).message;
  CHECK_THAT(message, mentions(numbers));
  CHECK_THAT(message, mentions({"\"soon\"", "2026-11-24T12:00:00Z"}));
}

TEST_CASE("rolls back a held release when the breaker closes and the release still fails") {
  DeploymentHarness harness = baking_v2();
  harness.breaker = {.is_open = true, .message = "many fail"};
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::BreakerOpen));
  harness.breaker = {};
  harness.reconcile_for(10s, {fails("health")});
  CHECK(harness.deployed_template() == "v1");
}
