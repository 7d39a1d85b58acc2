// The process ends between any two writes; the next one has the guard as it was written at some earlier point, or none at all,
// and the Rollback object as it stands. The end is always the same: one rollback, one template change by us.
#include <catch2/catch.hpp>

#include "guard/breaker.hpp"
#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard::test;

namespace {

Life breached(int steps_allowed) {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.steps_allowed = steps_allowed;
  return life.fail_thrice();
}

// However far the one before came, the next leader brings it to this end.
void check_end(Life& life) {
  CAPTURE(life.standing(), life.phase(), life.facts.size());
  // Where nothing is touched yet, the release goes on failing: it is put back once that is seen.
  life.look();
  if (life.on_deployment() == "v2") life.fail_thrice();
  life.watch(30s, {}).roll_out().watch_well(6min);
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.phase() == "Succeeded");
  CHECK(life.on_deployment() == "v1");
  CHECK(life.template_changes == 1);
  CHECK(life.records == 1);
  CHECK(life.verdict("v2") == "RolledBack");
  CHECK(life.current() == "v1 Good");
  CHECK(life.guard.last_good->kept_as == "web-v1");
}

}  // namespace

//  written: g0 ─ g1 ─ g2 ─ ... ─ gn          steps:  record │ patch │ status │ ownership │
//           └──── any of these ────┘                        ▲ killed behind any of these
TEST_CASE("Killed behind any write, with the guard of any earlier moment, the next leader ends with one rollback") {
  for (int steps = 0; steps <= 3; ++steps) {
    const Life before = breached(steps);
    REQUIRE(before.records == 1);
    for (std::size_t i = 0; i <= before.persisted.size(); ++i) {
      CAPTURE(steps, i);
      Life life = before;
      life.restart_with(i == 0 ? api::GuardStatus{} : before.persisted[i - 1]);
      check_end(life);
    }
  }
}

TEST_CASE("Killed while it is verified, with the guard of any earlier moment, the end is the same") {
  Life before = breached(100);
  before.pass_time(1s).look().roll_out().look().watch_well(2min);
  REQUIRE(before.phase() == "Verifying");
  for (std::size_t i = 0; i <= before.persisted.size(); ++i) {
    CAPTURE(i);
    Life life = before;
    life.restart_with(i == 0 ? api::GuardStatus{} : before.persisted[i - 1]);
    check_end(life);
  }
}

TEST_CASE("The guard's last write was lost, the Rollback's was not: it is believed") {
  Life before = breached(100);
  before.pass_time(1s).look();
  const std::size_t known = before.persisted.size();
  before.roll_out().look();
  SECTION("it succeeded") {
    before.watch_well(6min);
    REQUIRE(before.phase() == "Succeeded");
    for (std::size_t i = 1; i <= known; ++i) {
      CAPTURE(i);
      Life life = before;
      life.restart_with(before.persisted[i - 1]).look().look();
      CHECK(life.standing() == "Idle RolledBack");
      CHECK(life.verdict("v2") == "RolledBack");
      CHECK(life.current().starts_with("v1"));
      CHECK(life.template_changes == 1);
    }
  }
  SECTION("it failed") {
    before.fail_thrice();
    REQUIRE(before.phase() == "Failed");
    for (std::size_t i = 1; i <= known; ++i) {
      CAPTURE(i);
      Life life = before;
      life.restart_with(before.persisted[i - 1]).look().look();
      CHECK(life.standing() == "Frozen RollbackFailed");
      CHECK(life.template_changes == 1);
    }
  }
}

TEST_CASE("A newer template than the record's, found after a restart, supersedes it at any phase") {
  for (int steps = 0; steps <= 3; ++steps) {
    CAPTURE(steps);
    Life life = breached(steps);
    const int changes = life.template_changes;
    life.ship("v3").restart().look();
    CHECK(life.phase() == "Superseded");
    CHECK(life.current() == "v3 Watching");
    CHECK(life.standing() == "Watching RollingOut");
    life.roll_out().watch_well(11min);
    CHECK(life.standing() == "Idle Good");
    CHECK(life.template_changes == changes);
  }
}

TEST_CASE("Where the watch is behind what was read, nothing is gone on with yet") {
  Life life = breached(1);
  life.restart_with({});
  auto world = life.world();
  REQUIRE(world.replica_sets.has_value());
  world.replica_sets.reset();
  const auto decision = guard::decide(world, life.now);
  CHECK(decision.act.index() == 0);
  CHECK_FALSE(decision.rollback.has_value());
  CHECK(decision.wake == life.now + 1s);
}

//  bakes ── process gone for an hour, in which it fails ── back
TEST_CASE("A bake that ended while nobody looked is decided by what is seen now") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).watch_well(5min);
  life.restart().pass_time(1h).look();
  CHECK(life.current() == "v2 Watching");
  SECTION("it fails: it is not good") {
    life.watch(10s, {pass("rollout"), fails("health")});
    CHECK(life.current() == "v2 Watching");
    life.watch(20s, {fails("health")});
    CHECK(life.on_deployment() == "v1");
  }
  SECTION("it passes: it is good") {
    life.watch_well(10s);
    CHECK(life.standing() == "Idle Good");
  }
}

