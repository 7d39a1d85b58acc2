// What of the state is worth a write, and what is noted in it from outside of a plan.
#include <algorithm>
#include <catch2/catch.hpp>

#include "guard/target.hpp"
#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

api::GuardStatus some_guard() {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .watch(20s, {fails("health")});
  return harness.guard;
}

api::Condition& condition(api::GuardStatus& guard, const std::string& type) {
  return *std::ranges::find(guard.conditions, type, &api::Condition::type);
}

struct Row {
  const char* name;
  void (*change)(api::GuardStatus&);
  bool worth;
};

const std::vector<Row> table = {
    {"nothing", [](api::GuardStatus&) {}, false},
    {"the generation seen, as scaling moves it",
     [](api::GuardStatus& g) { g.deployment_generation += 1; }, false},
    {"the state's words", [](api::GuardStatus& g) { g.message = "3 of 4"; }, false},
    {"a check's words", [](api::GuardStatus& g) { g.checks[1].message = "in 12 ms"; }, false},
    {"when it failed last", [](api::GuardStatus& g) { g.checks[1].last_failure = noon; }, false},
    {"a condition's generation",
     [](api::GuardStatus& g) { g.conditions[1].observed_generation += 1; }, false},
    {"words of Ready, which are the state's",
     [](api::GuardStatus& g) { condition(g, "Ready").message = "3 of 4"; }, false},
    {"words of RollbackReady, which name what is missing",
     [](api::GuardStatus& g) { condition(g, "RollbackReady").message = "other"; }, true},
    {"words of Governed, which say what is wrong",
     [](api::GuardStatus& g) { g.conditions[0].message = "other"; }, true},
    {"the state", [](api::GuardStatus& g) { g.state = api::State::Held; }, true},
    {"its reason", [](api::GuardStatus& g) { g.reason = Reason::Suspended; }, true},
    {"one more failure, which must survive a restart",
     [](api::GuardStatus& g) { g.checks[1].consecutive_failures += 1; }, true},
    {"a check's result",
     [](api::GuardStatus& g) { g.checks[1].result = api::MeasurementResult::Pass; }, true},
    {"a check's reason", [](api::GuardStatus& g) { g.checks[1].reason = Reason::TimedOut; }, true},
    {"a breach", [](api::GuardStatus& g) { g.checks[1].breached = true; }, true},
    {"a verdict", [](api::GuardStatus& g) { g.revisions[0].verdict = api::RevisionVerdict::Good; },
     true},
    {"where a template is kept", [](api::GuardStatus& g) { g.revisions[1].snapshot = "other"; },
     true},
    {"the policy", [](api::GuardStatus& g) { g.policy = "built-in"; }, true},
    {"the Rollback", [](api::GuardStatus& g) { g.rollback = "web-2-1b4e"; }, true},
    {"when it was rolled out", [](api::GuardStatus& g) { g.rolled_out.reset(); }, true},
    {"a condition's status",
     [](api::GuardStatus& g) { g.conditions[1].status = api::ConditionStatus::Unknown; }, true},
};

}  // namespace

TEST_CASE(
    "Written is what a person would care about or a restart needs, never what goes on as before") {
  const api::GuardStatus before = some_guard();
  REQUIRE(before.conditions[0].type == "Governed");
  for (const Row& row : table) {
    CAPTURE(row.name);
    api::GuardStatus after = before;
    row.change(after);
    CHECK(worth_writing(before, after) == row.worth);
    CHECK(worth_writing(after, before) == row.worth);
  }
}

TEST_CASE("A bake that goes well is not written at every tick") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look().watch_well(10s);
  const std::size_t before = harness.persisted.size();
  harness.watch_well(9min);
  CHECK(harness.persisted.size() == before);
}

TEST_CASE(
    "Where a template is kept is noted in the list and, when it is the present one, there too") {
  api::GuardStatus guard = some_guard();
  set_snapshot(guard, TemplateHash("v2"), "kept");
  CHECK(guard.revisions[0].snapshot == "kept");
  CHECK(guard.current->snapshot == "kept");
  set_snapshot(guard, TemplateHash("v1"), "older");
  CHECK(guard.revisions[1].snapshot == "older");
  CHECK(guard.current->snapshot == "kept");
  set_snapshot(guard, TemplateHash("unknown"), "nobody's");
  CHECK(guard.revisions.size() == 2);
}

TEST_CASE("What was kept and is deleted can no longer be put back") {
  api::GuardStatus guard = some_guard();
  REQUIRE(choose_target(guard).revision.has_value());
  clear_snapshot(guard, "web-v1");
  CHECK_FALSE(choose_target(guard).revision.has_value());
}

TEST_CASE("After a restart a check has to pass once more, but failures and breaches stay") {
  api::GuardStatus guard{.checks = {{.name = "a",
                                     .result = api::MeasurementResult::Pass,
                                     .reason = Reason::Passed,
                                     .failure_threshold = 2,
                                     .passed_once = true},
                                    {.name = "b",
                                     .result = api::MeasurementResult::Fail,
                                     .reason = Reason::WrongStatus,
                                     .consecutive_failures = 3,
                                     .passed_once = true,
                                     .breached = true}}};
  auto failing = guard.checks[1];
  reset_results(guard, noon);
  // It stays breached, but only a new failure confirms it.
  failing.result = api::MeasurementResult::Unknown;
  failing.reason = Reason::Pending;
  failing.last_failure = noon;
  CHECK(guard.checks[0] ==
        api::CheckStatus{.name = "a", .reason = Reason::Pending, .failure_threshold = 2});
  CHECK(guard.checks[1] == failing);
}
