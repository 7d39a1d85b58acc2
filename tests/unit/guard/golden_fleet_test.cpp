// The breaker of the fleet: who is in transport_error, and when that many are a cause in common.
#include <catch2/catch.hpp>

#include "guard/breaker.hpp"
#include "harness.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::State;

namespace {

struct TroubleRow {
  const char* name;
  State state;
  int consecutive_failures;
  std::optional<Duration> put_back_ago;
  bool is_troubled;
  const char* policy = "RollbackPolicy/web";
  Duration failed_ago{0};
};

const std::vector<TroubleRow> troubles = {
    {"nothing fails", State::Evaluating, 0, {}, false},
    {"a release that fails", State::Evaluating, 1, {}, true},
    {"one that is held", State::Held, 3, {}, true},
    {"one that is being put back", State::RollingBack, 3, {}, true},
    {"what failed is judged no more", State::Idle, 3, {}, false},
    {"what was put back and is verified counts by when it was", State::Verifying, 1, {}, false},
    {"put back just now", State::Verifying, 0, 0s, true},
    {"put back a moment less than five minutes ago", State::Idle, 0, 5min - 1ms, true},
    {"put back five minutes ago", State::Idle, 0, 5min, false},
    {"put back in the future, by a clock that was wrong", State::Idle, 0, -1ms, false},
    {"opted out", State::Evaluating, 3, 0s, false, ""},
    {"failed a moment less than five minutes ago",
     State::Held,
     3,
     {},
     true,
     "RollbackPolicy/web",
     5min - 1ms},
    {"not asked for five minutes", State::Held, 3, {}, false, "RollbackPolicy/web", 5min},
};

struct FleetRow {
  const char* name;
  std::size_t guarded, troubled;
  bool is_open;
  std::optional<Duration> closed_ago = {};
  BreakerSettings settings = {};
  std::optional<Duration> above_ago = {};
  std::size_t held = 0;
};

const std::vector<FleetRow> fleets = {
    {"nobody", 30, 0, false},
    {"five of thirty are not more than five", 30, 5, false},
    {"six of thirty are", 30, 6, true},
    {"six of sixty are not more than a tenth", 60, 6, false},
    {"seven of sixty are", 60, 7, true},
    {"all of thirty", 30, 30, true},
    {"without a breaker all of them may be put back", 30, 30, false, {}, {.rollbacks = 0}},
    {"the limit is the admin's", 30, 2, true, {}, {.rollbacks = 1, .percent = 5}},
    {"the share is too", 30, 6, false, {}, {.percent = 20}},
    {"closed by a person", 30, 30, false, 1min},
    {"closed to the end of its time", 30, 30, false, 5min - 1ms},
    {"open again when that is over", 30, 30, true, 5min},
    {"closed from a time that has not come", 30, 30, true, -1ms},
    {"five are left of those that failed a moment ago", 30, 5, true, {}, {}, 1ms},
    {"the last one is, and it was calm for a moment less than five minutes",
     30,
     1,
     true,
     {},
     {},
     5min - 1ms},
    {"it was calm for five minutes", 30, 1, false, {}, {}, 5min},
    {"closed by a person it is not to be waited for", 30, 1, false, 1min, {}, 2min},
    {"after a restart some are held by it still", 30, 1, true, {}, {}, {}, 1},
    {"nobody knows any more who it held before it was closed", 30, 1, false, 9min, {}, {}, 1},
};

}  // namespace

TEST_CASE(
    "Golden: in transport_error is who fails a check while it is judged, or was put back within "
    "the time") {
  for (const TroubleRow& row : troubles) {
    CAPTURE(row.name);
    api::GuardStatus guard{.policy = row.policy, .state = row.state};
    guard.checks = {{.name = "rollout"},
                    {.name = "health", .consecutive_failures = row.consecutive_failures}};
    if (row.consecutive_failures > 0) guard.checks.back().last_failure = noon - row.failed_ago;
    if (row.put_back_ago)
      guard.rollbacks = {{.name = "web-2-1b4e", .at = noon - *row.put_back_ago}};
    CHECK(is_troubled(guard, {}, {}, noon) == row.is_troubled);
  }
}

TEST_CASE("What was put back while a person kept the breaker closed opens it no more") {
  const api::GuardStatus guard{.policy = "RollbackPolicy/web",
                               .state = State::Idle,
                               .rollbacks = {{.name = "web-2-1b4e", .at = noon - 1min}}};
  CHECK(is_troubled(guard, {}, {.at = noon - 30s, .problem = {}}, noon));
  CHECK_FALSE(is_troubled(guard, {}, {.at = noon - 1min, .problem = {}}, noon));
  CHECK_FALSE(is_troubled(guard, {}, {.at = noon - 5min, .problem = {}}, noon));
  CHECK(is_troubled(guard, {}, {.at = noon - 7min, .problem = {}}, noon));
}

TEST_CASE("What closes the breaker is a time, and what is none is emitted") {
  CHECK(parse_breaker_override("").problem.empty());
  CHECK(parse_breaker_override("2026-11-24T12:00:00Z").at == noon);
  CHECK_FALSE(parse_breaker_override("12:00").at.has_value());
  CHECK_FALSE(parse_breaker_override("12:00").problem.empty());
}

TEST_CASE(
    "Golden: the breaker is open with more than so many and more than that share, until a person "
    "closes it") {
  for (const FleetRow& row : fleets) {
    CAPTURE(row.name);
    const auto ago = [](std::optional<Duration> since) {
      return since ? std::optional(noon - *since) : std::nullopt;
    };
    const BreakerOverride breaker_override{.at = ago(row.closed_ago), .problem = {}};
    const Fleet fleet{.guarded = row.guarded, .troubled = row.troubled, .held = row.held};
    const auto above = last_above(row.settings, fleet, breaker_override, ago(row.above_ago), noon);
    const Breaker breaker = evaluate_fleet(row.settings, fleet, breaker_override, above, noon);
    CHECK(breaker.is_open == row.is_open);
    CHECK(breaker.message.empty() != row.is_open);
  }
}

TEST_CASE("The message of an open breaker has both figures, both limits and what closes it") {
  const Fleet fleet{.guarded = 30, .troubled = 7};
  const std::vector<std::string> figures{"7 of 30", "5m", "5", "10%", "lastgood.dev/close-breaker"};
  CHECK_THAT(evaluate_fleet({}, fleet, {}, noon, noon).message, mentions(figures));
  const BreakerOverride no_time = parse_breaker_override("soon");
  const std::string message = evaluate_fleet({}, fleet, no_time, noon, noon).message;
  CHECK_THAT(message, mentions(figures));
  CHECK_THAT(message, mentions({"\"soon\"", "2026-11-24T12:00:00Z"}));
}

//  ✗✗✗ with the breaker open ─▶ Held BreakerOpen ─▶ closed, still failing ─▶ v1
TEST_CASE("What the breaker held is put back when it is closed and the release still fails") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  harness.breaker = {.is_open = true, .message = "many fail"};
  harness.fail_thrice();
  CHECK(harness.state() == held(Reason::BreakerOpen));
  harness.breaker = {};
  harness.watch(10s, {fails("health")});
  CHECK(harness.on_deployment() == "v1");
}
