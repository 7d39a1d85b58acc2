// A template that was rolled back and comes again: by whom, how often, and what ends a freeze.
#include <catch2/catch.hpp>

#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v1 good, v2 rolled back, v1 verified; the machine may put v2 back at once.
Life rolled_back() {
  Life life;
  life.guarding.spec.cooldown = 0s;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  return life.pass_time(1s).look().roll_out().look().watch_well(6min);
}

// It comes back, and fails as before.
Life& comes_back(Life& life) {
  life.ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  return life.pass_time(1s).look().roll_out().look().watch_well(6min);
}

Life& by(Life& life, std::optional<api::Author> author) {
  life.author = std::move(author);
  return life;
}

// Frozen, since a machine has put v2 back once too often.
Life contested() {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 1, .within = 1h};
  by(life, machine).ship("v2").look();
  return life.roll_out().look();
}

}  // namespace

TEST_CASE("Golden: a machine that puts a rolled back template back is counted, and at the limit it is frozen") {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 2, .within = 1h};
  by(life, machine);
  life.guard.rollbacks.clear();
  comes_back(life);
  REQUIRE(life.guard.contests.size() == 1);
  CHECK(life.guard.contests[0].by == "Argo CD (argocd-controller)");
  CHECK(life.template_changes == 2);
  life.pass_time(10s).ship("v2").look();
  CHECK(life.standing() == "Frozen Contested");
  CHECK(life.guard.freeze->since == life.now);
  CHECK(life.guard.freeze->message.find("Argo CD (argocd-controller) has put it back 2 times within 1h (limit 2)") !=
        std::string::npos);
  CHECK(life.told("Contested") == 1);
  CHECK(life.verdict("v2") == "RolledBack");
  life.roll_out().look().watch(1h, {fails("health")});
  CHECK(life.template_changes == 2);
}

TEST_CASE("Golden: what is longer ago than the window is no contest any more") {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 2, .within = 20min};
  by(life, machine);
  comes_back(life);
  life.pass_time(20min);
  life.ship("v2").look();
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.guard.contests.size() == 2);
}

TEST_CASE("Golden: a person who brings it back is no contest, and it is judged afresh") {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 1, .within = 1h};
  by(life, person).ship("v2").look();
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.guard.contests.empty());
  CHECK(life.facts.back().note.find("judged afresh") != std::string::npos);
}

TEST_CASE("Golden: whoever cannot be named is not known to be a person") {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 1, .within = 1h};
  by(life, std::nullopt).ship("v2").look();
  CHECK(life.standing() == "Frozen Contested");
  CHECK(life.guard.freeze->message.find("an unknown hand") != std::string::npos);
}

TEST_CASE("Golden: a machine that ships a new template is no contest") {
  Life life = rolled_back();
  by(life, machine).ship("v3").look();
  CHECK(life.standing() == "Watching RollingOut");
  CHECK(life.guard.contests.empty());
}

TEST_CASE("Golden: the same template by the same machine again does not end a contest") {
  Life life = contested();
  life.ship("v1").look();
  CHECK(life.standing() == "Watching RollingOut");
  life.ship("v2").look();
  CHECK(life.standing() == "Frozen Contested");
}

TEST_CASE("Golden: a machine that puts the quarantined template back ends no freeze, below the limit too") {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 1, .within = 24h};
  life.ship("v3").look().roll_out().look({pass("rollout")}).fail_thrice();
  REQUIRE(life.standing() == "Frozen LimitReached");
  life.guarding.spec.limit.count = 5;
  by(life, machine).ship("v2").look();
  CHECK(life.standing() == "Frozen Contested");
  CHECK(life.guard.message == life.guard.freeze->message);
  CHECK(life.guard.message.contains("Argo CD"));
}

