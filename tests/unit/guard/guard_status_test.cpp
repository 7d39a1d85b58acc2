// Which changes of the status are written, and changes that do not come from decide().
#include "guard/guard_status.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "guard/target.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 is evaluated: check rollout has passed, and check health has failed twice.
api::GuardStatus evaluated_guard() {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")})
      .reconcile_for(20s, {fails("health")});
  return harness.guard;
}

api::Condition& condition(api::GuardStatus& guard, const std::string& type) {
  return *std::ranges::find(guard.conditions, type, &api::Condition::type);
}

struct Row {
  const char* name;  // what changes
  void (*change)(api::GuardStatus&);
  bool is_worth_writing;
};

const std::vector<Row> rows = {
    {"nothing", [](api::GuardStatus&) {}, false},
    {"the generation of the Deployment", [](api::GuardStatus& g) { g.deployment_generation += 1; },
     false},
    {"the message of the state", [](api::GuardStatus& g) { g.message = "3 of 4"; }, false},
    {"the message of a check", [](api::GuardStatus& g) { g.checks[1].message = "in 12 ms"; },
     false},
    {"the time of the last failure", [](api::GuardStatus& g) { g.checks[1].last_failure = noon; },
     false},
    {"the generation of a condition",
     [](api::GuardStatus& g) { g.conditions[1].observed_generation += 1; }, false},
    {"the message of Ready", [](api::GuardStatus& g) { condition(g, "Ready").message = "3 of 4"; },
     false},
    {"the message of RollbackReady",
     [](api::GuardStatus& g) { condition(g, "RollbackReady").message = "other"; }, true},
    {"the message of Governed", [](api::GuardStatus& g) { g.conditions[0].message = "other"; },
     true},
    {"the state", [](api::GuardStatus& g) { g.state = api::State::Held; }, true},
    {"the reason of the state", [](api::GuardStatus& g) { g.reason = Reason::Suspended; }, true},
    {"one more consecutive failure",
     [](api::GuardStatus& g) { g.checks[1].consecutive_failures += 1; }, true},
    {"the result of a check",
     [](api::GuardStatus& g) { g.checks[1].result = api::MeasurementResult::Pass; }, true},
    {"the reason of a check", [](api::GuardStatus& g) { g.checks[1].reason = Reason::TimedOut; },
     true},
    {"a breach", [](api::GuardStatus& g) { g.checks[1].breached = true; }, true},
    {"a verdict", [](api::GuardStatus& g) { g.revisions[0].verdict = api::RevisionVerdict::Good; },
     true},
    {"a snapshot", [](api::GuardStatus& g) { g.revisions[1].snapshot = "other"; }, true},
    {"the policy", [](api::GuardStatus& g) { g.policy = "built-in"; }, true},
    {"the Rollback", [](api::GuardStatus& g) { g.rollback = "web-2-1b4e"; }, true},
    {"the end of the rollout", [](api::GuardStatus& g) { g.rolled_out.reset(); }, true},
    {"the status of a condition",
     [](api::GuardStatus& g) { g.conditions[1].status = api::ConditionStatus::Unknown; }, true},
};

}  // namespace

TEST_CASE("writes the status when a change matters to users or after a restart") {
  const api::GuardStatus before = evaluated_guard();
  REQUIRE(before.conditions[0].type == "Governed");
  for (const Row& row : rows) {
    CAPTURE(row.name);
    api::GuardStatus after = before;
    row.change(after);
    CHECK(worth_writing(before, after) == row.is_worth_writing);
    CHECK(worth_writing(after, before) == row.is_worth_writing);
  }
}

TEST_CASE("does not write the status for each measurement while a release bakes") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile()
      .pass_checks_for(10s);
  const std::size_t before = harness.guard_writes.size();
  harness.pass_checks_for(100s);
  CHECK(harness.guard_writes.size() == before);
}

TEST_CASE("sets a snapshot in the list, and in the current revision if it has the same hash") {
  api::GuardStatus guard = evaluated_guard();
  set_snapshot(guard, TemplateHash("v2"), "web-v2");
  CHECK(guard.revisions[0].snapshot == "web-v2");
  CHECK(guard.current->snapshot == "web-v2");
  set_snapshot(guard, TemplateHash("v1"), "web-v1-2");
  CHECK(guard.revisions[1].snapshot == "web-v1-2");
  CHECK(guard.current->snapshot == "web-v2");
  set_snapshot(guard, TemplateHash("unknown"), "web-other");
  CHECK(guard.revisions.size() == 2);
}

TEST_CASE("has no target when the snapshot of the only good revision is deleted") {
  api::GuardStatus guard = evaluated_guard();
  REQUIRE(choose_target(guard).revision.has_value());
  clear_snapshot(guard, "web-v1");
  CHECK_FALSE(choose_target(guard).revision.has_value());
}

TEST_CASE("requires a new pass of each check after a restart, and keeps failures and breaches") {
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
  // The check stays breached, but its result is Unknown: a rollback needs one more failure.
  failing.result = api::MeasurementResult::Unknown;
  failing.reason = Reason::Pending;
  failing.last_failure = noon;
  CHECK(guard.checks[0] ==
        api::CheckStatus{.name = "a", .reason = Reason::Pending, .failure_threshold = 2});
  CHECK(guard.checks[1] == failing);
}
