// A person, another member or the network come between what is recorded and what is done.
#include "simulation/people.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

namespace {

bool is_binding(const Attempt& attempt) {
  return attempt.call.verb == Verb::Patch && attempt.about("/rollbacks/back") && attempt.call.body.contains("/spec");
}

Script once(bool (*fits)(const Attempt&), Mishap mishap) {
  return [fits, mishap, done = false](const Attempt& attempt) mutable {
    if (done || attempt.user == "alice" || !fits(attempt)) return Mishap::None;
    done = true;
    return mishap;
  };
}

}  // namespace

TEST_CASE("a request is bound and done once, whether the answer to the binding is lost or it was refused") {
  for (const Mishap mishap : {Mishap::LoseAnswer, Mishap::Broken, Mishap::Conflict}) {
    GoodStory story;
    story.script = once(is_binding, mishap);
    ask_for_rollback(story, "back", {{"deployment", "web"}});
    story.run_until([&] { return phase_of(story, "back") == "Succeeded"; }, 2min);
    CHECK(phase_of(story, "back") == "Succeeded");
    CHECK(story.image("web") == "app:v1");
    CHECK(story.template_changes() == 1);
    CHECK(story.broken_promises() == std::vector<std::string>{});
  }
}

TEST_CASE("a Rollback that is deleted while it waits for approval is not done, whatever is approved later") {
  Story story;
  lastgood::api::Json policy = quick_policy();
  policy["mode"] = "Approve";
  story.merge("rollbackpolicies", "web", {{"spec", policy}});
  story.settle();
  story.ship_bad();
  REQUIRE(story.run_until([&] { return story.state("web") == "Held/AwaitingApproval"; }, 3min));
  const std::string record = story.rollbacks().at(0);
  const std::string name = record.substr(0, record.find(':'));
  story.person({.verb = Verb::Delete, .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks/" + name});
  REQUIRE(story.run_until([&] { return story.state("web") == "Held/Declined"; }, 1min));
  story.run_for(2s);
  if (GENERATE(false, true)) {
    story.kill("one");
    story.start("two");
  }
  story.merge("deployments", "web", {{"metadata", {{"annotations", {{"lastgood.dev/approve", name}}}}}});
  story.run_for(3min);
  CHECK(story.image("web") == "app:v2");
  CHECK(story.template_changes() == 0);
}

TEST_CASE("a request that is applied with its Deployment is not refused because it was seen first") {
  GoodStory story;
  ask_for_rollback(story, "early", {{"deployment", "late"}});
  story.run_for(1s);
  story.deploy("late", "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  REQUIRE(story.run_until([&] { return phase_of(story, "early") == "Refused"; }, 1min));
  const auto* rollback = story.server.find("rollbacks", {shop, "early"});
  CHECK(rollback->at("status").at("message").get<std::string>().starts_with("NoLastGood"));
}

//  db, api and web are all bad, and breach at the same moment: one calls, the others follow
TEST_CASE("members of a group that breach together go back once each, and do not wait for each other") {
  GroupStory story;
  story.cluster.health["app:v3"] = {.status = 503};
  REQUIRE(story.all_back(10min));
  story.run_for(5min);
  CHECK(story.template_changes() == 3);
  for (const char* name : {"db", "api", "web"}) CHECK(story.image(name) == "app:v1");
  CHECK(story.broken_promises() == std::vector<std::string>{});
}

//  dry run: admitted ---- a policy forbids the old template ---- patch: 422      once, and then it is asked without doing it
TEST_CASE("a template that is refused at the last moment is not tried over and over, and goes back when it is admitted") {
  Story story;
  story.settle();
  int tried = 0;
  bool forbids = false;
  story.script = [&](const Attempt& attempt) {
    const bool is_patch =
        attempt.call.verb == Verb::Patch && attempt.about("/deployments/web") && attempt.call.body.contains("/spec/template");
    if (!is_patch || attempt.user == "alice") return Mishap::None;
    const bool is_dry_run = attempt.about("dryRun=");
    if (!is_dry_run && tried == 0) forbids = true;
    if (!is_dry_run) ++tried;
    return forbids ? Mishap::NotAdmitted : Mishap::None;
  };
  story.ship_bad();
  REQUIRE(story.run_until([&] { return story.state("web") == "Held/Refused"; }, 3min));
  story.run_for(3min);
  CHECK(story.state("web") == "Held/Refused");
  CHECK(tried == 1);
  forbids = false;
  tried = 1;
  CHECK(story.put_back());
  story.check_clean_end();
}
