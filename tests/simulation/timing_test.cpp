// How soon a failure is acted on, and that nobody waits for anybody else's.
#include <array>

#include "simulation/story.hpp"

using namespace lastgood::simulation;
using lastgood::Duration;
using lastgood::Steady;
using lastgood::codec::Json;

namespace {

Json policy(Duration interval, int threshold, Duration timeout) {
  Json spec = quick_policy();
  Json& check = spec["checks"][0];
  check["interval"] = lastgood::format_duration(interval);
  check["failureThreshold"] = threshold;
  check["http"]["timeout"] = lastgood::format_duration(timeout);
  spec["bakeTime"] = "30m";
  return spec;
}

// From the moment the endpoint begins to fail to the patch of the template.
Duration time_to_patch(Duration interval, int threshold, Duration timeout, const Health& failing, Duration phase) {
  World world;
  world.write_policy("web", policy(interval, threshold, timeout));
  world.deploy("web", "app:v1", {{"lastgood.dev/policy", "web"}}, 2);
  REQUIRE(world.run_until([&] { return world.rolled_out("web"); }, 1min));
  world.start("one");
  REQUIRE(world.run_until([&] { return world.state("web") == "Idle/PresumedGood"; }, 1min));
  world.ship("web", "app:v2");
  REQUIRE(world.run_until([&] { return world.state("web") == "Watching/Baking"; }, 1min));
  world.run_for(interval + phase);
  const Steady began = world.clock.steady();
  world.cluster.health["app:v2"] = failing;
  REQUIRE(world.run_until([&] { return world.template_changes() == 1; }, interval * (threshold + 2)));
  CHECK(world.broken_promises().empty());
  return world.clock.steady() - began;
}

}  // namespace

//  fails from here     1        2        3 -> patch
//       |--- < P ------|--- P --|--- P --|      (N-1)P .. NP + timeout
TEST_CASE("N failures of interval P are acted on within (N-1)P and NP and the timeout, whenever the failing begins") {
  // The calls before the patch: each takes a few milliseconds.
  constexpr Duration calls{100};
  const std::array answers{Health{.status = 503}, Health{.status = 0}, Health{.status = 500, .answers_in = 900ms},
                           Health{.hangs = true}};
  for (const Duration interval : {Duration(2s), Duration(10s), Duration(30s)}) {
    for (const int threshold : {1, 4}) {
      for (std::size_t i = 0; i < answers.size(); ++i) {
        const Duration timeout = 1s;
        const Duration phase = interval * static_cast<int>(i) / 4 + 50ms;
        INFO("P " << interval.count() << " ms, N " << threshold << ", answer " << i);
        const Duration took = time_to_patch(interval, threshold, timeout, answers[i], phase);
        CHECK(took >= interval * (threshold - 1));
        CHECK(took <= interval * threshold + timeout + calls);
      }
    }
  }
}

//  web:    503   503   503 -> put back at its time
//  slow:   ......hangs......, asked all the while
TEST_CASE("a check that hangs for its whole timeout delays no other Deployment's checks") {
  const auto web_takes = [](int hanging) {
    Story story;
    story.write_policy("slow", policy(30s, 100, 29s));
    story.cluster.health["app:slow"] = {.hangs = true};
    for (int i = 0; i < hanging; ++i) {
      story.deploy("slow-" + std::to_string(i), "app:v1", {{"lastgood.dev/policy", "slow"}}, 2);
    }
    story.run_for(10s);
    story.settle();
    for (int i = 0; i < hanging; ++i) story.ship("slow-" + std::to_string(i), "app:slow");
    story.run_for(35s);
    const Steady shipped = story.clock.steady();
    story.ship_bad();
    REQUIRE(story.run_until([&] { return story.template_changes() == 1; }, 5min));
    return story.clock.steady() - shipped;
  };
  const Duration alone = web_takes(0);
  const Duration beside_five = web_takes(5);
  CHECK(beside_five <= alone + 2s);
  CHECK(alone < 20s);
}
