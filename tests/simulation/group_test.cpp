// Groups: Deployments that are released together and rolled back together.
#include "base/time.hpp"
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;
using lastgood::codec::Json;

namespace {

// Names of the Rollbacks that wait for approval and roll back a group.
std::vector<std::string> pending_group_rollbacks(const Simulation& simulation) {
  std::vector<std::string> names;
  for (const NameAndPhase& record : simulation.rollbacks()) {
    const Json* rollback = simulation.server.find("rollbacks", {shop, record.name});
    if (record.phase == RollbackPhase::Pending && (*rollback)["spec"].contains("group"))
      names.push_back(record.name);
  }
  return names;
}

// Names of the Deployments in the order of their template changes.
std::vector<std::string> order_of_template_changes(const Simulation& simulation) {
  std::vector<std::string> names;
  for (const Write& write : simulation.writes_of_controllers()) {
    if (write.changed_template) names.push_back(write.route.name);
  }
  return names;
}

}  // namespace

//  db (1)   api (2, bad)   web (3)        released together: rolled back in this order, each once
TEST_CASE("rolls back each member once and in group order when the controller is killed") {
  BadGroup not_killed;
  REQUIRE(not_killed.all_roll_back_within(10min));
  CHECK(not_killed.template_changes() == 3);
  CHECK(not_killed.violations() == no_violations);
  CHECK(order_of_template_changes(not_killed) == std::vector<std::string>{"db", "api", "web"});
  for (int k = 1; k <= 30; k += 2) {
    INFO("killed after write " << k);
    BadGroup scenario;
    scenario.kill_after_write(k);
    scenario.run_until([&] { return !scenario.is_running("one"); }, 3min);
    if (!scenario.is_running("one")) scenario.start("two");
    CHECK(scenario.all_roll_back_within(10min));
    CHECK(scenario.template_changes() == 3);
    CHECK(scenario.violations() == no_violations);
  }
}

//  db, api and web are bad and breach at the same time: one initiates, the others follow
TEST_CASE("rolls back each member once when all members of a group breach together") {
  BadGroup scenario;
  scenario.cluster.health["app:v3"] = {.status = 503};
  REQUIRE(scenario.all_roll_back_within(10min));
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 3);
  for (const char* name : {"db", "api", "web"}) CHECK(scenario.image(name) == "app:v1");
  CHECK(scenario.violations() == no_violations);
}

//  db, api and web are bad and breach at the same time; the write of a record may take long
TEST_CASE("requests one approval when all members of a group breach together") {
  BadGroup scenario;
  scenario.cluster.health["app:v3"] = {.status = 503};
  scenario.set_mode("Approve");
  const bool is_slow = GENERATE(false, true);
  const auto slow_until = scenario.clock.monotonic_now() + 90s;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_record = attempt.call.verb == Verb::Post && attempt.targets("/rollbacks");
    const bool hangs = is_slow && is_record && scenario.clock.monotonic_now() < slow_until;
    return hangs ? Fault::Hang : Fault::None;
  };
  REQUIRE(scenario.run_until([&] { return !pending_group_rollbacks(scenario).empty(); }, 10min));
  scenario.run_for(2min);
  CHECK(scenario.template_changes() == 0);
  REQUIRE(pending_group_rollbacks(scenario).size() == 1);
  approve(scenario, pending_group_rollbacks(scenario).front());
  REQUIRE(scenario.all_roll_back_within(10min));
  scenario.run_for(1min);
  CHECK(scenario.template_changes() == 3);
  CHECK(scenario.rollbacks().size() == 3);
  CHECK(scenario.violations() == no_violations);
}

