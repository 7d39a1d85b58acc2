// Rollbacks that a user creates, to the last good revision or an older one, and drills.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;
using lastgood::codec::Json;

namespace {

// v1 and v2 are good, and v3 has just been released.
struct NewRelease : TwoGoodReleases {
  NewRelease() {
    cluster.health["app:v3"] = {.status = 200};
    ship("web", "app:v3");
    REQUIRE(run_until([&] { return is_in_state("web", State::Evaluating); }, 1min));
  }
};

// True for the patch that binds the manual Rollback "back": the controller adds the fields that the
// user left out of the spec.
bool is_binding(const Attempt& attempt) {
  return attempt.call.verb == Verb::Patch && attempt.targets("/rollbacks/back") &&
         attempt.call.body.contains("/spec");
}

int writes_during(Simulation& simulation, const std::function<void()>& actions) {
  const auto before = simulation.writes_of_controllers().size();
  actions();
  return static_cast<int>(simulation.writes_of_controllers().size() - before);
}

}  // namespace

//  user:    Rollback {deployment: web}
//  one:     bound . patch . ownership . status ...      killed after any of them
//  two:              '---- finishes, with one change of the template
TEST_CASE("finishes a manual rollback once when the controller is killed after any write") {
  TwoGoodReleases not_killed;
  const int writes = writes_during(not_killed, [&] {
    create_rollback(not_killed, "back", {{"deployment", "web"}});
    REQUIRE(not_killed.run_until(
        [&] { return phase_of(not_killed, "back") == RollbackPhase::Succeeded; }, 5min));
  });
  check_manual_rollback_succeeds_once(not_killed, "back");
  for (int k = 1; k <= writes; ++k) {
    INFO("killed after write " << k << " of " << writes);
    TwoGoodReleases scenario;
    scenario.kill_after_write(k);
    create_rollback(scenario, "back", {{"deployment", "web"}});
    scenario.run_until([&] { return !scenario.is_running("one"); }, 2min);
    scenario.start("two");
    check_manual_rollback_succeeds_once(scenario, "back");
  }
}

//  user:    Rollback {deployment: web, toRevision: 1}; the last good revision is 2
//  one:     bound . patch . ownership . status ...      killed after any of them
TEST_CASE("finishes a manual rollback to an older revision once when the controller is killed") {
  for (int k = 0; k <= 12; ++k) {
    INFO("killed after write " << k);  // 0, or more than the number of writes: not killed
    NewRelease scenario;
    if (k > 0) scenario.kill_after_write(k);
    create_rollback(scenario, "back", {{"deployment", "web"}, {"toRevision", 1}});
    scenario.run_until([&] { return !scenario.is_running("one"); }, 20s);
    if (!scenario.is_running("one")) scenario.start("two");
    check_manual_rollback_succeeds_once(scenario, "back");
  }
}

TEST_CASE("resumes a manual rollback to an older revision when a pause ends") {
  NewRelease scenario;
  scenario.kill_after_write(1);
  create_rollback(scenario, "back", {{"deployment", "web"}, {"toRevision", 1}});
  REQUIRE(scenario.run_until([&] { return !scenario.is_running("one"); }, 1min));
  scenario.merge_patch("deployments", "web", {{"spec", {{"paused", true}}}});
  scenario.start("two");
  scenario.run_for(2min);
  CHECK(scenario.template_changes() == 0);
  scenario.merge_patch("deployments", "web", {{"spec", {{"paused", false}}}});
  check_manual_rollback_succeeds_once(scenario, "back");
}

TEST_CASE("rolls back once when the binding of a manual Rollback fails or its response is lost") {
  for (const Fault fault : {Fault::LoseResponse, Fault::InternalError, Fault::Conflict}) {
    INFO("fault " << fault);
    TwoGoodReleases scenario;
    scenario.script = [fault, is_done = false](const Attempt& attempt) mutable {
      if (is_done || !is_binding(attempt)) return Fault::None;
      is_done = true;
      return fault;
    };
    create_rollback(scenario, "back", {{"deployment", "web"}});
    check_manual_rollback_succeeds_once(scenario, "back");
  }
}

TEST_CASE("rejects a manual Rollback when its Deployment is missing or not guarded") {
  TwoGoodReleases scenario;
  scenario.deploy("other", "app:v1", Json::object(), 1);
  create_rollback(scenario, "of-missing", {{"deployment", "missing"}});
  create_rollback(scenario, "of-unguarded", {{"deployment", "other"}});
  for (const char* name : {"of-missing", "of-unguarded"}) {
    CHECK(scenario.run_until([&] { return phase_of(scenario, name) == RollbackPhase::Rejected; },
                             1min));
  }
  const auto writes = scenario.writes_of_controllers().size();
  scenario.run_for(5min);
  CHECK(scenario.writes_of_controllers().size() == writes);
  CHECK(scenario.template_changes() == 0);
}

//  Rollback "early" ---- its Deployment is created 1 s later
TEST_CASE("waits for the Deployment when a manual Rollback is applied just before its Deployment") {
  TwoGoodReleases scenario;
  create_rollback(scenario, "early", {{"deployment", "late"}});
  scenario.run_for(1s);
  scenario.deploy("late", "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  REQUIRE(scenario.run_until([&] { return phase_of(scenario, "early") == RollbackPhase::Rejected; },
                             1min));
  const auto* rollback = scenario.server.find("rollbacks", {shop, "early"});
  CHECK(rollback->at("status").at("message").get<std::string>().starts_with("NoLastGood"));
}

TEST_CASE("changes no template and reports the result when a user runs a drill") {
  TwoGoodReleases scenario;
  create_rollback(scenario, "drill", {{"deployment", "web"}, {"drill", true}});
  REQUIRE(scenario.run_until(
      [&] { return phase_of(scenario, "drill") == RollbackPhase::Succeeded; }, 1min));
  scenario.run_for(1min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.server.find("deploymentguards", {shop, "web"})
            ->contains(Json::json_pointer("/status/lastDrill/passed")));
}
