// What is recorded and not yet done, when somebody changes their mind or something has gone in the meantime.
#include <catch2/catch.hpp>

#include "rollback/record.hpp"
#include "life.hpp"

using namespace lastgood;
using namespace lastgood::guard::test;

namespace {

// v2 is breached, and its rollback is recorded but not carried out.
Life recorded(api::Mode mode = api::Mode::Enforce) {
  Life life;
  life.guarding.spec.mode = mode;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.steps_allowed = 0;
  life.fail_thrice().steps_allowed = 100;
  return life;
}

}  // namespace

TEST_CASE("Set to Approve before anything is touched, what is recorded waits for a person") {
  Life life = recorded();
  life.guarding.spec.mode = api::Mode::Approve;
  life.watch(1min, {fails("health")});
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.template_changes == 0);
  life.approve().watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A check that is taken out of the policy while its rollback waits calls it off, in words") {
  Life life = recorded(api::Mode::Approve);
  life.guarding.spec.checks.clear();
  life.watch(10s, {pass("rollout")});
  CHECK(life.phase() == "Superseded");
  CHECK(life.rollback->status.message.ends_with("stays: check health is not in the policy any more"));
  CHECK(life.told("RollbackCancelled") == 1);
  CHECK(life.template_changes == 0);
}

TEST_CASE("Approved after something that the old template needs has gone, it is held until that is back") {
  Life life = recorded(api::Mode::Approve);
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "MissingReference", .message = "ConfigMap app is gone"};
  life.approve().watch(1min, {fails("health")});
  CHECK(life.standing() == "Held MissingReference");
  CHECK(life.template_changes == 0);
  life.preflight->ready = api::Truth::True;
  life.watch(10s, {fails("health")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("What waits for a server that does not answer says so once on the request, and is not refused") {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look().watch_well(11min);
  life.preflight = api::Preflight{.ready = api::Truth::Unknown, .reason = "NotChecked", .message = "etcd is down"};
  life.ask();
  life.look();
  REQUIRE(life.last.request.has_value());
  CHECK(life.last.request->phase == api::RollbackPhase::Pending);
  CHECK(life.last.request->message == "It waits. Whether the rollback would work is being found out: etcd is down");
  CHECK(life.template_changes == 0);
}

TEST_CASE("A request for a revision that there is not leaves it to be found out whether the rollback that is due would work") {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look({pass("rollout")});
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "Refused", .message = "a policy says no"};
  life.watch(20s, {fails("health")}).ask({.to_revision = 99});
  life.watch(10s, {fails("health")});
  CHECK(life.template_changes == 0);
  CHECK(life.records == 0);
}

TEST_CASE("What a person asked for waits where the old template cannot work any more, unless it is forced") {
  Life life;
  life.ship("v1").roll_out().look().look().pass_time(1h).ship("v2").look().roll_out().look().watch_well(11min);
  life.steps_allowed = 0;
  const api::Preflight missing{.ready = api::Truth::False, .reason = "MissingReference", .message = "ConfigMap app is gone"};
  SECTION("held") {
    life.ask().watch(20s, {});
    REQUIRE(life.phase() == "Pending");
    life.preflight = missing;
    life.steps_allowed = 100;
    life.watch(20s, {});
    CHECK(life.standing() == "Held MissingReference");
    CHECK(life.template_changes == 0);
    life.preflight->ready = api::Truth::True;
    life.watch(20s, {});
    CHECK(life.on_deployment() == "v1");
  }
  SECTION("forced") {
    life.ask({.force = true}).watch(20s, {});
    REQUIRE(life.phase() == "Pending");
    life.preflight = missing;
    life.steps_allowed = 100;
    life.watch(20s, {});
    CHECK(life.on_deployment() == "v1");
  }
}

//  health ✗✗✗ recorded ... health ✓ and errors ✗ in one look      a first failure of another check is not its second
TEST_CASE("A rollback that is called off is not begun in the same breath by another check's first failure") {
  Life life = recorded();
  life.guarding.spec.checks.push_back({.name = "errors", .interval = 10s, .failure_threshold = 2});
  life.breaker = {.is_open = true, .message = "too many"};
  life.look({fails("health")});
  REQUIRE(life.standing() == "Held BreakerOpen");
  life.breaker = {};
  life.look({pass("health"), fails("errors")});
  CHECK(life.phase() == "Superseded");
  CHECK(life.act().empty());
  CHECK(life.wake() == Duration{0});
  life.look();
  CHECK(life.guard.state == api::State::Watching);
  CHECK(life.template_changes == 0);
  life.watch(10s, {fails("errors")});
  CHECK(life.rollback->spec.check == "errors");
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A check that leaves the policy while another one fails makes room for a record of that one") {
  Life life = recorded(api::Mode::Approve);
  life.guarding.spec.checks = {{.name = "errors", .interval = 10s, .failure_threshold = 2}};
  life.watch(1min, {fails("errors")});
  CHECK(life.told("RollbackCancelled") == 1);
  CHECK(life.standing() == "Held AwaitingApproval");
  CHECK(life.rollback->spec.check == "errors");
  CHECK(life.template_changes == 0);
  life.approve().watch(10s, {fails("errors")});
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A refusal that comes after a long wait for approval has its full time before it is given up") {
  Life life = recorded(api::Mode::Approve);
  life.watch(1h, {fails("health")});
  REQUIRE(life.standing() == "Held AwaitingApproval");
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "Refused", .message = "a policy says no"};
  life.approve().watch(10min, {fails("health")});
  CHECK(life.standing() == "Held Refused");
  life.watch(6min, {fails("health")});
  CHECK(life.standing() == "Frozen RollbackRefused");
  CHECK(life.guard.message.starts_with("revision 2 (web-v2) could not be put back within 15m. a policy says no"));
}

