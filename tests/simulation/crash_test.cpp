// A controller dies, or loses an answer, at every point of a rollback; what comes after finishes it.
#include <array>

#include "simulation/story.hpp"

using namespace lastgood::simulation;
using lastgood::Duration;

namespace {

// The writes of the story from v2 to its clean end, when nothing goes wrong.
const std::vector<Write>& writes_of_the_story() {
  static const std::vector<Write> writes = [] {
    Story story;
    story.settle();
    const auto before = static_cast<std::ptrdiff_t>(story.controllers_writes().size());
    story.ship_bad();
    REQUIRE(story.put_back());
    story.run_for(15s);
    const auto all = story.controllers_writes();
    return std::vector<Write>(all.begin() + before, all.end());
  }();
  REQUIRE(writes.size() > 8);
  return writes;
}

int number_of_writes() { return static_cast<int>(writes_of_the_story().size()); }

bool touches_deployment_or_record(int k) {
  const std::string& plural = writes_of_the_story()[static_cast<std::size_t>(k - 1)].route.plural;
  return plural == "deployments" || plural == "rollbacks";
}

}  // namespace

//  one: record . patch . ownership . status ...
//              ^ killed after any of them
//  two:            '---- takes the Lease when it has run out, and finishes
TEST_CASE("a controller killed after any of its writes: the next one finishes the rollback, with one change of the template") {
  const int writes = number_of_writes();
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
  const int writes = number_of_writes();
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
  const int writes = number_of_writes();
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
  constexpr std::array mishaps{Mishap::Conflict, Mishap::Unprocessable, Mishap::Slow,
                               Mishap::Broken,   Mishap::LoseCall,      Mishap::Hang};
  const int writes = number_of_writes();
  for (int k = 1; k <= writes; ++k) {
    for (std::size_t i = 0; i < mishaps.size(); ++i) {
      // What touches the Deployment or its record meets every mishap; with what people read they take turns.
      if (!touches_deployment_or_record(k) && static_cast<std::size_t>(k) % mishaps.size() != i) continue;
      INFO("mishap " << static_cast<int>(mishaps[i]) << " at write " << k << " of " << writes);
      Story story;
      story.settle();
      int seen = 0;
      story.script = [&](const Attempt& attempt) {
        if (!attempt.writes() || attempt.about("/leases")) return Mishap::None;
        return ++seen == k ? mishaps[i] : Mishap::None;
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
  const int writes = number_of_writes();
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

//  the server hangs; SIGTERM --> returns within 2 s all the same
TEST_CASE("a controller told to stop while the server does not answer returns within 2 s") {
  for (int tenths = 0; tenths < 130; tenths += 10) {
    INFO("stopped " << tenths << " tenths of a second after the release");
    Story story;
    story.settle();
    story.ship_bad();
    story.run_for(Duration(100) * tenths);
    story.script = [](const Attempt&) { return Mishap::Hang; };
    story.run_for(300ms);
    story.stop("one");
    CHECK(story.run_until([&] { return !story.runs("one"); }, 2s));
    story.script = {};
    story.start("two");
    story.put_back();
    story.run_for(15s);
    story.check_clean_end();
  }
}
