// Drills: when one is due, how it ends, and that it changes nothing.
#include "guard/drill.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 is good since noon + 10min 10s, and v1 would be restored. A drill is the only possible action.
Inputs good_v2() {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile()
      .pass_checks_for(10min + 10s)
      .reconcile();
  harness.guard.last_drill.reset();
  return harness.inputs();
}

constexpr Time good_since = noon + 10min + 10s;

struct Row {
  const char* name;
  void (*given)(Inputs&);
  bool is_due;  // an hour after good_since
};

const std::vector<Row> table = {
    {"the policy has no drills", [](Inputs&) {}, false},
    {"after each good release, and no drill has run",
     [](Inputs& in) { in.policy.spec.drill.after_good = true; }, true},
    {"after each good release, and the last drill ran before the release was good",
     [](Inputs& in) {
       in.policy.spec.drill.after_good = true;
       in.guard.last_drill = api::LastDrill{.at = good_since - 1s};
     },
     true},
    {"after each good release, and a drill has run since",
     [](Inputs& in) {
       in.policy.spec.drill.after_good = true;
       in.guard.last_drill = api::LastDrill{.at = good_since + 1s};
     },
     false},
    {"after each good release, but this revision is only presumed good",
     [](Inputs& in) {
       in.policy.spec.drill.after_good = true;
       in.guard.current->verdict = api::RevisionVerdict::PresumedGood;
     },
     false},
    {"one drill a day, and none has run", [](Inputs& in) { in.policy.spec.drill.every = 24h; },
     true},
    {"one drill a day, and the last ran a day ago",
     [](Inputs& in) {
       in.policy.spec.drill.every = 24h;
       in.guard.last_drill = api::LastDrill{.at = good_since + 1h - 24h};
     },
     true},
    {"one drill a day, and the last ran 1ms less than a day ago",
     [](Inputs& in) {
       in.policy.spec.drill.every = 24h;
       in.guard.last_drill = api::LastDrill{.at = good_since + 1h - 24h + 1ms};
     },
     false},
    {"there is no target",
     [](Inputs& in) {
       in.policy.spec.drill.every = 24h;
       in.guard.revisions.resize(1);
     },
     false},
    {"the policy is suspended",
     [](Inputs& in) {
       in.policy.spec.drill.every = 24h;
       in.policy.spec.suspend = true;
     },
     false},
    {"rollbacks are forbidden until a later time",
     [](Inputs& in) {
       in.policy.spec.drill.every = 24h;
       in.policy.pause_until = good_since + 2h;
     },
     false},
    {"a release is evaluated",
     [](Inputs& in) {
       in.policy.spec.drill.every = 24h;
       in.guard.state = api::State::Evaluating;
     },
     false},
};

}  // namespace

TEST_CASE("runs a drill when it is due") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    Inputs inputs = good_v2();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, good_since + 1h);
    CHECK(std::holds_alternative<RunDrill>(plan.action) == row.is_due);
    if (!row.is_due) continue;
    const api::Rollback& record = std::get<RunDrill>(plan.action).record;
    CHECK(record.spec.drill);
    CHECK(record.spec.to.hash == TemplateHash("v1"));
    CHECK(record.spec.policy == "RollbackPolicy/web");
    CHECK(record.meta.key.name ==
          "web-2-1b4e-drill-" + std::to_string((good_since + 1h).time_since_epoch() / 1s));
    CHECK(plan.guard == inputs.guard);
  }
}

TEST_CASE("requeues when the next periodic drill is due") {
  Inputs inputs = good_v2();
  inputs.preflight->at = good_since + 1h;
  inputs.policy.spec.drill.every = 24h;
  inputs.guard.last_drill = api::LastDrill{.at = good_since + 1h - 24h + 3min};
  CHECK(guard::decide(inputs, good_since + 1h).requeue_at == good_since + 1h + 3min);
}

TEST_CASE("passes a drill, with its times, only when a rollback would work") {
  const api::Rollback record{.spec = {.to = {.number = 1}, .drill = true}};
  const api::Preflight ready{.ready = api::ConditionStatus::True, .reason = Reason::Ready};
  const auto passed = drill_outcome(record, ready, 23ms, web_policy().spec, noon);
  CHECK(passed.phase == api::RollbackPhase::Succeeded);
  CHECK(passed.time_to_act == 23ms);
  CHECK(passed.time_to_detect == 32s);  // three intervals of 10s, and the timeout of 2s
  CHECK(passed.finished == noon);
  CHECK_THAT(passed.message, mentions({"revision 1", "23ms", "32s"}));
  auto spec = web_policy().spec;
  spec.checks.clear();
  const api::Preflight denied{.ready = api::ConditionStatus::False,
                              .reason = Reason::AdmissionDenied,
                              .message = "LimitRange says no"};
  const auto failed = drill_outcome(record, denied, 23ms, spec, noon);
  CHECK(failed.phase == api::RollbackPhase::Failed);
  CHECK_FALSE(failed.time_to_detect.has_value());
  CHECK_THAT(failed.message, mentions({"AdmissionDenied", "LimitRange says no"}));
  CHECK(drill_outcome(record, {}, 23ms, spec, noon).phase == api::RollbackPhase::Failed);
}