TEST_CASE("A person's no is about one release: the next one that fails is put back") {
  Life life = recorded(api::Mode::Approve);
  life.rollback->status = rollback::advance(life.rollback->status, api::RollbackPhase::Superseded, "deleted", life.now);
  life.guard.declined = api::Declined{.rollback = life.rollback->meta.key.name, .at = life.now};
  life.watch(1min, {fails("health")});
  CHECK(life.standing() == "Held Declined");
  CHECK(life.records == 1);
  life.guarding.spec.mode = api::Mode::Enforce;
  life.ship("v3").look().roll_out().look({pass("rollout")}).fail_thrice();
  CHECK(life.on_deployment() == "v1");
}

TEST_CASE("A record that waits is remembered until it is over, and one that a person made is not") {
  Life life = recorded(api::Mode::Approve);
  life.look({fails("health")});
  CHECK(life.guard.pending == life.rollback->meta.key.name);
  CHECK(life.written.pending == life.guard.pending);
  life.watch_well(10s).look();
  CHECK(life.guard.pending.empty());
  life.steps_allowed = 0;
  life.ask().watch(20s, {});
  REQUIRE(life.phase() == "Pending");
  CHECK(life.guard.pending.empty());
}

TEST_CASE("What waits stays as it is while a newer template has no ReplicaSet yet, and is not written again and again") {
  Life life = recorded(api::Mode::Approve);
  REQUIRE(life.standing() == "Held AwaitingApproval");
  life.executor = false;
  life.ship_without_set("v3").look().look();
  const std::size_t written = life.persisted.size();
  for (int i = 0; i < 4; ++i) life.look();
  CHECK(life.standing() == "Held WaitingForReplicaSet");
  CHECK(life.persisted.size() == written);
  life.ship("v3").look();
  CHECK(life.phase() == "Superseded");
}

TEST_CASE("What waits while its kept template is deleted is called off, so that another revision can be chosen") {
  Life life = recorded(api::Mode::Approve);
  life.preflight = api::Preflight{.ready = api::Truth::False, .reason = "TargetGone", .message = "web-v1 does not exist"};
  life.watch(10s, {fails("health")});
  CHECK(life.server.begin()->second.status.phase == api::RollbackPhase::Superseded);
  CHECK(life.server.begin()->second.status.message.ends_with("stays: what it would go back to is not kept any more"));
  CHECK(life.template_changes == 0);
}
