// The cluster prevents a rollout, or the release needs an object that does not exist.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;
using lastgood::codec::Json;

namespace {

std::string message_of_guard(const Scenario& scenario) {
  return (*scenario.server.find("deploymentguards", {shop, "web"}))["status"]["message"];
}

// app:v2 is healthy, and mounts ConfigMap settings, which may not exist.
void ship_with_volume(Scenario& scenario) {
  scenario.cluster.health["app:v2"] = {.status = 200};
  const Json volume{{"name", "settings"}, {"configMap", {{"name", "settings"}}}};
  const Json patch = Json::array(
      {{{"op", "replace"}, {"path", "/spec/template/spec/containers/0/image"}, {"value", "app:v2"}},
       {{"op", "add"}, {"path", "/spec/template/spec/volumes"}, {"value", Json::array({volume})}}});
  REQUIRE(scenario
              .call_as_user(
                  {.verb = Verb::Patch,
                   .target = "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl",
                   .body = patch.dump(),
                   .content_type = std::string(lastgood::api::json_patch)})
              .status == 200);
}

}  // namespace

TEST_CASE("rolls back within 15 seconds when a ConfigMap is missing that is mounted as a volume") {
  Scenario scenario;
  scenario.start_controller();
  ship_with_volume(scenario);
  CHECK(scenario.run_until([&] { return scenario.image("web") == "app:v1"; }, 15s));
  REQUIRE(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
  const Json& record = *scenario.server.all("rollbacks").front();
  CHECK_THAT(record["spec"]["message"].get<std::string>(),
             Catch::Contains("cannot start: ConfigMap settings does not exist (limit 10s"));
}

TEST_CASE("does nothing when another controller creates the mounted ConfigMap in time") {
  Scenario scenario;
  scenario.merge_patch("rollbackpolicies", "web",
                       {{"spec", {{"rollout", {{"configErrorsFor", "1m"}}}}}});
  scenario.start_controller();
  ship_with_volume(scenario);
  scenario.run_for(40s);
  CHECK(scenario.image("web") == "app:v2");
  scenario.server.create("configmaps", {{"metadata", {{"namespace", shop}, {"name", "settings"}}}});
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release with the quota's message, and continues when the quota is raised") {
  Scenario scenario;
  scenario.cluster.health["app:v2"] = {.status = 200};
  scenario.start_controller();
  scenario.cluster.pod_quota = 2;
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == held(Reason::ClusterFault); },
                             2min));
  CHECK_THAT(message_of_guard(scenario),
             Catch::Contains("exceeded quota: pods, requested: pods=1"));
  scenario.run_for(15min);  // the progress deadline is exceeded meanwhile
  CHECK(scenario.state("web") == held(Reason::ClusterFault));
  CHECK(scenario.template_changes() == 0);
  scenario.cluster.pod_quota = 0;
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

// Revision 2 runs app:latest, which is image sha256:a. The next release changes only an annotation,
// but its pods pull app:latest again, which is image sha256:b now.
TEST_CASE("holds a rollback that would run the image of the release again") {
  Scenario scenario;
  scenario.cluster.image_ids["app:latest"] = "sha256:a";
  scenario.ship("web", "app:latest");
  REQUIRE(scenario.run_until([&] { return scenario.is_rolled_out("web"); }, 1min));
  scenario.start_controller();
  scenario.cluster.image_ids["app:latest"] = "sha256:b";
  scenario.merge_patch(
      "deployments", "web",
      {{"spec", {{"template", {{"metadata", {{"annotations", {{"released", "now"}}}}}}}}}});
  scenario.run_for(2s);
  REQUIRE(scenario.run_until([&] { return scenario.is_rolled_out("web"); }, 1min));
  scenario.cluster.health["app:latest"] = {.status = 503};
  CHECK(scenario.run_until([&] { return scenario.state("web") == held(Reason::SameImage); }, 1min));
  CHECK_THAT(message_of_guard(scenario),
             Catch::Contains("app:latest was sha256:a in revision 2 and is sha256:b now"));
  scenario.run_for(3min);
  CHECK(scenario.template_changes() == 0);
}

//  watch of pods:   v2 has an invalid image name
//  live list:                                    v2: the registry denies access
TEST_CASE("counts no failure when only the live list shows that the registry denies access") {
  Scenario scenario;
  scenario.cluster.health["app:v2"] = {.ready = false};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  scenario.run_for(20s);
  const auto set_waiting = [&](const char* reason, const char* message) {
    for (const Json* pod : scenario.server.all("pods", shop)) {
      if ((*pod)["spec"]["containers"][0]["image"] != "app:v2") continue;
      const lastgood::Key key{.namespace_ = shop,
                              .name = (*pod)["metadata"]["name"].get<std::string>()};
      scenario.server.change("pods", key, [&](Json& object) {
        Json& container = object["status"]["containerStatuses"][0];
        container["state"] = {{"waiting", {{"reason", reason}, {"message", message}}}};
        container["started"] = false;
      });
      break;
    }
  };
  bool is_listed = false;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_list = attempt.targets("/pods?") && !attempt.targets("watch=true");
    is_listed = is_listed || is_list;
    if (is_list) set_waiting("ErrImagePull", "401 Unauthorized");
    return Fault::None;
  };
  set_waiting("InvalidImageName", "the name is invalid");
  scenario.run_for(10s);
  CHECK(is_listed);
  CHECK(scenario.measurements("one", "rollout", "Fail") == 0);
  CHECK(scenario.template_changes() == 0);
}
