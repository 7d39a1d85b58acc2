// A group that goes back: who is called, in which order, who follows a call, and when a member is
// asked whether it can.
#include <catch2/catch.hpp>

#include "golden.hpp"
#include "guard/group/group.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using Names = std::vector<std::string>;

namespace {

struct CallRow {
  const char* name;
  void (*given)(Inputs&);
  Names members;  // empty: it goes back alone
};

const std::vector<CallRow> calls = {
    {"in no group", [](Inputs& w) { w.group.clear(); }, {}},
    {"one other, released in the same window",
     [](Inputs& w) { w.group = {member("api")}; },
     {"api", "web"}},
    {"by their order, the lowest first",
     [](Inputs& w) {
       w.policy.group_order = 5;
       w.group = {member("db", 10), member("api", -1)};
     },
     {"api", "web", "db"}},
    {"of the same order by name",
     [](Inputs& w) { w.group = {member("zoo"), member("api")}; },
     {"api", "web", "zoo"}},
    {"one that was good before is left where it is",
     [](Inputs& w) {
       w.group = {member("api"), member("db")};
       w.group[1].guard.current->verdict = api::RevisionVerdict::Good;
       w.group[1].guard.current->since = noon - 1s;
     },
     {"api", "web"}},
    {"one that cannot is called too: what holds is emitted by its name",
     [](Inputs& w) {
       w.group = {member("api")};
       w.group[0].cannot = "it is frozen (Contested)";
     },
     {"api", "web"}},
};

// "web" is judged since noon, and "api" has called it a moment ago.
Inputs called_world() {
  Inputs inputs = breached_world();
  inputs.policy.group = "shop";
  for (api::Revision* one : {&*inputs.guard.current, &inputs.guard.revisions.front()})
    one->verdict = api::RevisionVerdict::Evaluating;
  inputs.guard.checks[1] = {.name = "health", .reason = api::Reason::Pending, .failure_threshold = 3};
  inputs.group = {leader("api", {"api", "web"})};
  return inputs;
}

struct FollowRow {
  const char* name;
  void (*given)(Inputs&);
  bool follows;
};

const std::vector<FollowRow> follow = {
    {"a member has begun",
     [](Inputs& w) { w.group[0].rollback->status.phase = RollbackPhase::TemplateRestored; }, true},
    {"it is recorded, and about to begin", [](Inputs&) {}, true},
    {"it is over, and has helped",
     [](Inputs& w) { w.group[0].rollback->status.phase = RollbackPhase::Succeeded; }, true},
    {"it failed after it was put back",
     [](Inputs& w) {
       w.group[0].rollback->status.phase = RollbackPhase::Failed;
       w.group[0].rollback->status.template_restored = moment;
     },
     true},
    {"it failed before anything was touched",
     [](Inputs& w) { w.group[0].rollback->status.phase = RollbackPhase::Failed; }, false},
    {"it was superseded",
     [](Inputs& w) { w.group[0].rollback->status.phase = RollbackPhase::Superseded; }, false},
    {"it waits for approval",
     [](Inputs& w) {
       w.group[0].rollback->spec.mode = api::Mode::Approve;
       w.group[0].guard.state = api::State::Held;
       w.group[0].guard.reason = api::Reason::AwaitingApproval;
     },
     false},
    {"it is approved",
     [](Inputs& w) {
       w.group[0].rollback->spec.mode = api::Mode::Approve;
       w.group[0].rollback->spec.approved = true;
     },
     true},
    {"it is approved, and waits for its turn",
     [](Inputs& w) {
       w.group[0].rollback->spec.mode = api::Mode::Approve;
       w.group[0].guard.reason = api::Reason::GroupOrder;
     },
     true},
    {"it is recorded, but held back: nobody is called yet",
     [](Inputs& w) {
       w.group[0].guard.state = api::State::Held;
       w.group[0].guard.reason = api::Reason::SharedCause;
     },
     false},
    {"what runs here was put back already, by another rollback",
     [](Inputs& w) {
       w.rollback = finished_rollback(w, RollbackPhase::Succeeded);
       w.rollback->meta.key.name = "web-1-1b4e";
       w.rollback->spec.from.hash = TemplateHash("v0");
       w.rollback->spec.to.hash = TemplateHash("v2");
       w.rollback->status.template_restored = noon;
     },
     false},
    {"its Rollback is not the one it speaks of",
     [](Inputs& w) { w.group[0].guard.rollback = "api-1-9f"; }, false},
    {"it calls others", [](Inputs& w) { w.group[0].rollback->spec.group->members = {"api", "db"}; },
     false},
    {"it goes back alone", [](Inputs& w) { w.group[0].rollback->spec.group.reset(); }, false},
    {"what was released after the call is a newer choice",
     [](Inputs& w) { w.guard.evaluation_started = moment; }, false},
    {"it was followed already",
     [](Inputs& w) {
       w.rollback = finished_rollback(w, RollbackPhase::Succeeded);
       w.rollback->spec.caused_by = "api-2-9f";
     },
     false},
    {"it was followed, and that came to nothing",
     [](Inputs& w) {
       w.rollback = finished_rollback(w, RollbackPhase::Superseded);
       w.rollback->spec.caused_by = "api-2-9f";
     },
     false},
    {"a person has said no to it",
     [](Inputs& w) { w.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
     false},
    {"it was rolled back already, which failed",
     [](Inputs& w) { w.rollback = finished_rollback(w); }, false},
    {"what runs was never released",
     [](Inputs& w) { w.guard.current->verdict = api::RevisionVerdict::PresumedGood; }, false},
    {"it is good already: it goes back all the same",
     [](Inputs& w) {
       w.guard.state = api::State::Idle;
       w.guard.current->verdict = w.guard.revisions[0].verdict = api::RevisionVerdict::Good;
     },
     true},
};

}  // namespace

TEST_CASE("Golden: who goes back with whom, and in which order") {
  for (const CallRow& row : calls) {
    CAPTURE(row.name);
    Inputs inputs = breached_world();
    inputs.policy.group = "shop";
    row.given(inputs);
    const auto call = call_group(inputs, inputs.guard);
    CHECK((call ? call->members : Names{}) == row.members);
    if (call) CHECK(call->name == "shop");
  }
}

TEST_CASE(
    "Golden: a member follows a call that has begun, once, and only of the release that was "
    "meant") {
  for (const FollowRow& row : follow) {
    CAPTURE(row.name);
    Inputs inputs = called_world();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, moment);
    const auto* start = std::get_if<StartRollback>(&plan.action);
    REQUIRE((start != nullptr) == row.follows);
    if (!start) continue;
    CHECK(start->record.spec.caused_by == "api-2-9f");
    CHECK(start->record.spec.reason == api::Reason::GroupRolledBack);
    CHECK(start->record.spec.check.empty());
    CHECK(start->record.spec.to.hash == TemplateHash("v1"));
    CHECK_FALSE(start->carry_out);
    CHECK(plan.guard.state == api::State::RollingBack);
    CHECK(plan.guard.rollback == "web-2-1b4e");
  }
}

