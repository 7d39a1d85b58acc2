// Which bakes prove that a release is good, and which revision a rollback restores after many
// releases. A bake is the evaluation of a release after its rollout is complete.
#include <fmt/format.h>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::Duration;
using lastgood::codec::Json;

namespace {

// The policy of docs/platform-team.md: a bake of 10 minutes, and one check every 10 s.
struct TenMinuteBake : Scenario {
  TenMinuteBake() {
    Json spec = quick_policy();
    spec["bakeTime"] = "10m";
    spec["checks"][0]["interval"] = "10s";
    spec["checks"][0]["http"]["timeout"] = "2s";
    merge_patch("rollbackpolicies", "web", {{"spec", spec}});
    cluster.health["app:v2"] = {.status = 200};
    start_controller();
  }

  void ship_and_bake(const std::string& image, Duration time) {
    ship("web", image);
    REQUIRE(run_until([&] { return state("web") == evaluating(Reason::Baking); }, 2min));
    run_for(time);
  }

  [[nodiscard]] Json status() const {
    return server.find("deploymentguards", {.namespace_ = shop, .name = "web"})->at("status");
  }
};

// Ships v3 to v32, which are healthy, with 5 minutes between two releases. Then ships v33, which
// fails.
void ship_thirty_and_a_bad_one(TenMinuteBake& scenario) {
  for (int release = 3; release < 33; ++release) {
    scenario.ship("web", fmt::format("app:v{}", release));
    scenario.run_for(5min);
  }
  scenario.cluster.health["app:v33"] = {.status = 503};
  scenario.ship("web", "app:v33");
  scenario.run_for(3min);
}

}  // namespace

//  v2 bakes 15 s ---- no controller for 10 minutes ---- v2 bakes 10 minutes, good
TEST_CASE("continues the bake after a time without a controller until bakeTime was observed") {
  TenMinuteBake scenario;
  scenario.ship_and_bake("app:v2", 15s);
  scenario.kill("one");
  scenario.run_for(10min);
  scenario.start("two");
  CHECK_FALSE(
      scenario.run_until([&] { return scenario.is_in_state("web", State::Idle); }, 9min + 30s));
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 2min));
}

//  v2 bakes 15 s ---- pods cannot be listed for 12 minutes
TEST_CASE("does not call a release good when nothing was measured after the first pass") {
  TenMinuteBake scenario;
  scenario.ship_and_bake("app:v2", 15s);
  scenario.script = [](const Attempt& attempt) {
    return attempt.targets("/pods") ? Fault::InternalError : Fault::None;
  };
  scenario.run_for(12min);
  CHECK(scenario.state("web") != idle(Reason::Good));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("rolls back only one release when each of 30 older ones was replaced after minimumBake") {
  TenMinuteBake scenario;
  ship_thirty_and_a_bad_one(scenario);
  CHECK(scenario.image("web") == "app:v32");
  CHECK(scenario.template_changes() == 1);
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("holds a rollback that would undo 31 releases, and names the newest of them") {
  TenMinuteBake scenario;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"minimumBake", "6m"}}}});
  ship_thirty_and_a_bad_one(scenario);
  CHECK(scenario.image("web") == "app:v33");
  CHECK(scenario.state("web") == held(Reason::TooFarBack));
  const std::string message = scenario.status().at("message");
  CHECK(message.contains("limit 5"));
  CHECK(message.contains("revision 32 "));
  CHECK(message.contains("revision 31 "));
  CHECK(scenario.template_changes() == 0);
}

//  v2 bakes 1 minute ---- v3 bakes 1 minute ---- v4 fails ---- v1
TEST_CASE("names each release that a rollback undoes in its Event and in the Rollback") {
  TenMinuteBake scenario;
  scenario.ship_and_bake("app:v2", 1min);
  scenario.ship_and_bake("app:v3", 1min);
  scenario.cluster.health["app:v4"] = {.status = 503};
  scenario.ship("web", "app:v4");
  REQUIRE(scenario.wait_for_rollback());
  CHECK(scenario.image("web") == "app:v1");
  const auto records = scenario.server.all("rollbacks", shop);
  REQUIRE(records.size() == 1);
  std::vector<int> undone;
  for (const Json& revision : records.front()->at("spec").at("undone"))
    undone.push_back(revision.at("number"));
  CHECK(undone == std::vector{4, 3, 2});
}

TEST_CASE("rolls back a release whose endpoint fails two of three times") {
  TenMinuteBake scenario;
  scenario.ship_and_bake("app:v2", 1min);
  for (int i = 0; i < 30 && scenario.image("web") == "app:v2"; ++i) {
    scenario.cluster.health["app:v2"] = {.status = i % 3 == 2 ? 200 : 503};
    scenario.run_for(10s);
  }
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.image("web") == "app:v1");
}
