// Deployments that change together, in one process: who is asked, and for how long one of them holds the others.
#include "base/time.hpp"
#include "simulation/people.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;
using lastgood::api::Verb;

namespace {

void set_mode(World& world, const char* mode) { world.merge("rollbackpolicies", "web", {{"spec", {{"mode", mode}}}}); }

// The Rollbacks that wait for a person and call a group.
std::vector<std::string> calls_that_wait(const World& world) {
  std::vector<std::string> names;
  for (const auto* rollback : world.server.all("rollbacks", shop)) {
    const bool waits = rollback->value(Json::json_pointer("/status/phase"), std::string()) == "Pending";
    if (waits && (*rollback)["spec"].contains("group")) names.push_back((*rollback)["metadata"]["name"]);
  }
  return names;
}

void approve(World& world, const std::string& name) { world.merge("rollbacks", name, {{"spec", {{"approved", true}}}}); }

}  // namespace

//  db, api and web are bad and breach at the same moment; what one of them records arrives late
TEST_CASE("members of a group that breach together ask a person once, also while the first record is still being written") {
  GroupStory story;
  story.cluster.health["app:v3"] = {.status = 503};
  set_mode(story, "Approve");
  const bool is_slow = GENERATE(false, true);
  const auto until = story.clock.steady() + 90s;
  story.script = [&](const Attempt& attempt) {
    const bool is_record = attempt.call.verb == Verb::Post && attempt.about("/rollbacks");
    return is_slow && is_record && story.clock.steady() < until ? Mishap::Hang : Mishap::None;
  };
  REQUIRE(story.run_until([&] { return !calls_that_wait(story).empty(); }, 10min));
  story.run_for(2min);
  CHECK(story.template_changes() == 0);
  REQUIRE(calls_that_wait(story).size() == 1);
  approve(story, calls_that_wait(story).front());
  REQUIRE(story.all_back(10min));
  story.run_for(1min);
  CHECK(story.template_changes() == 3);
  CHECK(story.rollbacks().size() == 3);
  CHECK(story.broken_promises() == std::vector<std::string>{});
}

//  api breaches, and waits for a person together with db ---- web is shipped ---- all three are asked for at once
TEST_CASE("a person who approved of a call is asked again when another of the group has been shipped meanwhile") {
  GoodGroupStory story;
  set_mode(story, "Approve");
  story.ship("db", "app:v3");
  story.ship("api", "app:v2");
  REQUIRE(story.run_until([&] { return !calls_that_wait(story).empty(); }, 10min));
  const std::string first = calls_that_wait(story).front();
  story.run_for(1min);
  CHECK(story.rollbacks().size() == 1);
  story.ship("web", "app:v3");
  story.run_for(1s);
  approve(story, first);
  story.run_for(1min);
  CHECK(story.template_changes() == 0);
  CHECK(phase_of(story, first) == "Superseded");
  REQUIRE(calls_that_wait(story).size() == 1);
  approve(story, calls_that_wait(story).front());
  REQUIRE(story.all_back(10min));
  story.run_for(1min);
  CHECK(story.template_changes() == 3);
  CHECK(story.rollbacks().size() == 4);
  CHECK(story.broken_promises() == std::vector<std::string>{});
}

//  api waits for a person ---- mail is made, of the same group, and not looked at yet ----      nobody is called by that
TEST_CASE("a Deployment that joins a group while a person is asked lets nobody be touched without the person") {
  GroupStory story;
  set_mode(story, "Approve");
  REQUIRE(story.run_until([&] { return !calls_that_wait(story).empty(); }, 10min));
  story.deploy("mail", "app:v1", in_group(4), 1);
  story.run_for(3min);
  CHECK(story.template_changes() == 0);
  for (const std::string& record : story.rollbacks()) CHECK(record.starts_with("api-2"));
}

//  db is good, and to be left alone for 3 minutes; api is bad      all of them go back when that is over
TEST_CASE("one that is to be left alone for a while holds its group until then, and no longer") {
  GroupStory story;
  const auto over = story.clock.now() + 3min;
  story.merge("deployments", "db",
              {{"metadata", {{"annotations", {{"lastgood.dev/pause-until", lastgood::format_rfc3339(over)}}}}}});
  REQUIRE(story.run_until([&] { return story.state("api") == "Held/GroupBlocked"; }, 2min));
  CHECK(story.run_until([&] { return story.clock.now() >= over - 1s; }, 5min));
  CHECK(story.template_changes() == 0);
  CHECK(story.run_until([&] { return story.image("db") == "app:v1"; }, 10s));
  CHECK(story.all_back(5min));
}

//  db and web are good at once; api only fails 8 minutes later      they were asked long ago whether they could go back
TEST_CASE("those that are called long after they were released go back without delay, and are not looked at over and over") {
  GoodGroupStory story;
  lastgood::codec::Json policy = quick_policy();
  policy["bakeTime"] = "15m";
  story.merge("rollbackpolicies", "web", {{"spec", policy}});
  story.cluster.health["app:v2"] = {.status = 200};
  for (const char* name : {"db", "web"}) story.ship(name, "app:v3");
  story.ship("api", "app:v2");
  story.run_for(8min);
  CHECK(story.state("api") == "Watching/Baking");
  story.cluster.health["app:v2"] = {.status = 503};
  REQUIRE(story.run_until([&] { return story.is_in("api", "RollingBack") || story.is_in("db", "RollingBack"); }, 2min));
  CHECK(story.run_until([&] { return story.image("db") == "app:v1" && story.image("api") == "app:v1"; }, 30s));
  CHECK(story.all_back(2min));
  CHECK(story.template_changes() == 3);
}
