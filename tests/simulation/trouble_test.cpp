// The API server is slow, ill, or tells of an old world; people do something at the worst moment.
#include "simulation/story.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

namespace {

const lastgood::codec::Json opt_out{{"metadata", {{"annotations", {{"lastgood.dev/enabled", "false"}}}}}};

bool is_template_patch(const Attempt& attempt) {
  return attempt.call.verb == Verb::Patch && attempt.about("/deployments/web") && attempt.call.body.contains("/spec/template") &&
         !attempt.call.target.contains("dryRun=");
}

bool is_record(const Attempt& attempt) { return attempt.call.verb == Verb::Post && attempt.about("/rollbacks"); }

// Does something once, when a controller's call that fits arrives at the server.
Script at_first(bool (*fits)(const Attempt&), std::function<void()> what) {
  return [fits, what = std::move(what), done = false](const Attempt& attempt) mutable {
    if (!done && attempt.user != "alice" && fits(attempt)) {
      done = true;
      what();
    }
    return Mishap::None;
  };
}

}  // namespace

//  server:     v2 ---- v3 (good)
//  watch:      v2 ................ v3        the controller still sees v2 and judges it
TEST_CASE("a controller whose watch lags behind does not put back a template that a person has already replaced") {
  Story story;
  story.settle();
  story.ship_bad();
  REQUIRE(story.run_until([&] { return story.is_in("web", "Watching"); }, 1min));
  story.server.watches().hold("deployments");
  story.ship("web", "app:v3");
  story.run_for(1min);
  CHECK(story.image("web") == "app:v3");
  CHECK(story.template_changes() == 0);
  story.server.watches().release("deployments");
  CHECK(story.run_until([&] { return story.state("web") == "Idle/Good"; }, 5min));
  CHECK(story.image("web") == "app:v3");
  CHECK(story.template_changes() == 0);
  CHECK(story.broken_promises().empty());
}

//  record ---- v3 by a person ---- patch?   no: v3 is newer
TEST_CASE("a person ships a new template between the record and the patch: it stays, and the rollback is superseded") {
  Story story;
  story.settle();
  story.script = at_first(is_template_patch, [&] { story.ship("web", "app:v3"); });
  story.ship_bad();
  CHECK(story.run_until([&] { return story.state("web") == "Idle/Good"; }, 5min));
  CHECK(story.image("web") == "app:v3");
  CHECK(story.template_changes() == 0);
  REQUIRE(story.rollbacks().size() == 1);
  CHECK(story.rollbacks()[0].ends_with(": Superseded"));
  CHECK(story.broken_promises().empty());
}

//  record ---- scaled by a person ---- patch    the same release still: put back, at the new size
TEST_CASE("scaling at the moment of the rollback is no new template: it is put back and keeps its new size") {
  Story story;
  story.settle();
  story.script = at_first(is_template_patch, [&] { story.merge("deployments", "web", {{"spec", {{"replicas", 3}}}}); });
  story.ship_bad();
  CHECK(story.put_back());
  story.check_clean_end();
  CHECK(story.server.find("deployments", {shop, "web"})->at("spec").at("replicas") == 3);
}

//  record ---- opted out by a person ---- patch?   no
TEST_CASE("a person who opts out at the moment of the rollback keeps the template that is there") {
  Story story;
  story.settle();
  story.script = at_first(is_template_patch, [&] { story.merge("deployments", "web", opt_out); });
  story.ship_bad();
  story.run_for(5min);
  CHECK(story.image("web") == "app:v2");
  CHECK(story.template_changes() == 0);
  CHECK(story.broken_promises().empty());
}

//  policy:   suspended ----------------------
//  watch:    .......................... told         until then the controller believes that it may act
TEST_CASE("a policy that was suspended stops a rollback even while its watch lags behind") {
  Story story;
  story.settle();
  story.server.watches().hold("rollbackpolicies");
  story.merge("rollbackpolicies", "web", {{"spec", {{"suspend", true}}}});
  story.ship_bad();
  story.run_for(2min);
  CHECK(story.image("web") == "app:v2");
  CHECK(story.template_changes() == 0);
  story.server.watches().release("rollbackpolicies");
  story.run_for(1min);
  CHECK(story.image("web") == "app:v2");
  story.merge("rollbackpolicies", "web", {{"spec", {{"suspend", false}}}});
  CHECK(story.put_back());
  story.check_clean_end();
}

//  record ---- deleted, made again ---- patch?   no: another Deployment
TEST_CASE("a Deployment deleted and made again under the same name in the middle is another Deployment") {
  for (auto* moment : {is_record, is_template_patch}) {
    Story story;
    story.settle();
    story.script = at_first(moment, [&] {
      story.remove_deployment("web");
      story.deploy("web", "app:v1", {{"lastgood.dev/policy", "web"}}, 2);
      story.ship("web", "app:v3");  // so that even its generation is the same
    });
    story.ship_bad();
    story.run_for(5min);
    CHECK(story.image("web") == "app:v3");
    CHECK(story.is_in("web", "Idle"));
    CHECK(story.template_changes() == 0);
    CHECK(story.broken_promises().empty());
  }
}

