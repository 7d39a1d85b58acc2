// A template that was rolled back and comes again: by whom, how often, and what ends a freeze.
#include <catch2/catch.hpp>

#include "harness.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v1 good, v2 rolled back, v1 verified; the machine may put v2 back at once.
DeploymentHarness rolled_back() {
  DeploymentHarness harness;
  harness.policy.spec.cooldown = 0s;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .pass_time(1h)
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice();
  return harness.pass_time(1s).look().roll_out().look().watch_well(6min);
}

// It comes back, and fails as before.
DeploymentHarness& comes_back(DeploymentHarness& harness) {
  harness.ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  return harness.pass_time(1s).look().roll_out().look().watch_well(6min);
}

DeploymentHarness& by(DeploymentHarness& harness, std::optional<api::Author> author) {
  harness.author = std::move(author);
  return harness;
}

// Frozen, since a machine has put v2 back once too often.
DeploymentHarness contested() {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  by(harness, machine).ship("v2").look();
  return harness.roll_out().look();
}

}  // namespace

TEST_CASE(
    "Golden: a machine that puts a rolled back template back is counted, and at the limit it is "
    "frozen") {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 2, .within = 1h};
  by(harness, machine);
  harness.guard.rollbacks.clear();
  comes_back(harness);
  REQUIRE(harness.guard.contests.size() == 1);
  CHECK(harness.guard.contests[0].by == "Argo CD (argocd-controller)");
  CHECK(harness.template_changes == 2);
  harness.pass_time(10s).ship("v2").look();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.guard.freeze->since == harness.now);
  CHECK_THAT(harness.guard.freeze->message,
             mentions({"Argo CD (argocd-controller)", "2 times", "1h", "limit 2"}));
  CHECK(harness.emitted(Reason::Contested) == 1);
  CHECK(harness.verdict("v2") == RevisionVerdict::RolledBack);
  harness.roll_out().look().watch(1h, {fails("health")});
  CHECK(harness.template_changes == 2);
}

TEST_CASE("Golden: what is longer ago than the window is no contest any more") {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 2, .within = 20min};
  by(harness, machine);
  comes_back(harness);
  harness.pass_time(20min);
  harness.ship("v2").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.guard.contests.size() == 2);
}

TEST_CASE("Golden: a person who brings it back is no contest, and it is judged afresh") {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  by(harness, person).ship("v2").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.guard.contests.empty());
  CHECK(harness.events.back().reason == Reason::ReleaseSeen);
}

TEST_CASE("Golden: whoever cannot be named is not known to be a person") {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  by(harness, std::nullopt).ship("v2").look();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK_THAT(harness.guard.freeze->message, mentions({"unknown"}));
}

TEST_CASE("Golden: a machine that ships a new template is no contest") {
  DeploymentHarness harness = rolled_back();
  by(harness, machine).ship("v3").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  CHECK(harness.guard.contests.empty());
}

TEST_CASE("Golden: the same template by the same machine again does not end a contest") {
  DeploymentHarness harness = contested();
  harness.ship("v1").look();
  CHECK(harness.state() == evaluating(Reason::RollingOut));
  harness.ship("v2").look();
  CHECK(harness.state() == frozen(Reason::Contested));
}

TEST_CASE(
    "Golden: a machine that puts the quarantined template back ends no freeze, below the limit "
    "too") {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.ship("v3").look().roll_out().look({pass("rollout")}).fail_thrice();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  harness.policy.spec.limit.count = 5;
  by(harness, machine).ship("v2").look();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.guard.message == harness.guard.freeze->message);
  CHECK(harness.guard.message.contains("Argo CD"));
}

