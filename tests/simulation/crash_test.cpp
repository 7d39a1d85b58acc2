// A controller dies, or loses an answer, at every point of a rollback; what comes after finishes it.
#include <array>

#include "simulation/story.hpp"

using namespace lastgood::simulation;

namespace {

// How many writes the story has from v2 to its clean end, when nothing goes wrong.
int writes_of_the_story() {
  static const int count = [] {
    Story story;
    story.settle();
    const auto before = story.controllers_writes().size();
    story.ship_bad();
    REQUIRE(story.put_back());
    story.run_for(15s);
    return static_cast<int>(story.controllers_writes().size() - before);
  }();
  return count;
}

}  // namespace

//  one: record . patch . ownership . status ...
//              ^ killed after any of them
//  two:            '---- takes the Lease when it has run out, and finishes
TEST_CASE("a controller killed after any of its writes: the next one finishes the rollback, with one change of the template") {
  const int writes = writes_of_the_story();
  REQUIRE(writes > 8);
  for (int k = 1; k <= writes; ++k) {
    INFO("killed after write " << k << " of " << writes);
    Story story;
    story.settle();
    story.kill_at_write(k);
    story.ship_bad();
    REQUIRE(story.run_until([&] { return !story.runs("one"); }, 10min));
    story.start("two");
    story.put_back();
    story.run_for(15s);
    story.check_clean_end();
  }
}

//  one: leads -----------x killed after any write
//  two: stands by -------'---- leads: finishes
TEST_CASE("a standby that was there all the time finishes what a killed leader began") {
  const int writes = writes_of_the_story();
  for (int k = 1; k <= writes; ++k) {
    INFO("killed after write " << k << " of " << writes);
    Story story;
    story.settle();
    story.start("two");
    story.run_for(5s);
    story.kill_at_write(k);
    story.ship_bad();
    REQUIRE(story.run_until([&] { return !story.runs("one"); }, 10min));
    story.put_back();
    story.run_for(15s);
    story.check_clean_end();
  }
}

//  one: write --> done by the server, its answer is lost --> goes on
TEST_CASE("the answer of any one write is lost: the rollback is finished, with one change of the template") {
  const int writes = writes_of_the_story();
  for (int k = 1; k <= writes; ++k) {
    INFO("lost the answer of write " << k << " of " << writes);
    Story story;
    story.settle();
    int seen = 0;
    story.script = [&](const Attempt& attempt) {
      if (!attempt.writes() || attempt.about("/leases")) return Mishap::None;
      return ++seen == k ? Mishap::LoseAnswer : Mishap::None;
    };
    story.ship_bad();
    story.put_back();
    story.run_for(15s);
    story.check_clean_end();
  }
}

//  one: write --> 409, 422, 429, 500 or nothing at all, and nothing is done --> goes on
TEST_CASE("any one write is refused or does not arrive: the rollback is finished all the same") {
  constexpr std::array mishaps{Mishap::Conflict, Mishap::Unprocessable, Mishap::Slow, Mishap::Broken, Mishap::LoseCall, Mishap::Hang};
  const int writes = writes_of_the_story();
  for (const Mishap mishap : mishaps) {
    // What touches the Deployment or its record meets every mishap; what people read takes turns.
    bool touches = true;
    for (int k = 1; k <= writes; ++k) {
      INFO("mishap " << static_cast<int>(mishap) << " at write " << k << " of " << writes);
      Story story;
      story.settle();
      int seen = 0;
      story.script = [&](const Attempt& attempt) {
        if (!attempt.writes() || attempt.about("/leases") || ++seen != k) return Mishap::None;
        touches = attempt.about("/deployments/") || attempt.about("/rollbacks");
        const bool its_turn = touches || k % static_cast<int>(mishaps.size()) == static_cast<int>(mishap) % static_cast<int>(mishaps.size());
        return its_turn ? mishap : Mishap::None;
      };
      story.ship_bad();
      story.put_back();
      story.run_for(15s);
      story.check_clean_end();
    }
  }
}

//  one: SIGTERM at any write --> returns within 2 s; two: finishes
TEST_CASE("a controller told to stop at any of its writes returns within 2 s, and the next one finishes") {
  const int writes = writes_of_the_story();
  for (int k = 1; k <= writes; ++k) {
    INFO("stopped at write " << k << " of " << writes);
    Story story;
    story.settle();
    int seen = 0;
    story.at_each_write = [&] {
      if (++seen == k) story.stop("one");
    };
    story.ship_bad();
    REQUIRE(story.run_until([&] { return seen >= k; }, 10min));
    CHECK(story.run_until([&] { return !story.runs("one"); }, 2s));
    story.start("two");
    story.put_back();
    story.run_for(15s);
    story.check_clean_end();
  }
}
