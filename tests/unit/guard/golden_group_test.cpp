// A group that goes back: who is called, in which order, who follows a call, and when a member is
// asked whether it can.
#include <catch2/catch.hpp>

#include "golden.hpp"
#include "guard/group/group.hpp"
#include "support/mentions.hpp"

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
       w.group[0].blocked_because = "it is frozen (Contested)";
     },
     {"api", "web"}},
};

// "web" is judged since noon, and "api" has called it a moment ago.
Inputs called_world() {
  Inputs inputs = breached_world();
  inputs.policy.group = "shop";
  for (api::Revision* one : {&*inputs.guard.current, &inputs.guard.revisions.front()})
    one->verdict = api::RevisionVerdict::Evaluating;
  inputs.guard.checks[1] = {.name = "health", .reason = Reason::Pending, .failure_threshold = 3};
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
       w.group[0].guard.reason = Reason::AwaitingApproval;
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
       w.group[0].guard.reason = Reason::GroupOrder;
     },
     true},
    {"it is recorded, but held back: nobody is called yet",
     [](Inputs& w) {
       w.group[0].guard.state = api::State::Held;
       w.group[0].guard.reason = Reason::SharedCause;
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
    const auto call = plan_group_rollback(inputs, inputs.guard);
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
    CHECK(start->record.spec.reason == Reason::GroupRolledBack);
    CHECK(start->record.spec.check.empty());
    CHECK(start->record.spec.to.hash == TemplateHash("v1"));
    CHECK_FALSE(start->execute);
    CHECK(plan.guard.state == api::State::RollingBack);
    CHECK(plan.guard.rollback == "web-2-1b4e");
  }
}

TEST_CASE("Golden: a member that is called is held back by whatever forbids to touch it") {
  struct Row {
    void (*given)(Inputs&);
    Reason reason;
  };
  const std::vector<Row> table = {
      {[](Inputs& w) { w.policy.spec.suspend = true; }, Reason::Suspended},
      {[](Inputs& w) { w.deployment.paused = true; }, Reason::DeploymentPaused},
      {[](Inputs& w) { w.policy.pause_until = moment + 1h; }, Reason::PausedUntil},
      {[](Inputs& w) { w.guard.current->no_rollback_past = true; }, Reason::NoRollbackPast},
      {[](Inputs& w) { w.guard.revisions.resize(1); }, Reason::NoLastGood},
      {[](Inputs& w) { w.policy.spec.mode = api::Mode::Observe; }, Reason::Observing},
      {[](Inputs& w) {
         w.preflight->ready = api::ConditionStatus::False;
         w.preflight->reason = Reason::AdmissionDenied;
       },
       Reason::AdmissionDenied},
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
  CHECK(plan.guard.reason == Reason::AwaitingApproval);
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
  CHECK_FALSE(std::get<StartRollback>(second.action).execute);
  inputs.group[0].order = 1;
  const Plan first = guard::decide(inputs, moment);
  CHECK(std::get<StartRollback>(first.action).record.spec.group->members == Names{"web", "api"});
  CHECK(std::get<StartRollback>(first.action).execute);
}

TEST_CASE("Golden: why a member could not go back") {
  struct Row {
    const char* name;
    void (*given)(Inputs&);
    std::vector<std::string> mentions = {};  // empty: it can be rolled back
  };
  const std::vector<Row> table = {
      {"nothing blocks it", [](Inputs&) {}},
      {"the policy is suspended",
       [](Inputs& w) { w.policy.spec.suspend = true; },
       {"RollbackPolicy/web", "spec.suspend"}},
      {"the mode is Observe",
       [](Inputs& w) { w.policy.spec.mode = api::Mode::Observe; },
       {"RollbackPolicy/web", "Observe"}},
      {"the policy is broken",
       [](Inputs& w) {
         w.policy = broken_policy();
         w.policy.group = "shop";
       },
       {"There is none"}},
      {"no policy applies",
       [](Inputs& w) {
         w.policy = {};
         w.policy.group = "shop";
       },
       {"policy"}},
      {"it is frozen",
       [](Inputs& w) {
         w.guard.state = api::State::Frozen;
         w.guard.reason = Reason::Contested;
         w.guard.freeze = api::Freeze{.reason = Reason::Contested, .since = noon};
       },
       {"frozen", "Contested"}},
      {"no good revision is known", [](Inputs& w) { w.guard.revisions.resize(1); }, {"good"}},
      {"its preflight fails",
       [](Inputs& w) {
         w.preflight->ready = api::ConditionStatus::False;
         w.preflight->message = "Secret db does not exist";
       },
       {"Secret db does not exist"}},
      {"its preflight has no result",
       [](Inputs& w) {
         w.preflight->ready = api::ConditionStatus::Unknown;
         w.preflight->message = "no answer";
       },
       {"no answer"}},
      {"no preflight has run", [](Inputs& w) { w.preflight.reset(); }, {"rollback"}},
      {"its preflight is of an earlier generation",
       [](Inputs& w) { w.preflight->generation -= 1; },
       {"rollback"}},
      {"its cooldown is not over",
       [](Inputs& w) { w.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}}; },
       {"1m ago", "2026-11-24T12:04:30Z", "cooldown 5m"}},
      {"its limit is reached",
       [](Inputs& w) {
         w.policy.spec.cooldown = 0s;
         w.policy.spec.limit = {.count = 1, .within = 1h};
         w.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}};
       },
       {"1 time", "1h", "limit 1"}},
      {"the Deployment is paused",
       [](Inputs& w) { w.deployment.paused = true; },
       {"kubectl rollout resume"}},
      {"the annotation pause-until is in effect",
       [](Inputs& w) { w.policy.pause_until = moment + 1min; },
       {"lastgood.dev/pause-until", "2026-11-24T12:01:30Z"}},
      {"a no-rollback-past mark is between",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; },
       {"revision 2", "lastgood.dev/no-rollback-past", "revision 1"}},
      {"a user declined its rollback",
       [](Inputs& w) { w.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
       {"web-2-1b4e"}},
      {"it was rolled back already",
       [](Inputs& w) { w.rollback = finished_rollback(w); },
       {"web-2-1b4e", "Failed"}},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    Inputs inputs = called_world();
    inputs.group.clear();
    row.given(inputs);
    const std::string why = guard::decide(inputs, moment).blocked_because;
    CHECK(why.empty() == row.mentions.empty());
    CHECK_THAT(why, mentions(row.mentions));
  }
}
