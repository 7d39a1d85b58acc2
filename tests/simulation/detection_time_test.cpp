// The time from the first failure to the patch of the template, alone and beside slow Deployments.
#include <array>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::Duration;
using lastgood::MonotonicTime;
using lastgood::codec::Json;

namespace {

Json policy(Duration interval, int failure_threshold, Duration timeout) {
  Json spec = quick_policy();
  Json& check = spec["checks"][0];
  check["interval"] = lastgood::format_duration(interval);
  check["failureThreshold"] = failure_threshold;
  check["http"]["timeout"] = lastgood::format_duration(timeout);
  spec["bakeTime"] = "30m";
  return spec;
}

// The time from the first failure of the endpoint to the patch. The endpoint begins to fail `delay`
// after the begin of the bake.
Duration time_to_patch(Simulation& simulation, const Json& spec, const ImageHealth& failing,
                       Duration delay) {
  simulation.write_policy("web", spec);
  simulation.deploy("web", "app:v1", {{"lastgood.dev/policy", "web"}}, 2);
  REQUIRE(simulation.run_until([&] { return simulation.is_rolled_out("web"); }, 1min));
  simulation.start("one");
  REQUIRE(simulation.run_until(
      [&] { return simulation.state("web") == idle(Reason::PresumedGood); }, 1min));
  simulation.ship("web", "app:v2");
  REQUIRE(simulation.run_until(
      [&] { return simulation.state("web") == evaluating(Reason::Baking); }, 1min));
  simulation.run_for(delay);
  const MonotonicTime began = simulation.clock.monotonic_now();
  simulation.cluster.health["app:v2"] = failing;
  REQUIRE(simulation.run_until([&] { return simulation.template_changes() == 1; }, 5min));
  CHECK(simulation.violations() == no_violations);
  return simulation.clock.monotonic_now() - began;
}

}  // namespace

//  fails from here     1        2        3 -> patch
//       |--- < P ------|--- P --|--- P --|      (N-1)P .. NP + timeout
TEST_CASE("rolls back between (N-1)P and NP plus timeout after N failures at interval P") {
  // A limit for the API calls before the patch. Each call takes a few milliseconds.
  constexpr Duration api_calls = 100ms;
  const std::array failures{ImageHealth{.status = 503}, ImageHealth{.status = 0},
                            ImageHealth{.status = 500, .latency = 900ms},
                            ImageHealth{.hangs = true}};
  for (const Duration interval : {Duration(2s), Duration(10s), Duration(30s)}) {
    for (const int failure_threshold : {1, 4}) {
      for (std::size_t i = 0; i < failures.size(); ++i) {
        const Duration timeout = 1s;
        const Duration offset = interval * static_cast<int>(i) / 4 + 50ms;
        INFO("P " << interval.count() << " ms, N " << failure_threshold << ", failure " << i);
        Simulation simulation;
        const Duration took =
            time_to_patch(simulation, policy(interval, failure_threshold, timeout), failures[i],
                          interval + offset);
        CHECK(took >= interval * (failure_threshold - 1));
        CHECK(took <= interval * failure_threshold + timeout + api_calls);
      }
    }
  }
}

//  intervals   |         |         |         |
//  fails           x................... `for` has passed -> patch, before the next interval begins
TEST_CASE("rolls back within `for` and one interval after the first failure") {
  for (const Duration fail_for : {Duration(4s), Duration(7s), Duration(12s)}) {
    for (const Duration offset : {Duration(50ms), Duration(1900ms), Duration(3950ms)}) {
      INFO("for " << fail_for.count() << " ms, offset " << offset.count() << " ms");
      Json spec = policy(/*interval=*/4s, /*failure_threshold=*/1, /*timeout=*/1s);
      spec["checks"][0]["for"] = lastgood::format_duration(fail_for);
      Simulation simulation;
      const Duration took = time_to_patch(simulation, spec, {.status = 503}, 4s + offset);
      CHECK(took >= fail_for);
      CHECK(took <= fail_for + 4s + 200ms);
    }
  }
}

//  web:    503   503   503 -> rolled back without delay
//  slow:   ......hangs......   each probe takes its whole timeout
TEST_CASE("probes a Deployment on time when probes of five others hang") {
  const auto time_to_patch_web = [](int hanging_deployments) {
    Scenario scenario;
    scenario.write_policy("slow",
                          policy(/*interval=*/30s, /*failure_threshold=*/100, /*timeout=*/29s));
    scenario.cluster.health["app:slow"] = {.hangs = true};
    for (int i = 0; i < hanging_deployments; ++i) {
      scenario.deploy("slow-" + std::to_string(i), "app:v1", {{"lastgood.dev/policy", "slow"}}, 2);
    }
    scenario.run_for(10s);
    scenario.start_controller();
    for (int i = 0; i < hanging_deployments; ++i)
      scenario.ship("slow-" + std::to_string(i), "app:slow");
    scenario.run_for(35s);
    const MonotonicTime shipped = scenario.clock.monotonic_now();
    scenario.ship_bad_release();
    REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 5min));
    return scenario.clock.monotonic_now() - shipped;
  };
  const Duration alone = time_to_patch_web(0);
  const Duration beside_five = time_to_patch_web(5);
  CHECK(beside_five <= alone + 2s);
  CHECK(alone < 20s);
}

//  v2 ---- its probes hang ---- v3 ---- the probes of v2 end ---- v3 is measured
TEST_CASE("measures a new release as soon as the check run of the release before has ended") {
  Scenario scenario;
  scenario.start_controller();
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", policy(10min, 1, 30s)}});
  scenario.cluster.health["app:v2"] = {.hangs = true};
  scenario.ship("web", "app:v2");
  scenario.run_for(8s);
  CHECK(scenario.is_in_state("web", State::Evaluating));
  scenario.cluster.health["app:v3"] = {.status = 503};
  scenario.ship("web", "app:v3");
  CHECK(scenario.run_until([&] { return scenario.image("web") == "app:v1"; }, 2min));
  CHECK(scenario.violations() == no_violations);
}
