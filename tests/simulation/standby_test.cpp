// A replica that does not lead does no work: it watches, and waits for the Lease.
#include "simulation/scenario.hpp"
#include "support/mentions.hpp"

using namespace lastgood::simulation;

//  one: leads        ... killed
//  two: standby ............... leads
TEST_CASE("queues no Deployment until the replica leads, and then all of them") {
  Scenario scenario;
  scenario.start_controller("one");
  scenario.start("two");
  scenario.run_for(10s);
  scenario.deploy("short-lived", "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  scenario.run_for(10s);
  scenario.delete_deployment("short-lived");
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "21s"}}}});
  scenario.run_for(10s);
  CHECK(scenario.keys_added("one") > 0);
  CHECK(scenario.keys_added("two") == 0);
  scenario.kill("one");
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  one: leads, and its Lease fails ........... the term ends
//  web: v2 is evaluated              v3 .......  its ReplicaSets arrive 3 s late
TEST_CASE("watches no pods after the term when it ends during a reconcile") {
  for (const auto& shipped_after : {6s, 7s, 8s, 9s}) {
    INFO("shipped " << shipped_after.count() << " s after the Lease began to fail");
    Scenario scenario;
    scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "30m"}}}});
    scenario.cluster.health["app:v2"] = {};
    scenario.start_controller("one");
    scenario.start("two");
    scenario.ship("web", "app:v2");
    REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                               1min));
    scenario.script = [](const Attempt& attempt) {
      if (attempt.user != "one") return Fault::None;
      if (attempt.targets("/leases")) return Fault::InternalError;
      return attempt.targets("/replicasets?") ? Fault::SlowResponse : Fault::None;
    };
    scenario.run_for(shipped_after);
    scenario.ship("web", "app:v3");
    REQUIRE(scenario.run_until([&] { return scenario.lease_holder() == "two"; }, 1min));
    scenario.run_for(10s);
    CHECK(scenario.server.watches().count_open("one", "pods") == 0);
    CHECK(scenario.server.watches().count_open("two", "pods") == 1);
  }
}

//  one: leads     the guards cannot be listed ..........................  they can
//  readyz: 200 ............. 60 s later: 503 ............................  200
TEST_CASE("is not ready when it has led for 60 s without the state of its term") {
  Scenario scenario;
  scenario.script = [](const Attempt& attempt) {
    const bool is_list =
        attempt.targets("/deploymentguards?limit=") && !attempt.targets("watch=true");
    return is_list ? Fault::InternalError : Fault::None;
  };
  scenario.start("one");
  REQUIRE(scenario.run_until([&] { return scenario.lease_holder() == "one"; }, 1min));
  scenario.run_for(55s);
  CHECK(scenario.not_ready("one") == std::nullopt);
  scenario.run_for(10s);
  CHECK_THAT(scenario.not_ready("one").value_or(""), mentions({"cannot list"}));
  scenario.script = {};
  scenario.run_for(5s);
  CHECK(scenario.not_ready("one") == std::nullopt);
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::PresumedGood); },
                           1min));
}

//  one: leads .... SIGTERM: releases the Lease
//  two: standby ............................... leads
TEST_CASE("leads within 0.3 s after the leader was stopped") {
  Scenario scenario;
  scenario.start_controller("one");
  scenario.start("two");
  for (const auto& after : {10s, 11s, 13s, 14s}) {
    const bool is_odd = scenario.lease_holder() == "one";
    const std::string leader = is_odd ? "one" : "two";
    const std::string standby = is_odd ? "two" : "one";
    scenario.run_for(after);
    scenario.stop(leader);
    REQUIRE(scenario.run_until([&] { return scenario.lease_holder().empty(); }, 2s));
    CHECK(scenario.run_until([&] { return scenario.lease_holder() == standby; }, 300ms));
    scenario.start(leader);
  }
  CHECK(scenario.violations() == no_violations);
}
