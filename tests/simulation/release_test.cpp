// Releases that are good, and releases that are put back.
#include <algorithm>

#include "simulation/story.hpp"

using namespace lastgood::simulation;

//  v1 runs ------.                      .---- v1 runs again, and is verified
//                 v2: 503, 503, 503 ----'
TEST_CASE("a bad release is put back to the revision that ran before it") {
  Story story;
  story.settle();
  story.ship_bad();
  CHECK(story.put_back());
  story.check_clean_end();
  CHECK(story.events() == std::vector<std::string>{"PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached",
                                                   "RollbackStarted", "RolledBack", "RollbackVerified"});
}

//  v1 ----.        .---- v1 ----.                .---- v1
//          v2: 503 '             v2 again: 503 --'
TEST_CASE("a bad template that a person ships again is judged afresh and put back again") {
  Story story;
  story.settle();
  story.ship_bad();
  REQUIRE(story.put_back());
  story.run_for(1min);
  story.ship_bad();
  CHECK(story.run_until([&] { return story.is_in("web", "Watching"); }, 1min));
  CHECK(story.put_back());
  CHECK(story.image("web") == "app:v1");
  CHECK(story.template_changes() == 2);
  CHECK(story.rollbacks().size() == 2);
  CHECK(story.broken_promises().empty());
}

//  v1 ----.        .---- v1 ----.                                .---- v3
//          v2: 503 '             v3: bakes, good ---- v4: crashes '
TEST_CASE("after a good release has baked, a bad one goes back to it and not to anything older or bad") {
  Story story;
  story.cluster.health["app:v4"] = {.starts = false};
  story.settle();
  story.ship_bad();
  REQUIRE(story.put_back());
  story.ship("web", "app:v3");
  CHECK(story.run_until([&] { return story.state("web") == "Idle/Good"; }, 5min));
  story.run_for(10s);
  story.ship("web", "app:v4");
  CHECK(story.run_until([&] { return story.is_in("web", "RollingBack"); }, 5min));
  CHECK(story.put_back());
  CHECK(story.image("web") == "app:v3");
  CHECK(story.rolled_out("web"));
  CHECK(story.template_changes() == 2);
  CHECK(story.broken_promises().empty());
}

//  v1 ---- v2 fails once ---- v3 comes before v2 is judged, and is good: nothing is put back
TEST_CASE("a newer release during the judgement takes the place of the one that was judged") {
  Story story;
  story.settle();
  story.ship_bad();
  REQUIRE(story.run_until([&] { return std::ranges::count(story.events(), "CheckFailing") == 1; }, 2min));
  story.ship("web", "app:v3");
  CHECK(story.run_until([&] { return story.state("web") == "Idle/Good"; }, 5min));
  CHECK(story.image("web") == "app:v3");
  CHECK(story.template_changes() == 0);
  CHECK(story.rollbacks().empty());
}

//  v1 ---- v2: its pods never get ready, so v1's pods stay ---- (deadline) ---- v1
TEST_CASE("a release whose pods never get ready is put back when its progress deadline has passed") {
  Story story;
  story.cluster.health["app:v2"] = {.ready = false};
  story.settle();
  story.ship_bad();
  CHECK(story.put_back(20min));
  story.check_clean_end();
}

TEST_CASE("a Deployment that did not opt in is never written to, whatever becomes of it") {
  Story story;
  story.deploy("other", "app:v1", lastgood::codec::Json::object());
  story.settle();
  story.ship("other", "app:v2");
  story.run_for(30min);
  CHECK(story.image("other") == "app:v2");
  CHECK(story.state("other").empty());
  CHECK(story.broken_promises().empty());
}