TEST_CASE("Golden: a member that is called is held back by whatever forbids to touch it") {
  struct Row {
    void (*given)(Inputs&);
    const char* reason;
  };
  const std::vector<Row> table = {
      {[](Inputs& w) { w.policy.spec.suspend = true; }, "Suspended"},
      {[](Inputs& w) { w.deployment.paused = true; }, "DeploymentPaused"},
      {[](Inputs& w) { w.policy.pause_until = moment + 1h; }, "PausedUntil"},
      {[](Inputs& w) { w.guard.current->no_rollback_past = true; }, "NoRollbackPast"},
      {[](Inputs& w) { w.guard.revisions.resize(1); }, "NoLastGood"},
      {[](Inputs& w) { w.policy.spec.mode = api::Mode::Observe; }, "Observing"},
      {[](Inputs& w) {
         w.preflight->ready = api::ConditionStatus::False;
         w.preflight->reason = api::Reason::AdmissionDenied;
       },
       "AdmissionDenied"},
  };
  for (const Row& row : table) {
    CAPTURE(row.reason);
    Inputs inputs = called_world();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, moment);
    CHECK(plan.action.index() == 0);
    CHECK(plan.guard.state == api::State::Held);
    CHECK(plan.guard.reason == row.reason);
  }
  Inputs unchecked = called_world();
  unchecked.preflight.reset();
  CHECK(guard::decide(unchecked, moment).action.index() == 0);
}

TEST_CASE(
    "Golden: a member whose policy asks for approval is not put back by the call of one whose does "
    "not") {
  Inputs inputs = called_world();
  inputs.policy.spec.mode = api::Mode::Approve;
  Plan plan = guard::decide(inputs, moment);
  inputs.rollback = std::get<StartRollback>(plan.action).record;
  CHECK(inputs.rollback->spec.mode == api::Mode::Approve);
  inputs.guard = plan.guard;
  inputs.group[0].rollback->status.phase = RollbackPhase::Verifying;
  plan = guard::decide(inputs, moment);
  CHECK(plan.guard.reason == api::Reason::AwaitingApproval);
  CHECK(plan.action.index() == 0);
  inputs.policy.approve = "web-2-1b4e";
  CHECK(std::holds_alternative<ResumeRollback>(guard::decide(inputs, moment).action));
}

TEST_CASE("Golden: a member whose group a person has approved of needs no approval of its own") {
  Inputs inputs = called_world();
  inputs.policy.spec.mode = api::Mode::Approve;
  inputs.group[0].rollback->spec.mode = api::Mode::Approve;
  inputs.group[0].rollback->spec.approved = true;
  CHECK(std::get<StartRollback>(guard::decide(inputs, moment).action).record.spec.mode ==
        api::Mode::Enforce);
}