//  v2's events:  | | x | |    each of the first ones lost in turn
TEST_CASE("a watch event that never arrives loses no rollback") {
  for (int skipped = 0; skipped < 6; ++skipped) {
    INFO("lost after " << skipped << " events");
    Story story;
    story.settle();
    story.ship_bad();
    story.run_for(lastgood::Duration(30) * skipped);
    story.server.watches().lose("deployments", 1);
    CHECK(story.put_back());
    story.check_clean_end();
  }
}

//  every watch breaks, and the server has forgotten what happened meanwhile: 410, list again
TEST_CASE("watches that break and whose version has expired are begun anew without missing a release") {
  Story story;
  story.settle();
  story.server.watches().hold("deployments");
  story.ship_bad();
  story.run_for(1s);
  story.server.watches().compact(story.server.version());
  story.server.watches().break_all();
  story.server.watches().release("deployments");
  CHECK(story.put_back());
  story.check_clean_end();
}

//  the Lease cannot be renewed from the record on; "two" takes over and finishes
TEST_CASE("a leader that loses its Lease in the middle of a rollback writes nothing more") {
  Story story;
  story.settle();
  story.start("two");
  story.run_for(5s);
  bool recorded = false;
  story.script = [&](const Attempt& attempt) {
    recorded = recorded || is_record(attempt);
    const bool cut_off = recorded && attempt.user == "one";
    return cut_off && !is_record(attempt) ? Mishap::Hang : Mishap::None;
  };
  story.ship_bad();
  CHECK(story.put_back());
  story.script = {};
  story.run_for(1min);
  story.check_clean_end();
}

//  only the Lease is out of reach: "one" can still write, and must not
TEST_CASE("a leader that can reach everything but its Lease stops writing before another begins") {
  Story story;
  story.settle();
  story.start("two");
  story.run_for(5s);
  story.script = [&](const Attempt& attempt) {
    return attempt.user == "one" && attempt.about("/leases") ? Mishap::Broken : Mishap::None;
  };
  story.ship_bad();
  CHECK(story.put_back());
  story.run_for(1min);
  story.check_clean_end();
}

//  v2 ---- the server is ill for two minutes ---- v1
TEST_CASE("an API server that is ill for two minutes delays a rollback and spoils nothing") {
  for (const Mishap mishap : {Mishap::Slow, Mishap::Broken, Mishap::Hang, Mishap::LoseCall}) {
    INFO("mishap " << static_cast<int>(mishap));
    Story story;
    story.settle();
    story.ship_bad();
    story.run_for(9s);
    story.script = [&](const Attempt&) { return mishap; };
    story.run_for(2min);
    CHECK(story.template_changes() == 0);
    story.script = {};
    story.server.watches().break_all();
    CHECK(story.put_back());
    story.run_for(15s);
    story.check_clean_end();
  }
}

//  every answer to every write is lost for a minute: each is done, and none is believed
TEST_CASE("a server that does every write but answers none for a minute still sees one change of the template") {
  Story story;
  story.settle();
  story.ship_bad();
  story.script = [&](const Attempt& attempt) {
    return attempt.writes() && !attempt.about("/leases") ? Mishap::LoseAnswer : Mishap::None;
  };
  story.run_for(1min);
  story.script = {};
  CHECK(story.put_back());
  story.run_for(15s);
  story.check_clean_end();
}

//  a settled world, for a day; each hour a pod dies and another takes its place
TEST_CASE("a settled world is left in peace for 24 hours, whatever its pods do: no write but the Lease's renewals") {
  Story story;
  story.settle("one", {.duration = 10min, .renew_deadline = 8min, .retry_period = 2min});
  story.ship_bad();
  REQUIRE(story.put_back());
  story.run_for(5min);
  const auto before = story.controllers_writes().size();
  for (int hour = 0; hour < 24; ++hour) {
    const auto& pod = *story.server.all("pods", shop).front();
    story.server.remove("pods", {.namespace_ = shop, .name = pod["metadata"]["name"]});
    story.run_for(1h);
  }
  CHECK(story.rolled_out("web"));
  CHECK(story.controllers_writes().size() == before);
  CHECK(story.state("web") == "Idle/RolledBack");
  CHECK(story.broken_promises().empty());
}

//  a000 ... a149: nobody opted in      web: opted in, and the last that the queue hands out
TEST_CASE("Deployments that did not opt in, however many, never keep one that did from being looked at") {
  Story story;
  for (int i = 0; i < 150; ++i) story.deploy("a" + std::to_string(i), "app:v1", lastgood::codec::Json::object(), 0);
  story.settle();
  CHECK(story.state("web") == "Idle/PresumedGood");
}