TEST_CASE("detects a breach within the time of the fastest check") {
  const api::Rollback record{.spec = {.to = {.number = 1}, .drill = true}};
  const auto time_to_detect = [&](std::vector<Duration> intervals) {
    auto spec = web_policy().spec;
    spec.checks.resize(intervals.size(), spec.checks[0]);
    for (std::size_t i = 0; i < intervals.size(); ++i) spec.checks[i].interval = intervals[i];
    return drill_outcome(record, {}, 23ms, spec, noon).time_to_detect;
  };
  CHECK(time_to_detect({10s, 1h}) == 32s);
  CHECK(time_to_detect({1h, 10s}) == 32s);
}

TEST_CASE("the time to detect includes `for`, and no prometheus check: its window is not known") {
  const api::Rollback record;
  api::PolicySpec spec;
  spec.checks = {{.name = "errors", .kind = api::PrometheusCheck{.query = "errors"}}};
  CHECK_FALSE(drill_outcome(record, {}, 23ms, spec, noon).time_to_detect);
  spec.checks.push_back({.name = "health", .fail_for = 2min});
  CHECK(drill_outcome(record, {}, 23ms, spec, noon).time_to_detect == 2min + 2s);
}

TEST_CASE("keeps the timeline of a requested drill") {
  api::Rollback record{.spec = {.to = {.number = 1}, .drill = true}};
  const api::TimelineEntry requested{.time = noon - 1s, .message = "Requested"};
  record.status.timeline = {requested};
  const auto outcome = drill_outcome(record, {}, 23ms, web_policy().spec, noon);
  REQUIRE(outcome.timeline.size() == 2);
  CHECK(outcome.timeline.front() == requested);
}

TEST_CASE("stores the result of a drill, changes nothing and does not count it as a rollback") {
  DeploymentHarness harness;
  harness.policy.spec.drill.after_good = true;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile()
      .pass_checks_for(10min + 10s)
      .reconcile()
      .reconcile()
      .reconcile();
  REQUIRE(harness.guard.last_drill.has_value());
  CHECK(harness.guard.last_drill->passed);
  CHECK(harness.guard.last_drill->at == harness.now);
  CHECK(harness.restorations == 0);
  CHECK(harness.guard.rollbacks.empty());
  CHECK(harness.state() == idle(Reason::Good));
  harness.reconcile_for(1h, {});
  CHECK(harness.stored_rollbacks.size() == 1);
}

TEST_CASE("runs a drill that a user requests, and rejects it where a rollback is rejected") {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile();
  harness.request_rollback({.drill = true}).reconcile();
  CHECK(harness.guard.last_drill->rollback == "manual-0");
  CHECK(harness.restorations == 0);
  CHECK(harness.state() == evaluating(Reason::Baking));
  harness.suspend().request_rollback({.drill = true}).reconcile();
  CHECK(harness.stored_rollbacks.at("manual-1").status.phase == api::RollbackPhase::Rejected);
  CHECK(harness.restorations == 0);
}

TEST_CASE("emits one Event when a drill fails, and keeps the time of the last passed drill") {
  api::Rollback drill;
  drill.meta.key.name = "web-7-1b4e-drill-1";
  drill.status.phase = api::RollbackPhase::Succeeded;
  drill.status.finished = noon;
  api::GuardStatus guard;
  record_drill(guard, drill);
  CHECK(guard.last_drill->passed_at == noon);
  CHECK_FALSE(drill_event({}, guard).has_value());
  const api::GuardStatus passed = guard;
  drill.meta.key.name = "web-7-1b4e-drill-2";
  drill.status.phase = api::RollbackPhase::Failed;
  drill.status.message = "The drill failed, AdmissionDenied: a policy says no";
  drill.status.finished = noon + 1h;
  record_drill(guard, drill);
  CHECK_FALSE(guard.last_drill->passed);
  CHECK(guard.last_drill->passed_at == noon);
  const auto event = drill_event(passed, guard);
  REQUIRE(event.has_value());
  CHECK(event->type == EventType::Warning);
  CHECK(event->reason == Reason::DrillFailed);
  CHECK_THAT(event->note, mentions({"web-7-1b4e-drill-2", drill.status.message}));
  CHECK_FALSE(drill_event(guard, guard).has_value());
  drill.status.finished = noon + 2h;
  record_drill(guard, drill);
  CHECK(guard.last_drill->passed_at == noon);
  // A guard that an earlier version wrote has no passed_at. The time of its passed drill is used.
  guard.last_drill = api::LastDrill{.rollback = "web-6-1b4e-drill-1", .at = noon, .passed = true};
  record_drill(guard, drill);
  CHECK(guard.last_drill->passed_at == noon);
}