TEST_CASE("Golden: a call that comes to nothing before anything is touched calls its members off") {
  Inputs inputs = called_world();
  const Plan begun = guard::decide(inputs, moment);
  inputs.rollback = std::get<StartRollback>(begun.action).record;
  inputs.guard = begun.guard;
  inputs.group[0].rollback->status.phase = RollbackPhase::Superseded;
  const Plan off = guard::decide(inputs, moment);
  CHECK(off.action.index() == 0);
  REQUIRE(off.rollback.has_value());
  CHECK(off.rollback->phase == RollbackPhase::Superseded);
  CHECK(off.guard.state == api::State::Evaluating);
  CHECK(off.requeue_at == moment);
  inputs.group[0].rollback->status.template_restored = moment;
  CHECK(std::holds_alternative<ResumeRollback>(guard::decide(inputs, moment).action));
}

TEST_CASE("A breach calls the group, and who is not the first only records it") {
  Inputs inputs = breached_world();
  inputs.policy.group = "shop";
  inputs.group = {member("api")};
  const Plan second = guard::decide(inputs, moment);
  CHECK(std::get<StartRollback>(second.action).record.spec.group->members == Names{"api", "web"});
  CHECK_FALSE(std::get<StartRollback>(second.action).carry_out);
  inputs.group[0].order = 1;
  const Plan first = guard::decide(inputs, moment);
  CHECK(std::get<StartRollback>(first.action).record.spec.group->members == Names{"web", "api"});
  CHECK(std::get<StartRollback>(first.action).carry_out);
}

TEST_CASE("Golden: why a member could not go back") {
  struct Row {
    void (*given)(Inputs&);
    const char* cannot;
  };
  const std::vector<Row> table = {
      {[](Inputs&) {}, ""},
      {[](Inputs& w) { w.policy.spec.suspend = true; },
       "RollbackPolicy/web is suspended; set spec.suspend to false to let it action"},
      {[](Inputs& w) { w.policy.spec.mode = api::Mode::Observe; },
       "RollbackPolicy/web has mode Observe"},
      {[](Inputs& w) {
         w.policy = broken_policy();
         w.policy.group = "shop";
       },
       "There is none"},
      {[](Inputs& w) {
         w.policy = {};
         w.policy.group = "shop";
       },
       "no policy governs it"},
      {[](Inputs& w) {
         w.guard.state = api::State::Frozen;
         w.guard.reason = api::Reason::Contested;
         w.guard.freeze = api::Freeze{.reason = api::Reason::Contested, .since = noon};
       },
       "it is frozen (Contested)"},
      {[](Inputs& w) { w.guard.revisions.resize(1); },
       "no other revision of this Deployment is kept as proven good"},
      {[](Inputs& w) {
         w.preflight->ready = api::ConditionStatus::False;
         w.preflight->message = "Secret db does not exist";
       },
       "Secret db does not exist"},
      {[](Inputs& w) {
         w.preflight->ready = api::ConditionStatus::Unknown;
         w.preflight->message = "no answer";
       },
       "no answer"},
      {[](Inputs& w) { w.preflight.reset(); },
       "whether its rollback would work is being found out"},
      {[](Inputs& w) { w.preflight->generation -= 1; },
       "whether its rollback would work is being found out"},
      {[](Inputs& w) { w.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}}; },
       "It was rolled back 1m ago; the next rollback is due at 2026-11-24T12:04:30Z (cooldown 5m)"},
      {[](Inputs& w) {
         w.policy.spec.cooldown = 0s;
         w.policy.spec.limit = {.count = 1, .within = 1h};
         w.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}};
       },
       "It was rolled back 1 times within 1h (limit 1), so another time would not help"},
      {[](Inputs& w) { w.deployment.paused = true; },
       "The Deployment is paused; it is left alone until it is resumed (kubectl rollout resume)"},
      {[](Inputs& w) { w.policy.pause_until = moment + 1min; },
       "lastgood.dev/pause-until says to leave it alone until 2026-11-24T12:01:30Z; take it away "
       "to end that"},
      {[](Inputs& w) { w.guard.current->no_rollback_past = true; },
       "revision 2 is marked lastgood.dev/no-rollback-past, so revision 1 cannot be gone back to"},
      {[](Inputs& w) { w.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
       "A person deleted Rollback web-2-1b4e of this release while it waited, so the release "
       "stays. Ship a new one, or make a "
       "Rollback by hand"},
      {[](Inputs& w) { w.rollback = finished_rollback(w); },
       "Rollback web-2-1b4e of this release ended as Failed; a release is rolled back once at "
       "most. Ship a new one, or make a "
       "Rollback by hand"},
  };
  for (const Row& row : table) {
    CAPTURE(row.cannot);
    Inputs inputs = called_world();
    inputs.group.clear();
    row.given(inputs);
    CHECK(guard::decide(inputs, moment).cannot == row.cannot);
  }
}
