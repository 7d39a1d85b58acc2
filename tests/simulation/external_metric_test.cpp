// Releases that are evaluated by an external metric. The API of external metrics returns only the
// present value, so Lastgood cannot query the value before a release later. The health endpoint
// always passes.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;
namespace api = lastgood::api;

namespace {

constexpr std::string_view group_path = "/apis/external.metrics.k8s.io/v1beta1";

struct ExternalMetricScenario : Scenario {
  explicit ExternalMetricScenario(const Json& changes = Json::object()) {
    cluster.health["app:v2"] = {};
    Json checks = quick_policy()["checks"];
    checks.push_back({{"name", "queue"},
                      {"interval", "5s"},
                      {"failureThreshold", 2},
                      {"externalMetric", {{"metric", "depth"}, {"failIf", "> 100"}}}});
    checks.back().merge_patch(changes);
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "1m"}, {"checks", checks}}}});
    server.forward = [this](const api::ApiCall& call) { return respond(call); };
    start_controller();
  }

  std::optional<ApiResponse> respond(const api::ApiCall& call) {
    if (!call.target.starts_with(group_path) || !has_api) return std::nullopt;
    if (call.target == group_path) return ApiResponse{.status = 200, .body = Json::object()};
    if (!depth) return std::nullopt;  // 404
    const lastgood::Time at = clock.now() - age;
    const Json item = {{"metricName", "depth"},
                       {"timestamp", lastgood::format_rfc3339(at)},
                       {"value", std::to_string(at >= high_from ? 500 : *depth)}};
    return ApiResponse{.status = 200,
                       .body = {{"kind", "ExternalMetricValueList"}, {"items", {item}}}};
  }

  [[nodiscard]] Json queue_check() const {
    const Json status = server.find("deploymentguards", {shop, "web"})->at("status");
    for (const Json& check : status.value("checks", Json::array()))
      if (check["name"] == "queue") return check;
    return Json::object();
  }

  bool wait_for_reason(const std::string& reason) {
    return run_until([&] { return queue_check().value("reason", "") == reason; }, 2min);
  }

  // The check passes in state Idle, so that it is established.
  void establish() { run_for(10min); }

  bool has_api = true;
  std::optional<int> depth = 5;                      // nothing: the metric does not exist
  lastgood::Duration age{0};                         // how old the present value is
  lastgood::Time high_from = lastgood::Time::max();  // the values from this time on are too high
};

}  // namespace

TEST_CASE("rolls back a release when the metric becomes too high after its pods have started") {
  ExternalMetricScenario scenario;
  scenario.establish();
  scenario.ship("web", "app:v2");
  scenario.run_for(15s);
  CHECK(scenario.wait_for_reason("Passed"));
  scenario.depth = 500;
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 2min));
  scenario.depth = 5;
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

TEST_CASE("rolls back only after `for` or failureThreshold when the metric stays too high") {
  const Json changes = GENERATE(Json{{"for", "5m"}}, Json{{"failureThreshold", 40}});
  ExternalMetricScenario scenario(changes);
  scenario.establish();
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "10m"}}}});
  scenario.ship("web", "app:v2");
  scenario.run_for(15s);
  REQUIRE(scenario.wait_for_reason("Passed"));
  scenario.depth = 500;
  scenario.run_for(2min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 5min));
}

TEST_CASE(
    "rolls back a release when the adapter lags and the metric is too high since the release") {
  ExternalMetricScenario scenario;
  scenario.age = 45s;
  scenario.establish();
  scenario.high_from = scenario.clock.now() + 1s;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 3min));
}

TEST_CASE("holds a release when the adapter lags and the metric was too high before the release") {
  ExternalMetricScenario scenario;
  scenario.age = 60s;
  scenario.establish();
  scenario.high_from = scenario.clock.now() - 30s;
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.state("web") == held(Reason::AlreadyFailing));
}

TEST_CASE("rolls back a release whose metric is too high from its first value after initialDelay") {
  ExternalMetricScenario scenario({{"initialDelay", "30s"}});
  scenario.establish();
  scenario.high_from = scenario.clock.now() + 1s;
  scenario.ship("web", "app:v2");
  scenario.run_for(25s);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.queue_check().value("reason", "") == "Pending");
  CHECK_THAT(scenario.queue_check().value("message", ""), Catch::Contains("initialDelay 30s"));
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 1min));
}

TEST_CASE("rolls back a release with strategy Recreate when the metric passed shortly before") {
  ExternalMetricScenario scenario;
  scenario.merge_patch("deployments", "web", {{"spec", {{"strategy", {{"type", "Recreate"}}}}}});
  scenario.establish();
  const bool was_high = GENERATE(false, true);
  if (was_high) {
    scenario.high_from = scenario.clock.now();
    scenario.run_for(90s);
  }
  // As if no old pod were left when the release is seen: nothing is measured before a pod starts.
  scenario.has_api = false;
  scenario.ship("web", "app:v2");
  scenario.run_for(10s);
  scenario.has_api = true;
  scenario.high_from = std::min(scenario.high_from, scenario.clock.now());
  scenario.run_for(3min);
  CHECK(scenario.template_changes() == (was_high ? 0 : 1));
}

TEST_CASE("holds a release when the metric was too high before its pods had started") {
  ExternalMetricScenario scenario;
  scenario.establish();
  scenario.depth = 500;
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
  CHECK_FALSE(scenario.state("web") == idle(Reason::Good));
}

TEST_CASE("does nothing when the metric had no value before the pods of the release started") {
  ExternalMetricScenario scenario;
  scenario.establish();
  scenario.depth.reset();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("MetricNotFound"));
  scenario.run_for(30s);
  scenario.depth = 500;
  CHECK(scenario.wait_for_reason("NoBaselineValue"));
  scenario.run_for(2min);
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing when the value of the metric is stale or its API is missing") {
  ExternalMetricScenario scenario;
  scenario.establish();
  scenario.depth = 500;
  SECTION("stale") {
    scenario.age = 3min;
    scenario.ship("web", "app:v2");
    CHECK(scenario.wait_for_reason("StaleValue"));
  }
  SECTION("missing") {
    scenario.has_api = false;
    scenario.ship("web", "app:v2");
    CHECK(scenario.wait_for_reason("MetricsApiMissing"));
  }
  scenario.run_for(3min);
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does not roll back a release when its metric has never passed") {
  ExternalMetricScenario scenario;
  scenario.depth = 500;
  scenario.run_for(10min);
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
}

// The queue is worked off slowly after the rollback.
TEST_CASE("waits until the metric passes before it verifies the restored revision") {
  ExternalMetricScenario scenario;
  scenario.establish();
  scenario.ship("web", "app:v2");
  scenario.run_for(15s);
  REQUIRE(scenario.wait_for_reason("Passed"));
  scenario.depth = 500;
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 2min));
  scenario.run_for(1min);
  CHECK(scenario.is_in_state("web", State::Verifying));
  scenario.depth = 5;
  CHECK(scenario.wait_for_rollback());
}
