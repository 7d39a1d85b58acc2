// What people and other Deployments have a say in, and a controller that is killed after any of its writes meanwhile.
#include "simulation/people.hpp"

namespace lastgood::simulation {

using codec::Json;

namespace {

int writes_from(World& world, const std::function<void()>& story) {
  const auto before = world.controllers_writes().size();
  story();
  return static_cast<int>(world.controllers_writes().size() - before);
}

}  // namespace

//  person:  Rollback {deployment: web}
//  one:     bound . patch . ownership . status ...      killed after any of them
//  two:              '---- finishes, with one change of the template
TEST_CASE("a rollback by hand is done once, wherever the controller is killed") {
  GoodStory whole;
  const int writes = writes_from(whole, [&] {
    ask_for_rollback(whole, "back", {{"deployment", "web"}});
    REQUIRE(whole.run_until([&] { return phase_of(whole, "back") == "Succeeded"; }, 5min));
  });
  check_done_once(whole, "back");
  for (int k = 1; k <= writes; ++k) {
    INFO("killed after write " << k << " of " << writes);
    GoodStory story;
    story.kill_at_write(k);
    ask_for_rollback(story, "back", {{"deployment", "web"}});
    story.run_until([&] { return !story.runs("one"); }, 2min);
    story.start("two");
    check_done_once(story, "back");
  }
}

TEST_CASE("a drill changes no template, and says how it went") {
  GoodStory story;
  ask_for_rollback(story, "drill", {{"deployment", "web"}, {"drill", true}});
  REQUIRE(story.run_until([&] { return phase_of(story, "drill") == "Succeeded"; }, 1min));
  story.run_for(1min);
  CHECK(story.image("web") == "app:v2");
  CHECK(story.template_changes() == 0);
  CHECK(story.server.find("deploymentguards", {shop, "web"})->contains(Json::json_pointer("/status/lastDrill/passed")));
}

TEST_CASE("a request for a Deployment that is not there, or not guarded, is refused and touches nothing") {
  GoodStory story;
  story.deploy("other", "app:v1", Json::object(), 1);
  ask_for_rollback(story, "gone", {{"deployment", "nobody"}});
  ask_for_rollback(story, "stranger", {{"deployment", "other"}});
  CHECK(story.run_until([&] { return phase_of(story, "gone") == "Refused"; }, 1min));
  CHECK(story.run_until([&] { return phase_of(story, "stranger") == "Refused"; }, 1min));
  const auto writes = story.controllers_writes().size();
  story.run_for(5min);
  CHECK(story.controllers_writes().size() == writes);
  CHECK(story.template_changes() == 0);
}

//  one:  record (Pending) ........ approved by a person ---- patch      killed after any write
TEST_CASE("what waits for approval is done once after it, and not before, wherever the controller is killed") {
  for (int k = 1; k <= 12; ++k) {
    INFO("killed after write " << k);
    Story story;
    Json policy = quick_policy();
    policy["mode"] = "Approve";
    story.merge("rollbackpolicies", "web", {{"spec", policy}});
    story.settle();
    story.ship_bad();
    story.kill_at_write(k);
    story.run_for(1min);
    if (!story.runs("one")) story.start("two");
    REQUIRE(story.run_until([&] { return story.state("web") == "Held/AwaitingApproval"; }, 3min));
    story.run_for(1min);
    CHECK(story.template_changes() == 0);
    const auto records = story.rollbacks();
    REQUIRE(records.size() == 1);
    story.merge("rollbacks", records[0].substr(0, records[0].find(':')), {{"spec", {{"approved", true}}}});
    if (!story.runs("one") && !story.runs("two")) story.start("three");
    story.run_until([&] { return !story.runs("one"); }, 10s);
    if (!story.runs("one") && !story.runs("two")) story.start("two");
    CHECK(story.put_back());
    story.run_for(15s);
    CHECK(story.image("web") == "app:v1");
    CHECK(story.template_changes() == 1);
    CHECK(story.broken_promises() == std::vector<std::string>{});
  }
}

//  a dependency of all is down: each fails at the same time
TEST_CASE("the breaker holds a fleet that fails together, and lets go when it has got well") {
  Story story(1);
  story.breaker = {.rollbacks = 5, .percent = 10};
  for (int i = 0; i < 9; ++i) story.deploy("web-" + std::to_string(i), "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  story.run_for(1min);
  story.settle();
  story.run_for(1min);
  for (int i = 0; i < 9; ++i) story.ship("web-" + std::to_string(i), "app:v2");
  story.run_for(3min);
  for (int i = 0; i < 9; ++i) CHECK(story.state("web-" + std::to_string(i)) == "Held/BreakerOpen");
  CHECK(story.template_changes() == 0);
  CHECK(story.broken_promises() == std::vector<std::string>{});
  story.cluster.health["app:v2"] = {.status = 200};
  CHECK(story.run_until([&] { return story.state("web-8") == "Idle/Good"; }, 3min));
  CHECK(story.template_changes() == 0);
}

//  db (1)   api (2, bad)   web (3)        released together: go back in this order, each once
TEST_CASE("a group that was released together goes back together, in its order and once, wherever the controller is killed") {
  GroupStory whole;
  REQUIRE(whole.all_back(10min));
  CHECK(whole.template_changes() == 3);
  CHECK(whole.broken_promises() == std::vector<std::string>{});
  std::vector<std::string> order;
  for (const Write& write : whole.controllers_writes()) {
    if (write.changed_template) order.push_back(write.route.name);
  }
  CHECK(order == std::vector<std::string>{"db", "api", "web"});
  for (int k = 1; k <= 30; k += 2) {
    INFO("killed after write " << k);
    GroupStory story;
    story.kill_at_write(k);
    story.run_until([&] { return !story.runs("one"); }, 3min);
    if (!story.runs("one")) story.start("two");
    CHECK(story.all_back(10min));
    CHECK(story.template_changes() == 3);
    CHECK(story.broken_promises() == std::vector<std::string>{});
  }
}

//  web (bad) and cron of one group; cron is not opted in
TEST_CASE("a group with a member that is not guarded stays, and says whom to opt in") {
  Story story(1);
  story.merge("deployments", "web", {{"metadata", {{"annotations", in_group(1)}}}});
  story.deploy("cron", "app:v1", {{"lastgood.dev/group", "shop"}}, 1);
  story.settle();
  story.ship_bad();
  story.run_for(3min);
  CHECK(story.state("web") == "Held/GroupBlocked");
  CHECK(story.server.find("deploymentguards", {shop, "cron"}) == nullptr);
  const std::string message = story.server.find("deploymentguards", {shop, "web"})->at("status").at("message");
  CHECK(message.ends_with("cron cannot: it is not guarded; opt it in, or take its lastgood.dev/group away"));
  CHECK(story.template_changes() == 0);
  story.merge("deployments", "cron", {{"metadata", {{"annotations", in_group(2)}}}});
  CHECK(story.put_back());
  story.check_clean_end();
}

}  // namespace lastgood::simulation