//  api breaches; it waits for approval together with db ---- web is shipped ---- one approval is
//  requested for all three
TEST_CASE("requests approval again when another member is shipped before the approval") {
  GoodGroup scenario;
  scenario.set_mode("Approve");
  scenario.ship("db", "app:v3");
  scenario.ship("api", "app:v2");
  REQUIRE(scenario.run_until([&] { return !pending_group_rollbacks(scenario).empty(); }, 10min));
  const std::string first_rollback = pending_group_rollbacks(scenario).front();
  scenario.run_for(1min);
  CHECK(scenario.rollbacks().size() == 1);
  scenario.ship("web", "app:v3");
  scenario.run_for(1s);
  approve(scenario, first_rollback);
  scenario.run_for(1min);
  CHECK(scenario.template_changes() == 0);
  CHECK(phase_of(scenario, first_rollback) == RollbackPhase::Superseded);
  REQUIRE(pending_group_rollbacks(scenario).size() == 1);
  approve(scenario, pending_group_rollbacks(scenario).front());
  REQUIRE(scenario.all_roll_back_within(10min));
  scenario.run_for(1min);
  CHECK(scenario.template_changes() == 3);
  CHECK(scenario.rollbacks().size() == 4);
  CHECK(scenario.violations() == no_violations);
}

//  api waits for approval ---- mail is created in the same group, and not evaluated yet
TEST_CASE("still requires approval when a Deployment joins the group before the approval") {
  BadGroup scenario;
  scenario.set_mode("Approve");
  REQUIRE(scenario.run_until([&] { return !pending_group_rollbacks(scenario).empty(); }, 10min));
  scenario.deploy("mail", "app:v1", group_annotations(4), 1);
  scenario.run_for(3min);
  CHECK(scenario.template_changes() == 0);
  for (const NameAndPhase& record : scenario.rollbacks())
    CHECK_THAT(record.name, Catch::Matchers::StartsWith("api-2"));
}

//  db is good and is paused for 3 minutes; api is bad      all roll back after the pause
TEST_CASE("holds a group until the pause of one member is over") {
  BadGroup scenario;
  const auto pause_end = scenario.clock.now() + 3min;
  scenario.annotate("db", {{"lastgood.dev/pause-until", lastgood::format_rfc3339(pause_end)}});
  REQUIRE(scenario.run_until([&] { return scenario.state("api") == held(Reason::GroupBlocked); },
                             2min));
  CHECK(scenario.run_until([&] { return scenario.clock.now() >= pause_end - 1s; }, 5min));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.run_until([&] { return scenario.image("db") == "app:v1"; }, 10s));
  CHECK(scenario.all_roll_back_within(5min));
}

//  db and web are healthy; api fails 8 minutes after the release, when their preflights are old
TEST_CASE("rolls back a group without delay when one member breaches long after the release") {
  GoodGroup scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "15m"}}}});
  scenario.cluster.health["app:v2"] = {.status = 200};
  for (const char* name : {"db", "web"}) scenario.ship(name, "app:v3");
  scenario.ship("api", "app:v2");
  scenario.run_for(8min);
  CHECK(scenario.state("api") == evaluating(Reason::Baking));
  scenario.cluster.health["app:v2"] = {.status = 503};
  REQUIRE(scenario.run_until(
      [&] {
        return scenario.is_in_state("api", State::RollingBack) ||
               scenario.is_in_state("db", State::RollingBack);
      },
      2min));
  CHECK(scenario.run_until(
      [&] { return scenario.image("db") == "app:v1" && scenario.image("api") == "app:v1"; }, 30s));
  CHECK(scenario.all_roll_back_within(2min));
  CHECK(scenario.template_changes() == 3);
}

//  web (bad) and cron are one group; cron is not opted in ---- it opts in
TEST_CASE("holds a group with a member that is not opted in, and names the member") {
  Scenario scenario(1);
  scenario.annotate("web", group_annotations(1));
  scenario.deploy("cron", "app:v1", {{"lastgood.dev/group", "shop"}}, 1);
  scenario.start_controller();
  scenario.ship_bad_release();
  scenario.run_for(3min);
  CHECK(scenario.state("web") == held(Reason::GroupBlocked));
  CHECK(scenario.server.find("deploymentguards", {shop, "cron"}) == nullptr);
  const std::string message =
      scenario.server.find("deploymentguards", {shop, "web"})->at("status").at("message");
  CHECK_THAT(
      message,
      Catch::Matchers::EndsWith(
          "cron cannot be rolled back: it is not guarded. Opt it in, or remove its annotation "
          "lastgood.dev/group"));
  CHECK(scenario.template_changes() == 0);
  scenario.annotate("cron", group_annotations(2));
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}
