// The condition RollbackReady of an idle Deployment: how soon the condition changes, and how many
// dry runs the controller makes for it. Also obstacles that only the preflight finds: it tries a
// rollback as a dry run.
#include "simulation/scenario.hpp"

namespace lastgood::simulation {
namespace {

using codec::Json;

// app:v1 and app:v2 are good, and both need ConfigMap settings. Nothing is evaluated.
struct IdleDeployment : Scenario {
  IdleDeployment() {
    cluster.health["app:v2"] = {.status = 200};
    create_settings();
    const Json source{{"configMapRef", {{"name", "settings"}}}};
    const Json patch = Json::array({{{"op", "add"},
                                     {"path", "/spec/template/spec/containers/0/envFrom"},
                                     {"value", Json::array({source})}}});
    REQUIRE(
        call_as_user(
            {.verb = api::Verb::Patch,
             .target = "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl-client",
             .body = patch.dump(),
             .content_type = std::string(api::json_patch)})
            .status == 200);
    run_for(1min);
    start_controller();
    ship("web", "app:v2");
    REQUIRE(run_until([&] { return state("web") == idle(Reason::Good); }, 3min));
    run_for(1min);
  }

  void create_settings() {
    server.create("configmaps", {{"metadata", {{"namespace", shop}, {"name", "settings"}}}});
  }

  [[nodiscard]] Json rollback_ready() const {
    const Json& guard = *server.find("deploymentguards", {shop, "web"});
    for (const Json& condition : guard["status"]["conditions"]) {
      if (condition["type"] == "RollbackReady") return condition;
    }
    return {};
  }

  [[nodiscard]] std::ptrdiff_t dry_runs() const {
    return std::ranges::count_if(writes_of_controllers(),
                                 [](const Write& write) { return write.route.is_dry_run(); });
  }
};

}  // namespace

//  Idle ......... ConfigMap settings is deleted ......... (at most 12 minutes) RollbackReady: False
TEST_CASE("reports RollbackReady False within 12 minutes of the deletion of a reference") {
  IdleDeployment scenario;
  REQUIRE(scenario.rollback_ready()["status"] == "True");
  scenario.server.remove("configmaps", {shop, "settings"});
  scenario.run_for(12min + 10s);
  CHECK(scenario.state("web") == idle(Reason::Good));
  CHECK(scenario.rollback_ready()["status"] == "False");
  CHECK(scenario.rollback_ready()["reason"] == "MissingReference");
  CHECK(scenario.rollback_ready()["message"] ==
        "Revision 2 needs ConfigMap settings, which does not exist. Create it");
  scenario.create_settings();
  scenario.run_for(12min + 10s);
  CHECK(scenario.rollback_ready()["status"] == "True");
}

TEST_CASE("makes 4 to 8 dry runs per hour when the Deployment is idle") {
  IdleDeployment scenario;
  const auto before = scenario.dry_runs();
  scenario.run_for(1h);
  CHECK(scenario.dry_runs() - before <= 8);
  CHECK(scenario.dry_runs() - before >= 4);
}

// namespace:   privileged ---- restricted        v1 runs as root, so its pods would be rejected
TEST_CASE("holds a rollback when the namespace would reject the pods of the target") {
  Scenario scenario;
  scenario.start_controller();
  scenario.server.create(
      "namespaces",
      {{"metadata",
        {{"name", shop}, {"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}});
  scenario.server.warnings_of = [](const std::string& plural, const Json& object) {
    const bool warns = plural == "deployments" && object.dump().contains(R"("image":"app:v1")");
    const char* text = R"(would violate PodSecurity "restricted:latest": runAsNonRoot != true)";
    return warns ? std::vector<std::string>{text} : std::vector<std::string>{};
  };
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Held); }, 2min));
  CHECK(scenario.state("web") == held(Reason::PodSecurityViolation));
  const Json& guard = *scenario.server.find("deploymentguards", {shop, "web"});
  CHECK_THAT(guard["status"]["message"].get<std::string>(),
             Catch::Contains(R"(violates PodSecurity "restricted:latest")"));
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
  scenario.server.change("namespaces", {"", shop}, [](Json& object) {
    object["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged";
  });
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

TEST_CASE("reports SnapshotFailed at once, and no longer when the snapshot is stored later") {
  Scenario scenario;
  bool is_rejected = true;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_snapshot =
        attempt.call.verb == api::Verb::Post && attempt.targets("/controllerrevisions");
    return is_rejected && is_snapshot ? Fault::AdmissionDenied : Fault::None;
  };
  scenario.start_controller();
  const auto rollback_ready = [&]() -> Json {
    const Json& guard = *scenario.server.find("deploymentguards", {shop, "web"});
    for (const Json& condition : guard["status"]["conditions"]) {
      if (condition["type"] == "RollbackReady") return condition;
    }
    return {};
  };
  CHECK(rollback_ready()["status"] == "False");
  CHECK(rollback_ready()["reason"] == "SnapshotFailed");
  CHECK_THAT(rollback_ready()["message"].get<std::string>(),
             Catch::Contains("ValidatingAdmissionPolicy 'old' denied request: no"));
  const auto events = [&] { return std::ranges::count(scenario.events(), Reason::SnapshotFailed); };
  CHECK(events() == 1);
  scenario.run_for(5min);
  CHECK(events() == 1);
  is_rejected = false;
  CHECK(scenario.run_until([&] { return rollback_ready()["reason"] == "NoLastGood"; }, 10min));
  CHECK(scenario.violations() == no_violations);
}

}  // namespace lastgood::simulation
