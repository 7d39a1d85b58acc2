// Whose failure it is, while pods come and go under the questions that they are asked.
#include "simulation/story.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// `health` is asked each 4 s, and an answer may take as long as 3 s.
struct PatientStory : Story {
  PatientStory(int replicas, int threshold) : Story(replicas) {
    Json spec = quick_policy();
    spec["bakeTime"] = "30m";
    spec["checks"][0]["http"]["timeout"] = "3s";
    spec["checks"][0]["failureThreshold"] = threshold;
    merge("rollbackpolicies", "web", {{"spec", spec}});
    settle();
  }
};

}  // namespace

//  v1   asked ........ stopped      "it refused": by being stopped
//  v2     pending   ready   503     503     503 -> put back
TEST_CASE("the last pod of the old revision that is stopped while it is asked does not take the blame for the new one") {
  PatientStory story(1, 3);
  story.cluster.health["app:v1"] = {.answers_in = 2500ms};
  story.ship_bad();
  CHECK(story.put_back());
  story.check_clean_end();
}

//  v2   asked ........ answers 200
//         four pods -> one
TEST_CASE("pods of a good release that are taken away while they are asked do not make it a bad one") {
  PatientStory story(4, 1);
  story.cluster.health["app:v3"] = {.answers_in = 2500ms};
  story.ship("web", "app:v3");
  REQUIRE(story.run_until([&] { return story.state("web") == "Watching/Baking"; }, 1min));
  for (int i = 0; i < 8; ++i) {
    story.merge("deployments", "web", {{"spec", {{"replicas", i % 2 == 0 ? 1 : 4}}}});
    story.run_for(5s);
  }
  CHECK(story.state("web") == "Watching/Baking");
  CHECK(story.image("web") == "app:v3");
  CHECK(story.rollbacks().empty());
}