TEST_CASE("Golden: what ends a freeze and what does not") {
  struct Row {
    const char* name;
    void (*given)(Life&);
    bool ends;
  };
  const std::vector<Row> table = {
      {"nothing happens", [](Life&) {}, false},
      {"a day passes", [](Life& l) { l.pass_time(24h); }, false},
      {"a resume of later than the freeze", [](Life& l) { l.guarding.resume = *l.guard.freeze->since + 1ms; }, true},
      {"a resume of its very second",
       [](Life& l) { l.guarding.resume = std::chrono::floor<std::chrono::seconds>(*l.guard.freeze->since); }, true},
      {"a resume of a moment before that",
       [](Life& l) { l.guarding.resume = std::chrono::floor<std::chrono::seconds>(*l.guard.freeze->since) - 1ms; }, false},
      {"a resume of before", [](Life& l) { l.guarding.resume = *l.guard.freeze->since - 1h; }, false},
      {"a resume in the future", [](Life& l) { l.guarding.resume = l.now + 1ms; }, false},
      {"a resume in the future, when it has come",
       [](Life& l) {
         l.guarding.resume = l.now + 1min;
         l.pass_time(1min);
       },
       true},
      {"a person takes the freeze away", [](Life& l) { l.guard.freeze.reset(); }, true},
      {"a person ships a new template", [](Life& l) { l.ship("v3"); }, true},
      {"it is scaled", [](Life& l) { l.scale(5).roll_out(); }, false},
      {"the controller is restarted", [](Life& l) { l.restart(); }, false},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    Life life = contested();
    REQUIRE(life.standing() == "Frozen Contested");
    life.pass_time(10s);
    row.given(life);
    life.look();
    CHECK((life.guard.state == api::State::Watching) == row.ends);
    CHECK((life.guard.state == api::State::Frozen) == !row.ends);
    CHECK(life.guard.freeze.has_value() == !row.ends);
  }
}

TEST_CASE("A resume that lies in the future is looked at again when it comes") {
  Life life = contested();
  life.guarding.resume = life.now + 1min;
  life.look();
  CHECK(life.standing() == "Frozen Contested");
  CHECK(life.wake() == Duration{1min});
}

//  Frozen ─▶ resumed ─▶ judged afresh ─▶ fails ─▶ put back, and counted from nothing
TEST_CASE("A release that a person resumes is judged afresh, and the counts begin anew") {
  Life life = contested();
  life.pass_time(10s).guarding.resume = life.now;
  life.look();
  CHECK(life.standing() == "Watching Resumed");
  CHECK(life.current() == "v2 Watching");
  CHECK(life.guard.contests.empty());
  CHECK(life.guard.rollbacks.empty());
  CHECK(life.told("Resumed") == 1);
  life.look().roll_out().look({pass("rollout")}).watch_well(11min);
  CHECK(life.current() == "v2 Good");
}

//  ✗✗✗ ─▶ v1 ─▶ v3 ✗✗✗ ─▶ Frozen LimitReached ─▶ resumed ─▶ ✗✗✗ ─▶ v1
TEST_CASE("At the limit a person is needed, and resumed it may be put back again") {
  Life life = rolled_back();
  life.guarding.spec.limit = {.count = 1, .within = 24h};
  life.ship("v3").look().roll_out().look({pass("rollout")}).fail_thrice();
  CHECK(life.standing() == "Frozen LimitReached");
  CHECK(life.template_changes == 1);
  life.pass_time(10s).guarding.resume = life.now;
  life.look().look({pass("rollout")}).fail_thrice();
  CHECK(life.on_deployment() == "v1");
  CHECK(life.template_changes == 2);
}

TEST_CASE("A rollback that a person asked for counts for no limit, one of ours does") {
  Life life = rolled_back();
  REQUIRE(life.guard.rollbacks.size() == 1);
  CHECK(life.guard.rollbacks[0].name == "web-2-1b4e");
  life.ship("v3").look().roll_out().look({pass("rollout")}).ask().look().look().look();
  CHECK(life.on_deployment() == "v1");
  CHECK(life.verdict("v3") == "RolledBack");
  CHECK(life.guard.rollbacks.size() == 1);
}

TEST_CASE("A time to resume from before the freeze ends nothing, and that is said; within the same second it counts") {
  Life life;
  life.guarding.spec.limit = {.count = 1, .within = 1h};
  life.guarding.spec.cooldown = 0s;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice().roll_out();
  life.watch_well(6min).ship("v3").look().roll_out().look({pass("rollout")}).pass_time(300ms).fail_thrice();
  REQUIRE(life.standing() == "Frozen LimitReached");
  const Time frozen = *life.guard.freeze->since;
  const std::string words = life.guard.message;
  life.guarding.resume = frozen - 2min;
  life.look().look();
  CHECK(life.guard.message == "lastgood.dev/resume says " + format_rfc3339(frozen - 2min) + ", which is before it froze at " +
                                  format_rfc3339(frozen) + ", and so ends nothing. " + words);
  CHECK(life.persisted.back().message == life.guard.message);
  life.guarding.resume.reset();
  life.look();
  CHECK(life.guard.message == words);
  life.guarding.resume = std::chrono::floor<std::chrono::seconds>(frozen);
  life.pass_time(1s).look();
  CHECK(life.guard.state == api::State::Watching);
}
