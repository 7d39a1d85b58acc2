// Every rule that holds a rollback back: when it does, what it says, when it ends, and which comes first.
#include "decide/hold.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "decide/record.hpp"
#include "life.hpp"

using namespace lastgood;
using namespace lastgood::decide;
using namespace lastgood::decide::test;

namespace {

// v2 is breached just now, v1 is good and kept: nothing holds.
World breached_world() {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).watch(20s, {fails("health")});
  life.executor = false;
  life.watch(10s, {fails("health")});
  World world = life.world();
  world.guard = life.guard;
  return world;
}

constexpr Time now = noon + 30s;

api::Rollback finished_rollback(const World& world, api::RollbackPhase phase = api::RollbackPhase::Failed) {
  api::Rollback out;
  out.meta.key.name = rollback_name(world.deployment);
  out.spec.deployment_uid = world.deployment.meta.uid;
  out.spec.from.hash = TemplateHash("v2");
  out.spec.detected = now;
  out.status.phase = phase;
  return out;
}

struct Row {
  const char* name;
  void (*given)(World&);
  const char* rule;  // that holds; empty: none does
  const char* message;
  std::optional<Time> until = {};
};

const std::vector<Row> table = {
    {"nothing speaks against it", [](World&) {}, "", ""},
    {"it is being deleted", [](World& w) { w.deployment.meta.deleting = true; }, "Deleting", "The Deployment is being deleted"},
    {"the policy is suspended", [](World& w) { w.guarding.spec.suspend = true; }, "Suspended",
     "RollbackPolicy/web is suspended; set spec.suspend to false to let it act"},
    {"it is paused", [](World& w) { w.deployment.paused = true; }, "DeploymentPaused",
     "The Deployment is paused; it is left alone until it is resumed (kubectl rollout resume)"},
    {"it is scaled to zero", [](World& w) { w.deployment.replicas = 0; }, "ScaledToZero",
     "The Deployment is scaled to zero: there is nothing to judge"},
    {"it is to be left alone until later", [](World& w) { w.guarding.pause_until = now + 1ms; }, "PausedUntil",
     "lastgood.dev/pause-until says to leave it alone until 2026-11-24T12:00:30Z", now + 1ms},
    {"until now", [](World& w) { w.guarding.pause_until = now; }, "", ""},
    {"this release was rolled back already", [](World& w) { w.rollback = finished_rollback(w); }, "AlreadyRolledBack",
     "Rollback web-2-1b4e of this release ended as Failed; a release is rolled back once at most"},
    {"it was, and has been scaled since",
     [](World& w) {
       w.rollback = finished_rollback(w);
       w.deployment.meta.generation += 1;
     },
     "AlreadyRolledBack", "Rollback web-2-1b4e of this release ended as Failed; a release is rolled back once at most"},
    {"the same template was rolled back, but before it was shipped again",
     [](World& w) {
       w.rollback = finished_rollback(w);
       w.rollback->spec.detected = *w.guard.watch_started - 1ms;
       w.deployment.meta.generation += 1;
     },
     "", ""},
    {"another release was rolled back",
     [](World& w) {
       w.rollback = finished_rollback(w);
       w.rollback->meta.key.name = "web-1-1b4e";
       w.rollback->spec.from.hash = TemplateHash("v0");
     },
     "", ""},
    {"another Deployment was",
     [](World& w) {
       w.rollback = finished_rollback(w);
       w.rollback->spec.deployment_uid = Uid("1b4e-another");
     },
     "", ""},
    {"its rollback is under way", [](World& w) { w.rollback = finished_rollback(w, api::RollbackPhase::Restored); }, "", ""},
    {"there is nothing to go back to", [](World& w) { w.guard.revisions.resize(1); }, "NoLastGood",
     "There is nothing to go back to: no earlier revision of this Deployment was ever proven good"},
    {"it has not failed lately", [](World& w) { w.guard.checks[1].last_failure = now - 1h; }, "Unconfirmed",
     "Check health was breached, but has not failed lately (WrongStatus); it is acted upon when it fails again"},
    {"nothing is known of it now", [](World& w) { w.guard.checks[1].result = api::SampleResult::Unknown; }, "Unconfirmed",
     "Check health was breached, but has not failed lately (WrongStatus); it is acted upon when it fails again"},
};

bool is_among(std::span<const HoldRule> rules, std::string_view name) {
  return std::ranges::find(rules, name, &HoldRule::name) != rules.end();
}

}  // namespace

TEST_CASE("Each reason to leave a breached release alone holds by its name, and no other does") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    World world = breached_world();
    row.given(world);
    for (const auto& rules : {touch_rules(), begin_rules()}) {
      for (const HoldRule& rule : rules) {
        CAPTURE(rule.name);
        const auto hold = rule.holds(world, world.guard, now);
        REQUIRE(hold.has_value() == (rule.name == row.rule));
        if (!hold) continue;
        CHECK(hold->reason == row.rule);
        CHECK(hold->message == row.message);
        CHECK(hold->until == row.until);
      }
    }
  }
}

TEST_CASE("Each rule that holds shows in the state, and nothing is done") {
  for (const Row& row : table) {
    const std::string rule = row.rule;
    if (rule.empty() || rule == "Deleting") continue;
    CAPTURE(row.name);
    World world = breached_world();
    row.given(world);
    world.guard.state = api::State::Held;
    const Decision decision = decide::decide(world, now);
    CHECK(decision.guard.state == api::State::Held);
    CHECK(decision.guard.reason == rule);
    CHECK(decision.guard.message == row.message);
    CHECK(decision.act.index() == 0);
    CHECK(decision.facts.back().reason == "RollbackHeld");
    CHECK(decision.facts.back().warning);
    if (row.until) CHECK(decision.wake == row.until);
  }
}

TEST_CASE("What cannot be judged may not be touched either") {
  for (const HoldRule& rule : judge_rules()) CHECK(is_among(touch_rules(), rule.name));
  CHECK(touch_rules().size() == 5);
  CHECK_FALSE(is_among(judge_rules(), "PausedUntil"));
}

TEST_CASE("The first rule that holds gives the reason") {
  World world = breached_world();
  world.deployment.paused = true;
  world.guarding.spec.suspend = true;
  CHECK(first_hold(touch_rules(), world, world.guard, now)->reason == "Suspended");
  CHECK_FALSE(first_hold(begin_rules(), world, world.guard, now).has_value());
}
