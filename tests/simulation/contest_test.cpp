// A tool applies a bad template again and again after its rollback. Each time is a contest.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// Flux applies the image of Deployment web.
void apply_with_flux(Simulation& simulation, const std::string& image) {
  const std::string path = "/spec/template/spec/containers/0/";
  const Json patch =
      Json::array({{{"op", "replace"}, {"path", path + "image"}, {"value", image}},
                   {{"op", "replace"}, {"path", path + "env/0/value"}, {"value", image}}});
  const ApiResponse response = simulation.call_as_user(
      {.verb = lastgood::api::Verb::Patch,
       .target = "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kustomize-controller",
       .body = patch.dump(),
       .content_type = std::string(lastgood::api::json_patch)});
  REQUIRE(response.status == 200);
}

}  // namespace

//  v2 by Flux: 503 ---- v1 ---- 31 minutes ---- v2 by Flux: 503 ---- v1 ---- 31 minutes ---- ...
TEST_CASE("freezes when Flux applies a bad template again every 31 minutes") {
  Scenario scenario;
  scenario.start_controller();
  apply_with_flux(scenario, "app:v2");
  int contests = 0;
  while (!scenario.is_in_state("web", State::Frozen) && contests < 10) {
    REQUIRE(scenario.wait_for_rollback());
    scenario.run_for(31min);
    apply_with_flux(scenario, "app:v2");
    ++contests;
    scenario.run_for(10s);
  }
  CHECK(contests == 3);
  CHECK(scenario.state("web") == frozen(Reason::Contested));
  CHECK(scenario.template_changes() == 3);
  CHECK(scenario.violations() == no_violations);
}

//  two contests ---- a user ships v3, which is good ---- v2 by Flux: 503 ---- v3
TEST_CASE("begins the count of contests again when a user ships a release in between") {
  Scenario scenario;
  scenario.start_controller();
  apply_with_flux(scenario, "app:v2");
  for (int contest = 0; contest < 2; ++contest) {
    REQUIRE(scenario.wait_for_rollback());
    scenario.run_for(31min);
    apply_with_flux(scenario, "app:v2");
    scenario.run_for(10s);
  }
  REQUIRE(scenario.wait_for_rollback());
  scenario.ship("web", "app:v3");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  scenario.run_for(31min);
  apply_with_flux(scenario, "app:v2");
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.image("web") == "app:v3");
}