TEST_CASE("Failures in a row are counted on over a restart") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  life.watch(20s, {fails("health")}).restart().watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A breach that was held before a restart is acted upon only when it is seen again") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")});
  life.guarding.pause_until = life.now + 10min;
  life.fail_thrice().restart().pass_time(1h).look();
  CHECK(life.standing() == "Held Unconfirmed");
  CHECK(life.template_changes == 0);
  life.watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A rollback that failed stays frozen over a restart") {
  Life life = breached(100);
  life.pass_time(1s).look().watch(10s, {fails_at_once("rollout")});
  REQUIRE(life.standing() == "Frozen RollbackFailed");
  life.restart().watch(1h, {pass("rollout"), pass("health")});
  CHECK(life.standing() == "Frozen RollbackFailed");
  CHECK(life.template_changes == 1);
}

TEST_CASE("What failed before the release had a pod is remembered over a restart and over a policy that cannot be read") {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look();
  api::Sample before = fails_as_before("health", true);
  before.result = api::SampleResult::Unknown;
  life.look({before});
  SECTION("a restart") { life.restart(); }
  SECTION("a policy that cannot be read") {
    life.break_policy().look();
    life.guarding = web_policy();
  }
  life.look().roll_out().look().watch(1min, {fails("health")});
  CHECK(life.standing() == "Held AlreadyFailing");
  CHECK(life.template_changes == 0);
}

TEST_CASE("A restart does not make the fleet look well: what was breached counts as failing until it is seen") {
  Life life;
  life.breaker = {.is_open = true, .message = "too many"};
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")}).fail_thrice();
  REQUIRE(life.standing() == "Held BreakerOpen");
  life.watch(1h, {fails("health")}).restart();
  CHECK(guard::is_troubled(life.guard, {}, {}, life.now));
  CHECK_FALSE(guard::is_troubled(life.guard, {}, {}, life.now + 5min));
}

//  v1 put back, fails ✗ ... killed, and nobody leads for 20 min ... asked again ✗ ✗      it is no success
TEST_CASE("What failed while it was verified is asked again after a restart before anything is said of it") {
  Life life = breached(100);
  life.pass_time(1s).look().roll_out().look();
  life.guarding.spec.checks[0].failure_threshold = 50;
  life.watch(5min, {pass("rollout"), fails("health")});
  REQUIRE(life.standing() == "Verifying AwaitingPass");
  life.restart().pass_time(30min).look();
  CHECK(life.standing() == "Verifying AwaitingPass");
  life.watch(10min, {pass("rollout"), fails("health")});
  CHECK(life.standing() == "Frozen VerificationFailed");
}

//  bakes ✓✓✓ killed ... the first answer afterwards is none
TEST_CASE("What had passed before a restart is not called silent for one missing answer") {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look();
  life.watch(9min, {pass("rollout"), pass("health")});
  life.restart().pass_time(2min).look({pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Watching Baking");
  SECTION("and is good once it passes again") {
    life.look({pass("health")});
    CHECK(life.standing() == "Idle Good");
  }
  SECTION("but for two it is") {
    life.look({unknown("health")});
    CHECK(life.standing() == "Idle Unjudged");
  }
}

TEST_CASE("Failed before anything was touched, a release may be put back when a person has ended the freeze") {
  Life life = breached(0);
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "Refused", .message = "a policy says no"};
  life.watch(16min, {fails("health")});
  REQUIRE(life.standing() == "Frozen RollbackRefused");
  const std::string first = life.rollback->meta.key.name;
  life.preflight->ready = api::Truth::True;
  life.steps_allowed = 100;
  life.guard.freeze.reset();
  life.watch(1min, {fails("health")});
  CHECK(life.on_deployment() == "v1");
  CHECK(life.rollback->meta.key.name == first + "-2");
  CHECK(life.template_changes == 1);
}

//  Held Refused ---- Failed is written, and the process dies before the guard is
TEST_CASE("A Rollback that was given up is frozen although the guard was not written, and is not tried under another name") {
  Life life = breached(0);
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "Refused", .message = "a policy says no"};
  life.watch(14min, {fails("health")});
  const api::GuardStatus before = life.persisted.back();
  REQUIRE(before.state == api::State::Held);
  life.watch(2min, {fails("health")});
  REQUIRE(life.phase() == "Failed");
  life.preflight->ready = api::Truth::True;
  life.steps_allowed = 100;
  life.restart_with(before).watch(1min, {fails("health")});
  CHECK(life.standing() == "Frozen RollbackFailed");
  CHECK(life.records == 1);
  CHECK(life.template_changes == 0);
}

TEST_CASE("An older Rollback of the same name that failed untouched is no answer to a new one") {
  Life life = breached(0);
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "Refused", .message = "a policy says no"};
  life.watch(16min, {fails("health")});
  REQUIRE(life.standing() == "Frozen RollbackRefused");
  life.preflight->ready = api::Truth::True;
  life.steps_allowed = 100;
  // A rollback by hand has come and gone since, so that the last record is another one.
  life.rollback->meta.key.name = "by-hand";
  life.guard.freeze.reset();
  life.watch(2min, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("One turn without an answer after a restart ends no verification of what had failed") {
  Life life = breached(100);
  life.pass_time(1s).look().roll_out().look();
  life.guarding.spec.checks[0].failure_threshold = 50;
  life.watch(5min, {pass("rollout"), fails("health")});
  life.restart().pass_time(30min).look({pass("rollout"), unknown("health")});
  CHECK(life.standing() == "Verifying AwaitingPass");
  life.look({unknown("health")});
  CHECK(life.standing() == "Idle RolledBack");
  CHECK(life.told("RollbackUnverified") == 1);
}