TEST_CASE("Golden: what ends a freeze and what does not") {
  struct Row {
    const char* name;
    void (*given)(DeploymentHarness&);
    bool ends;
  };
  const std::vector<Row> table = {
      {"nothing happens", [](DeploymentHarness&) {}, false},
      {"a day passes", [](DeploymentHarness& l) { l.pass_time(24h); }, false},
      {"a resume of later than the freeze",
       [](DeploymentHarness& l) { l.policy.resume = *l.guard.freeze->since + 1ms; }, true},
      {"a resume of its very second",
       [](DeploymentHarness& l) {
         l.policy.resume = std::chrono::floor<std::chrono::seconds>(*l.guard.freeze->since);
       },
       true},
      {"a resume of a moment before that",
       [](DeploymentHarness& l) {
         l.policy.resume = std::chrono::floor<std::chrono::seconds>(*l.guard.freeze->since) - 1ms;
       },
       false},
      {"a resume of before",
       [](DeploymentHarness& l) { l.policy.resume = *l.guard.freeze->since - 1h; }, false},
      {"a resume in the future", [](DeploymentHarness& l) { l.policy.resume = l.now + 1ms; },
       false},
      {"a resume in the future, when it has come",
       [](DeploymentHarness& l) {
         l.policy.resume = l.now + 1min;
         l.pass_time(1min);
       },
       true},
      {"a person takes the freeze away", [](DeploymentHarness& l) { l.guard.freeze.reset(); },
       true},
      {"a person ships a new template", [](DeploymentHarness& l) { l.ship("v3"); }, true},
      {"it is scaled", [](DeploymentHarness& l) { l.scale(5).roll_out(); }, false},
      {"the controller is restarted", [](DeploymentHarness& l) { l.restart(); }, false},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    DeploymentHarness harness = contested();
    REQUIRE(harness.state() == frozen(Reason::Contested));
    harness.pass_time(10s);
    row.given(harness);
    harness.look();
    CHECK((harness.guard.state == api::State::Evaluating) == row.ends);
    CHECK((harness.guard.state == api::State::Frozen) == !row.ends);
    CHECK(harness.guard.freeze.has_value() == !row.ends);
  }
}

TEST_CASE("A resume that lies in the future is looked at again when it comes") {
  DeploymentHarness harness = contested();
  harness.policy.resume = harness.now + 1min;
  harness.look();
  CHECK(harness.state() == frozen(Reason::Contested));
  CHECK(harness.requeue_at() == Duration{1min});
}

//  Frozen ─▶ resumed ─▶ judged afresh ─▶ fails ─▶ put back, and counted from nothing
TEST_CASE("A release that a person resumes is judged afresh, and the counts begin anew") {
  DeploymentHarness harness = contested();
  harness.pass_time(10s).policy.resume = harness.now;
  harness.look();
  CHECK(harness.state() == evaluating(Reason::Resumed));
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.guard.contests.empty());
  CHECK(harness.guard.rollbacks.empty());
  CHECK(harness.emitted(Reason::Resumed) == 1);
  harness.look().roll_out().look({pass("rollout")}).watch_well(11min);
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Good});
}

//  ✗✗✗ ─▶ v1 ─▶ v3 ✗✗✗ ─▶ Frozen LimitReached ─▶ resumed ─▶ ✗✗✗ ─▶ v1
TEST_CASE("At the limit a person is needed, and resumed it may be put back again") {
  DeploymentHarness harness = rolled_back();
  harness.policy.spec.limit = {.count = 1, .within = 24h};
  harness.ship("v3").look().roll_out().look({pass("rollout")}).fail_thrice();
  CHECK(harness.state() == frozen(Reason::LimitReached));
  CHECK(harness.template_changes == 1);
  harness.pass_time(10s).policy.resume = harness.now;
  harness.look().look({pass("rollout")}).fail_thrice();
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.template_changes == 2);
}

TEST_CASE("A rollback that a person asked for counts for no limit, one of ours does") {
  DeploymentHarness harness = rolled_back();
  REQUIRE(harness.guard.rollbacks.size() == 1);
  CHECK(harness.guard.rollbacks[0].name == "web-2-1b4e");
  harness.ship("v3").look().roll_out().look({pass("rollout")}).ask().look().look().look();
  CHECK(harness.on_deployment() == "v1");
  CHECK(harness.verdict("v3") == RevisionVerdict::RolledBack);
  CHECK(harness.guard.rollbacks.size() == 1);
}

TEST_CASE(
    "A time to resume from before the freeze ends nothing, and that is said; within the same "
    "second it counts") {
  DeploymentHarness harness;
  harness.policy.spec.limit = {.count = 1, .within = 1h};
  harness.policy.spec.cooldown = 0s;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .fail_thrice()
      .roll_out();
  harness.watch_well(6min)
      .ship("v3")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .pass_time(300ms)
      .fail_thrice();
  REQUIRE(harness.state() == frozen(Reason::LimitReached));
  const Time frozen = *harness.guard.freeze->since;
  const std::string words = harness.guard.message;
  harness.policy.resume = frozen - 2min;
  harness.look().look();
  CHECK_THAT(harness.guard.message, mentions({"lastgood.dev/resume", format_rfc3339(frozen - 2min),
                                              format_rfc3339(frozen), words}));
  CHECK(harness.persisted.back().message == harness.guard.message);
  harness.policy.resume.reset();
  harness.look();
  CHECK(harness.guard.message == words);
  harness.policy.resume = std::chrono::floor<std::chrono::seconds>(frozen);
  harness.pass_time(1s).look();
  CHECK(harness.guard.state == api::State::Evaluating);
}
