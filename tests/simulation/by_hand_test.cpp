// What a person asks for that is not the last good revision, and what they say no to: also over the end of a controller.
#include "simulation/people.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

namespace {

// v1 and v2 are good, v3 has just come.
struct OlderStory : GoodStory {
  OlderStory() {
    cluster.health["app:v3"] = {.status = 200};
    ship("web", "app:v3");
    REQUIRE(run_until([&] { return is_in("web", "Watching"); }, 1min));
  }
};

}  // namespace

//  person:  Rollback {deployment: web, toRevision: 1}, and the last good one is 2
//  one:     bound . patch . ownership . status ...      killed after any of them
TEST_CASE("a rollback to an older revision than the last good one is done once, wherever the controller is killed") {
  for (int k = 0; k <= 12; ++k) {
    INFO("killed after write " << k);
    OlderStory story;
    if (k > 0) story.kill_at_write(k);
    ask_for_rollback(story, "back", {{"deployment", "web"}, {"toRevision", 1}});
    story.run_until([&] { return !story.runs("one"); }, 20s);
    if (!story.runs("one")) story.start("two");
    check_done_once(story, "back");
  }
}

TEST_CASE("a rollback to an older revision that a pause interrupts is done once that is over") {
  OlderStory story;
  story.kill_at_write(1);
  ask_for_rollback(story, "back", {{"deployment", "web"}, {"toRevision", 1}});
  REQUIRE(story.run_until([&] { return !story.runs("one"); }, 1min));
  story.merge("deployments", "web", {{"spec", {{"paused", true}}}});
  story.start("two");
  story.run_for(2min);
  CHECK(story.template_changes() == 0);
  story.merge("deployments", "web", {{"spec", {{"paused", false}}}});
  check_done_once(story, "back");
}

//  policy:  Enforce ---- Approve        watch:  Enforce ..................
TEST_CASE("a policy that asks for approval is asked although its watch lags behind") {
  Story story;
  story.settle();
  story.server.watches().hold("rollbackpolicies");
  story.merge("rollbackpolicies", "web", {{"spec", {{"mode", "Approve"}}}});
  story.ship_bad();
  story.run_for(2min);
  CHECK(story.image("web") == "app:v2");
  CHECK(story.template_changes() == 0);
  story.server.watches().release("rollbackpolicies");
  REQUIRE(story.run_until([&] { return story.state("web") == "Held/AwaitingApproval"; }, 1min));
  const auto record = story.rollbacks().at(0);
  story.merge("deployments", "web",
              {{"metadata", {{"annotations", {{"lastgood.dev/approve", record.substr(0, record.find(':'))}}}}}});
  CHECK(story.put_back());
  story.check_clean_end();
}

//  nine fail by what they share, one after the other; then it gets well, and so do they, one after the other
TEST_CASE("the breaker stays open while those that it holds get well one after the other") {
  Story story(1);
  story.breaker = {.rollbacks = 5, .percent = 10};
  for (int i = 0; i < 9; ++i) story.deploy("web-" + std::to_string(i), "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  story.run_for(1min);
  story.settle();
  story.run_for(1min);
  for (int i = 0; i < 9; ++i) {
    story.ship("web-" + std::to_string(i), "app:v2");
    story.run_for(700ms);
  }
  REQUIRE(story.run_until([&] { return story.state("web-8") == "Held/BreakerOpen"; }, 3min));
  const bool is_restarted = GENERATE(false, true);
  if (is_restarted) {
    story.run_for(6min);
    story.kill("one");
    story.start("two");
    REQUIRE(story.run_until([&] { return story.events().size() > 0 && story.runs("two"); }, 1min));
    story.run_for(30s);
  }
  story.cluster.health["app:v2"] = {.status = 200};
  CHECK(story.run_until([&] { return story.state("web-8") == "Idle/Good"; }, 5min));
  CHECK(story.template_changes() == 0);
  CHECK(story.broken_promises() == std::vector<std::string>{});
}
