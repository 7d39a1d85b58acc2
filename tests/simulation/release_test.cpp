// Good releases, and bad releases that are rolled back.
#include <algorithm>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;

//  v1 runs ------.                      .---- v1 runs again, and is verified
//                 v2: 503, 503, 503 ----'
TEST_CASE("rolls back a bad release to the revision that ran before it") {
  Scenario scenario;
  scenario.start_controller();
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
  CHECK(scenario.events() == std::vector{Reason::PresumedGood, Reason::ReleaseSeen,
                                         Reason::CheckFailing, Reason::CheckBreached,
                                         Reason::RollbackStarted, Reason::RolledBack,
                                         Reason::RollbackVerified});
}

//  v1 ----.        .---- v1 ----.                .---- v1
//          v2: 503 '             v2 again: 503 --'
TEST_CASE("evaluates and rolls back a bad template again when a user ships it again") {
  Scenario scenario;
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.wait_for_rollback());
  scenario.run_for(1min);
  scenario.ship_bad_release();
  CHECK(scenario.run_until([&] { return scenario.is_in_state("web", State::Evaluating); }, 1min));
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.image("web") == "app:v1");
  CHECK(scenario.template_changes() == 2);
  CHECK(scenario.rollbacks().size() == 2);
  CHECK(scenario.violations() == no_violations);
}

//  v1 ----.        .---- v1 ----.                                .---- v3
//          v2: 503 '             v3: bakes, good ---- v4: crashes '
TEST_CASE("rolls back to the newest good revision when older ones are good or bad") {
  Scenario scenario;
  scenario.cluster.health["app:v4"] = {.starts = false};
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.wait_for_rollback());
  scenario.ship("web", "app:v3");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  scenario.run_for(10s);
  scenario.ship("web", "app:v4");
  CHECK(scenario.run_until([&] { return scenario.is_in_state("web", State::RollingBack); }, 5min));
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.is_rolled_out("web"));
  CHECK(scenario.template_changes() == 2);
  CHECK(scenario.violations() == no_violations);
}

//  v1 ---- v2 fails once ---- v3 is shipped before v2 breaches, and is good
TEST_CASE("does not roll back when a good release replaces a failing one before the breach") {
  Scenario scenario;
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until(
      [&] { return std::ranges::count(scenario.events(), Reason::CheckFailing) == 1; }, 2min));
  scenario.ship("web", "app:v3");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.image("web") == "app:v3");
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.rollbacks().empty());
}

//  v1 ---- v2: its pods never become ready, so pods of v1 remain ---- (progress deadline) ---- v1
TEST_CASE("rolls back at the progress deadline when the new pods never become ready") {
  Scenario scenario;
  scenario.cluster.health["app:v2"] = {.ready = false};
  scenario.start_controller();
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback(20min));
  scenario.check_rolled_back_once();
}

TEST_CASE("never writes to a Deployment that is not opted in") {
  Scenario scenario;
  scenario.deploy("other", "app:v1", lastgood::codec::Json::object());
  scenario.start_controller();
  scenario.ship("other", "app:v2");
  scenario.run_for(30min);
  CHECK(scenario.image("other") == "app:v2");
  CHECK(scenario.server.find("deploymentguards", {shop, "other"}) == nullptr);
  CHECK(scenario.violations() == no_violations);
}
