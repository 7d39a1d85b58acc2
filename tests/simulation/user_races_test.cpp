// Users change a Deployment or a policy just before a write of the controller, or while its watch
// lags.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

//  server:     v2 ---- v3 (good)
//  watch:      v2 ................ v3        the controller still sees v2 and evaluates it
TEST_CASE("keeps a user's newer template when the watch still shows the bad one") {
  Scenario scenario;
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Evaluating); }, 1min));
  scenario.server.watches().stall("deployments");
  scenario.ship("web", "app:v3");
  scenario.run_for(1min);
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.template_changes() == 0);
  scenario.server.watches().resume("deployments");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

//  record ---- v3 by a user ---- patch?   no: v3 is newer
TEST_CASE("supersedes the rollback when a user ships between the record and the patch") {
  Scenario scenario;
  scenario.start_controller();
  scenario.script = run_before_first(is_template_patch, [&] { scenario.ship("web", "app:v3"); });
  scenario.ship_bad_release();
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.template_changes() == 0);
  REQUIRE(scenario.rollbacks().size() == 1);
  CHECK(scenario.rollbacks()[0].phase == RollbackPhase::Superseded);
  CHECK(scenario.violations() == no_violations);
}

//  record ---- v3 by a user, and the watch lags ----     one record
TEST_CASE("records one rollback when a user ships a new release while the watch lags") {
  Scenario scenario;
  scenario.start_controller();
  bool is_shipped = false;
  scenario.script = run_before_first(is_new_rollback, [&] {
    is_shipped = true;
    scenario.server.watches().stall("deployments");
    scenario.ship("web", "app:v3");
  });
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return is_shipped; }, 3min));
  scenario.run_for(30s);
  CHECK(scenario.rollbacks().size() == 1);
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.template_changes() == 0);
  scenario.server.watches().resume("deployments");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
}

//  record ---- scaled by a user ---- patch    the release is the same: rolled back, at the new size
TEST_CASE("rolls back and keeps the new replicas when a user scales before the patch") {
  Scenario scenario;
  scenario.start_controller();
  scenario.script = run_before_first(is_template_patch, [&] {
    scenario.merge_patch("deployments", "web", {{"spec", {{"replicas", 3}}}});
  });
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
  CHECK(scenario.server.find("deployments", {shop, "web"})->at("spec").at("replicas") == 3);
}

//  record ---- opted out by a user ---- patch?   no
TEST_CASE("keeps the template when a user opts out between the record and the patch") {
  Scenario scenario;
  scenario.start_controller();
  scenario.script = run_before_first(
      is_template_patch, [&] { scenario.annotate("web", {{"lastgood.dev/enabled", "false"}}); });
  scenario.ship_bad_release();
  scenario.run_for(5min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

//  a user creates the Deployment again ---- record (or patch)?   no: the uid is another one
TEST_CASE("keeps the template when the Deployment is created again before record or patch") {
  for (auto* next_call : {is_new_rollback, is_template_patch}) {
    Scenario scenario;
    scenario.start_controller();
    scenario.script = run_before_first(next_call, [&] {
      scenario.delete_deployment("web");
      scenario.deploy("web", "app:v1", {{"lastgood.dev/policy", "web"}}, 2);
      scenario.ship("web", "app:v3");  // now both Deployments have generation 2
    });
    scenario.ship_bad_release();
    scenario.run_for(5min);
    CHECK(scenario.image("web") == "app:v3");
    CHECK(scenario.is_in_state("web", State::Idle));
    CHECK(scenario.template_changes() == 0);
    CHECK(scenario.violations() == no_violations);
  }
}

//  policy:   suspended ----------------------
//  watch:    .......................... suspended
TEST_CASE("does not roll back under a suspended policy when the watch still shows it active") {
  Scenario scenario;
  scenario.start_controller();
  scenario.server.watches().stall("rollbackpolicies");
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"suspend", true}}}});
  scenario.ship_bad_release();
  scenario.run_for(2min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  scenario.server.watches().resume("rollbackpolicies");
  scenario.run_for(1min);
  CHECK(scenario.image("web") == "app:v2");
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"suspend", false}}}});
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  record ---- patch: 409, and a user deletes the record ---- patch?   no: the release stays
TEST_CASE("keeps the release when a user deletes the Rollback between two attempts of the patch") {
  Scenario scenario;
  scenario.start_controller();
  int patches = 0;
  scenario.script = [&](const Attempt& attempt) {
    if (!is_template_patch(attempt)) return Fault::None;
    if (++patches > 1) return Fault::None;
    delete_rollback(scenario, scenario.rollbacks().at(0).name);
    return Fault::Conflict;
  };
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return patches > 0; }, 3min));
  scenario.run_for(2min);
  CHECK(patches == 1);
  CHECK(scenario.state("web") == held(Reason::Declined));
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.violations() == no_violations);
}

//  policy:  Enforce ---- Approve
//  watch:   Enforce .................. Approve
TEST_CASE("waits for approval under mode Approve when the watch still shows mode Enforce") {
  Scenario scenario;
  scenario.start_controller();
  scenario.server.watches().stall("rollbackpolicies");
  scenario.set_mode("Approve");
  scenario.ship_bad_release();
  scenario.run_for(2min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  scenario.server.watches().resume("rollbackpolicies");
  REQUIRE(scenario.run_until(
      [&] { return scenario.state("web") == held(Reason::AwaitingApproval); }, 1min));
  scenario.annotate("web", {{"lastgood.dev/approve", scenario.rollbacks().at(0).name}});
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}
