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
    check_done_once(story, "back");
  }
}

TEST_CASE("a Rollback that is deleted while it waits for approval is not done, whatever is approved later") {
  Story story;
  lastgood::codec::Json policy = quick_policy();
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

//  one: Held AwaitingApproval   killed ---- record deleted ---- two
TEST_CASE("a Rollback that is deleted while nobody leads is not done either") {
  Story story;
  lastgood::codec::Json policy = quick_policy();
  policy["mode"] = "Approve";
  story.merge("rollbackpolicies", "web", {{"spec", policy}});
  story.settle();
  story.ship_bad();
  REQUIRE(story.run_until([&] { return story.state("web") == "Held/AwaitingApproval"; }, 3min));
  story.run_for(10s);
  story.kill("one");
  const std::string record = story.rollbacks().at(0);
  const std::string name = record.substr(0, record.find(':'));
  story.person({.verb = Verb::Delete, .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks/" + name});
  policy["mode"] = "Enforce";
  story.merge("rollbackpolicies", "web", {{"spec", policy}});
  story.start("two");
  story.run_for(3min);
  CHECK(story.state("web") == "Held/Declined");
  CHECK(story.template_changes() == 0);
}

//  one: Held AwaitingApproval   killed ---- record deleted ---- two, whose watch of Rollbacks stands still
TEST_CASE("a Rollback that is deleted while nobody leads is not done by one whose watch lags either") {
  Story story;
  lastgood::codec::Json policy = quick_policy();
  policy["mode"] = "Approve";
  story.merge("rollbackpolicies", "web", {{"spec", policy}});
  story.settle();
  story.start("two");
  story.ship_bad();
  REQUIRE(story.run_until([&] { return story.state("web") == "Held/AwaitingApproval"; }, 3min));
  story.run_for(10s);
  story.server.watches().hold("rollbacks");
  story.kill("one");
  const std::string record = story.rollbacks().at(0);
  const std::string name = record.substr(0, record.find(':'));
  story.person({.verb = Verb::Delete, .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks/" + name});
  policy["mode"] = "Enforce";
  story.merge("rollbackpolicies", "web", {{"spec", policy}});
  story.run_for(3min);
  CHECK(story.state("web") == "Held/Declined");
  CHECK(story.template_changes() == 0);
}

//  record ---- v3 by a person, and the watch falls silent ----     one record, and no more of them
TEST_CASE("a release that a person has replaced behind a watch that lags is recorded once, not over and over") {
  Story story;
  story.settle();
  bool is_shipped = false;
  story.script = [&](const Attempt& attempt) {
    if (!is_shipped && attempt.user != "alice" && attempt.call.verb == Verb::Post && attempt.about("/rollbacks")) {
      is_shipped = true;
      story.server.watches().hold("deployments");
      story.ship("web", "app:v3");
    }
    return Mishap::None;
  };
  story.ship_bad();
  REQUIRE(story.run_until([&] { return is_shipped; }, 3min));
  story.run_for(30s);
  CHECK(story.rollbacks().size() == 1);
  CHECK(story.image("web") == "app:v3");
  CHECK(story.template_changes() == 0);
  story.server.watches().release("deployments");
  CHECK(story.run_until([&] { return story.state("web") == "Idle/Good"; }, 5min));
}

//  guards of Deployments that are gone stand at BreakerOpen
TEST_CASE("guards that have outlived their Deployments do not hold the breaker open") {
  Story story;
  story.breaker = {.rollbacks = 1, .percent = 1};
  for (const char* name : {"gone-1", "gone-2", "gone-3"}) {
    const lastgood::codec::Json guard{
        {"apiVersion", "lastgood.dev/v1alpha1"},
        {"kind", "DeploymentGuard"},
        {"metadata", {{"name", name}, {"namespace", shop}}},
        {"status",
         {{"deploymentUid", "gone"},
          {"policy", "RollbackPolicy/web"},
          {"state", "Held"},
          {"reason", "BreakerOpen"},
          {"checks", {{{"name", "health"}, {"result", "Fail"}, {"failures", 3}, {"failureThreshold", 3}, {"breached", true}}}}}}};
    story.server.create("deploymentguards", guard);
  }
  story.settle();
  story.ship_bad();
  CHECK(story.put_back());
  story.check_clean_end();
}
