// How many records of rollbacks are kept, whatever the watch shows of them and whenever.
#include <algorithm>

#include "simulation/people.hpp"

using namespace lastgood::simulation;

namespace {

// v2 is good, and so often a rollback to v1 is rehearsed.
struct RehearsedStory : GoodStory {
  void rehearse(int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string name = "rehearsal-" + std::to_string(i + 10);
      ask_for_rollback(*this, name, {{"deployment", "web"}, {"drill", true}});
      REQUIRE(run_until([&] { return phase_of(*this, name) == "Succeeded"; }, 1min));
    }
  }

  void check_kept(int from, int to) const {
    std::vector<std::string> newest;
    for (int i = from; i < to; ++i) newest.push_back("rehearsal-" + std::to_string(i + 10) + ": Succeeded");
    CHECK(rollbacks() == newest);
    CHECK(broken_promises() == std::vector<std::string>{});
  }
};

}  // namespace

//  rehearsal:  0 ... 19 20            watch:  0 ... 19 ------------ 20
TEST_CASE("the newest twenty records are kept although the watch shows the last one late") {
  RehearsedStory story;
  story.rehearse(0, 20);
  story.at_each_write = [&] {
    if (phase_of(story, "rehearsal-30") == "Succeeded") story.server.watches().hold("rollbacks");
  };
  story.rehearse(20, 21);
  story.run_for(10s);
  story.at_each_write = nullptr;
  story.server.watches().release("rollbacks");
  story.run_for(10s);
  story.check_kept(1, 21);
}

TEST_CASE("the newest twenty records are kept although a deletion fails") {
  RehearsedStory story;
  story.rehearse(0, 20);
  int failed = 0;
  story.script = [&](const Attempt& attempt) {
    const bool deletes = attempt.call.verb == lastgood::api::Verb::Delete && attempt.about("/rollbacks/");
    return deletes && ++failed <= 2 ? Mishap::Broken : Mishap::None;
  };
  story.rehearse(20, 22);
  story.run_for(1min);
  CHECK(failed > 2);
  story.check_kept(2, 22);
}

//  rehearsal:  0 ... 19 20 killed    the next leader takes away what the last one left
TEST_CASE("the newest twenty records are kept by the leader that follows one that was killed over it") {
  RehearsedStory story;
  story.rehearse(0, 20);
  story.script = [&](const Attempt& attempt) {
    return attempt.call.verb == lastgood::api::Verb::Delete ? Mishap::Broken : Mishap::None;
  };
  story.rehearse(20, 22);
  story.kill("one");
  story.script = {};
  story.start("two");
  story.run_for(1min);
  story.check_kept(2, 22);
}

TEST_CASE("an API server that never lets a record be deleted is asked once for each, and keeps nobody from being put back") {
  RehearsedStory story;
  story.rehearse(0, 20);
  int refused = 0;
  story.script = [&](const Attempt& attempt) {
    if (attempt.call.verb != lastgood::api::Verb::Delete) return Mishap::None;
    ++refused;
    return Mishap::NotAdmitted;
  };
  story.rehearse(20, 21);
  story.run_for(10min);
  CHECK(refused >= 1);
  CHECK(refused <= 2);
  CHECK(story.rollbacks().size() == 21);
  story.cluster.health["app:v3"] = {.status = 503};
  story.ship("web", "app:v3");
  // Three failures, 4 s apart, once it runs.
  CHECK(story.run_until([&] { return story.image("web") == "app:v2"; }, 30s));
}
