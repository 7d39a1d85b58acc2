// A group that goes back: who is called, in which order, who follows a call, and when a member is asked whether it can.
#include <catch2/catch.hpp>

#include "guard/group/group.hpp"
#include "golden.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using Names = std::vector<std::string>;

namespace {

struct CallRow {
  const char* name;
  void (*given)(World&);
  Names members;  // empty: it goes back alone
};

const std::vector<CallRow> calls = {
    {"in no group", [](World& w) { w.group.clear(); }, {}},
    {"one other, released in the same window", [](World& w) { w.group = {member("api")}; }, {"api", "web"}},
    {"by their order, the lowest first",
     [](World& w) {
       w.guarding.group_order = 5;
       w.group = {member("db", 10), member("api", -1)};
     },
     {"api", "web", "db"}},
    {"of the same order by name", [](World& w) { w.group = {member("zoo"), member("api")}; }, {"api", "web", "zoo"}},
    {"one that was good before is left where it is",
     [](World& w) {
       w.group = {member("api"), member("db")};
       w.group[1].guard.current->verdict = api::RevisionVerdict::Good;
       w.group[1].guard.current->since = noon - 1s;
     },
     {"api", "web"}},
    {"one that cannot is called too: what holds is told by its name",
     [](World& w) {
       w.group = {member("api")};
       w.group[0].cannot = "it is frozen (Contested)";
     },
     {"api", "web"}},
};

// "web" is judged since noon, and "api" has called it a moment ago.
World called_world() {
  World world = breached_world();
  world.guarding.group = "shop";
  for (api::Revision* one : {&*world.guard.current, &world.guard.revisions.front()})
    one->verdict = api::RevisionVerdict::Watching;
  world.guard.checks[1] = {.name = "health", .reason = "NotAskedYet", .failure_threshold = 3};
  world.group = {leader("api", {"api", "web"})};
  return world;
}

struct FollowRow {
  const char* name;
  void (*given)(World&);
  bool follows;
};

const std::vector<FollowRow> follow = {
    {"a member has begun", [](World& w) { w.group[0].rollback->status.phase = RollbackPhase::TemplateRestored; }, true},
    {"it is recorded, and about to begin", [](World&) {}, true},
    {"it is over, and has helped", [](World& w) { w.group[0].rollback->status.phase = RollbackPhase::Succeeded; }, true},
    {"it failed after it was put back",
     [](World& w) {
       w.group[0].rollback->status.phase = RollbackPhase::Failed;
       w.group[0].rollback->status.template_restored = moment;
     },
     true},
    {"it failed before anything was touched", [](World& w) { w.group[0].rollback->status.phase = RollbackPhase::Failed; }, false},
    {"it was superseded", [](World& w) { w.group[0].rollback->status.phase = RollbackPhase::Superseded; }, false},
    {"it waits for approval",
     [](World& w) {
       w.group[0].rollback->spec.mode = api::Mode::Approve;
       w.group[0].guard.state = api::State::Held;
       w.group[0].guard.reason = "AwaitingApproval";
     },
     false},
    {"it is approved",
     [](World& w) {
       w.group[0].rollback->spec.mode = api::Mode::Approve;
       w.group[0].rollback->spec.approved = true;
     },
     true},
    {"it is approved, and waits for its turn",
     [](World& w) {
       w.group[0].rollback->spec.mode = api::Mode::Approve;
       w.group[0].guard.reason = "GroupOrder";
     },
     true},
    {"it is recorded, but held back: nobody is called yet",
     [](World& w) {
       w.group[0].guard.state = api::State::Held;
       w.group[0].guard.reason = "SharedCause";
     },
     false},
    {"what runs here was put back already, by another rollback",
     [](World& w) {
       w.rollback = finished_rollback(w, RollbackPhase::Succeeded);
       w.rollback->meta.key.name = "web-1-1b4e";
       w.rollback->spec.from.hash = TemplateHash("v0");
       w.rollback->spec.to.hash = TemplateHash("v2");
       w.rollback->status.template_restored = noon;
     },
     false},
    {"its Rollback is not the one it speaks of", [](World& w) { w.group[0].guard.rollback = "api-1-9f"; }, false},
    {"it calls others", [](World& w) { w.group[0].rollback->spec.group->members = {"api", "db"}; }, false},
    {"it goes back alone", [](World& w) { w.group[0].rollback->spec.group.reset(); }, false},
    {"what was released after the call is a newer choice", [](World& w) { w.guard.watch_started = moment; }, false},
    {"it was followed already",
     [](World& w) {
       w.rollback = finished_rollback(w, RollbackPhase::Succeeded);
       w.rollback->spec.caused_by = "api-2-9f";
     },
     false},
    {"it was followed, and that came to nothing",
     [](World& w) {
       w.rollback = finished_rollback(w, RollbackPhase::Superseded);
       w.rollback->spec.caused_by = "api-2-9f";
     },
     false},
    {"a person has said no to it", [](World& w) { w.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
     false},
    {"it was rolled back already, which failed", [](World& w) { w.rollback = finished_rollback(w); }, false},
    {"what runs was never released", [](World& w) { w.guard.current->verdict = api::RevisionVerdict::PresumedGood; }, false},
    {"it is good already: it goes back all the same",
     [](World& w) {
       w.guard.state = api::State::Idle;
       w.guard.current->verdict = w.guard.revisions[0].verdict = api::RevisionVerdict::Good;
     },
     true},
};

}  // namespace

TEST_CASE("Golden: who goes back with whom, and in which order") {
  for (const CallRow& row : calls) {
    CAPTURE(row.name);
    World world = breached_world();
    world.guarding.group = "shop";
    row.given(world);
    const auto call = call_group(world, world.guard);
    CHECK((call ? call->members : Names{}) == row.members);
    if (call) CHECK(call->name == "shop");
  }
}

TEST_CASE("Golden: a member follows a call that has begun, once, and only of the release that was meant") {
  for (const FollowRow& row : follow) {
    CAPTURE(row.name);
    World world = called_world();
    row.given(world);
    const Decision decision = guard::decide(world, moment);
    const auto* start = std::get_if<StartRollback>(&decision.act);
    REQUIRE((start != nullptr) == row.follows);
    if (!start) continue;
    CHECK(start->record.spec.caused_by == "api-2-9f");
    CHECK(start->record.spec.reason == "GroupRolledBack");
    CHECK(start->record.spec.check.empty());
    CHECK(start->record.spec.to.hash == TemplateHash("v1"));
    CHECK_FALSE(start->carry_out);
    CHECK(decision.guard.state == api::State::RollingBack);
    CHECK(decision.guard.rollback == "web-2-1b4e");
  }
}

TEST_CASE("Golden: a member that is called is held back by whatever forbids to touch it") {
  struct Row {
    void (*given)(World&);
    const char* reason;
  };
  const std::vector<Row> table = {
      {[](World& w) { w.guarding.spec.suspend = true; }, "Suspended"},
      {[](World& w) { w.deployment.paused = true; }, "DeploymentPaused"},
      {[](World& w) { w.guarding.pause_until = moment + 1h; }, "PausedUntil"},
      {[](World& w) { w.guard.current->no_rollback_past = true; }, "NoRollbackPast"},
      {[](World& w) { w.guard.revisions.resize(1); }, "NoLastGood"},
      {[](World& w) { w.guarding.spec.mode = api::Mode::Observe; }, "Observing"},
      {[](World& w) {
         w.preflight->ready = api::Truth::False;
         w.preflight->reason = "Refused";
       },
       "Refused"},
  };
  for (const Row& row : table) {
    CAPTURE(row.reason);
    World world = called_world();
    row.given(world);
    const Decision decision = guard::decide(world, moment);
    CHECK(decision.act.index() == 0);
    CHECK(decision.guard.state == api::State::Held);
    CHECK(decision.guard.reason == row.reason);
  }
  World unchecked = called_world();
  unchecked.preflight.reset();
  CHECK(guard::decide(unchecked, moment).act.index() == 0);
}

TEST_CASE("Golden: a member whose policy asks for approval is not put back by the call of one whose does not") {
  World world = called_world();
  world.guarding.spec.mode = api::Mode::Approve;
  Decision decision = guard::decide(world, moment);
  world.rollback = std::get<StartRollback>(decision.act).record;
  CHECK(world.rollback->spec.mode == api::Mode::Approve);
  world.guard = decision.guard;
  world.group[0].rollback->status.phase = RollbackPhase::Verifying;
  decision = guard::decide(world, moment);
  CHECK(decision.guard.reason == "AwaitingApproval");
  CHECK(decision.act.index() == 0);
  world.guarding.approve = "web-2-1b4e";
  CHECK(std::holds_alternative<CarryOutRollback>(guard::decide(world, moment).act));
}

TEST_CASE("Golden: a member whose group a person has approved of needs no approval of its own") {
  World world = called_world();
  world.guarding.spec.mode = api::Mode::Approve;
  world.group[0].rollback->spec.mode = api::Mode::Approve;
  world.group[0].rollback->spec.approved = true;
  CHECK(std::get<StartRollback>(guard::decide(world, moment).act).record.spec.mode == api::Mode::Enforce);
}

TEST_CASE("Golden: a call that comes to nothing before anything is touched calls its members off") {
  World world = called_world();
  const Decision begun = guard::decide(world, moment);
  world.rollback = std::get<StartRollback>(begun.act).record;
  world.guard = begun.guard;
  world.group[0].rollback->status.phase = RollbackPhase::Superseded;
  const Decision off = guard::decide(world, moment);
  CHECK(off.act.index() == 0);
  REQUIRE(off.rollback.has_value());
  CHECK(off.rollback->phase == RollbackPhase::Superseded);
  CHECK(off.guard.state == api::State::Watching);
  CHECK(off.wake == moment);
  world.group[0].rollback->status.template_restored = moment;
  CHECK(std::holds_alternative<CarryOutRollback>(guard::decide(world, moment).act));
}

TEST_CASE("A breach calls the group, and who is not the first only records it") {
  World world = breached_world();
  world.guarding.group = "shop";
  world.group = {member("api")};
  const Decision second = guard::decide(world, moment);
  CHECK(std::get<StartRollback>(second.act).record.spec.group->members == Names{"api", "web"});
  CHECK_FALSE(std::get<StartRollback>(second.act).carry_out);
  world.group[0].order = 1;
  const Decision first = guard::decide(world, moment);
  CHECK(std::get<StartRollback>(first.act).record.spec.group->members == Names{"web", "api"});
  CHECK(std::get<StartRollback>(first.act).carry_out);
}

TEST_CASE("Golden: why a member could not go back") {
  struct Row {
    void (*given)(World&);
    const char* cannot;
  };
  const std::vector<Row> table = {
      {[](World&) {}, ""},
      {[](World& w) { w.guarding.spec.suspend = true; },
       "RollbackPolicy/web is suspended; set spec.suspend to false to let it act"},
      {[](World& w) { w.guarding.spec.mode = api::Mode::Observe; }, "RollbackPolicy/web has mode Observe"},
      {[](World& w) {
         w.guarding = broken_policy();
         w.guarding.group = "shop";
       },
       "There is none"},
      {[](World& w) {
         w.guarding = {};
         w.guarding.group = "shop";
       },
       "no policy governs it"},
      {[](World& w) {
         w.guard.state = api::State::Frozen;
         w.guard.reason = "Contested";
         w.guard.freeze = api::Freeze{.reason = "Contested", .since = noon};
       },
       "it is frozen (Contested)"},
      {[](World& w) { w.guard.revisions.resize(1); }, "no other revision of this Deployment is kept as proven good"},
      {[](World& w) {
         w.preflight->ready = api::Truth::False;
         w.preflight->message = "Secret db does not exist";
       },
       "Secret db does not exist"},
      {[](World& w) {
         w.preflight->ready = api::Truth::Unknown;
         w.preflight->message = "no answer";
       },
       "no answer"},
      {[](World& w) { w.preflight.reset(); }, "whether its rollback would work is being found out"},
      {[](World& w) { w.preflight->generation -= 1; }, "whether its rollback would work is being found out"},
      {[](World& w) { w.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}}; },
       "It was rolled back 1m ago; the next rollback is due at 2026-11-24T12:04:30Z (cooldown 5m)"},
      {[](World& w) {
         w.guarding.spec.cooldown = 0s;
         w.guarding.spec.limit = {.count = 1, .within = 1h};
         w.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}};
       },
       "It was rolled back 1 times within 1h (limit 1), so another time would not help"},
      {[](World& w) { w.deployment.paused = true; },
       "The Deployment is paused; it is left alone until it is resumed (kubectl rollout resume)"},
      {[](World& w) { w.guarding.pause_until = moment + 1min; },
       "lastgood.dev/pause-until says to leave it alone until 2026-11-24T12:01:30Z; take it away to end that"},
      {[](World& w) { w.guard.current->no_rollback_past = true; },
       "revision 2 is marked lastgood.dev/no-rollback-past, so revision 1 cannot be gone back to"},
      {[](World& w) { w.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
       "A person deleted Rollback web-2-1b4e of this release while it waited, so the release stays. Ship a new one, or make a "
       "Rollback by hand"},
      {[](World& w) { w.rollback = finished_rollback(w); },
       "Rollback web-2-1b4e of this release ended as Failed; a release is rolled back once at most. Ship a new one, or make a "
       "Rollback by hand"},
  };
  for (const Row& row : table) {
    CAPTURE(row.cannot);
    World world = called_world();
    world.group.clear();
    row.given(world);
    CHECK(guard::decide(world, moment).cannot == row.cannot);
  }
}
