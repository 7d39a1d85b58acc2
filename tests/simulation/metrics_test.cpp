// Releases that are evaluated by the queries of a policy. The health endpoint always passes.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

constexpr const char* error_ratio =
    R"(sum(rate(http_requests_total{pod=~"$pods", code=~"5.."}[1m])) /
       sum(rate(http_requests_total{pod=~"$pods"}[1m])))";

// The metrics server returns the share of failed requests, which depends only on the image. A query
// names pods, and each pod runs one image.
struct MetricsScenario : Scenario {
  explicit MetricsScenario(const char* query = error_ratio, const Json& fields = Json::object()) {
    cluster.health["app:v2"] = {};
    Json check = {{"name", "errors"},
                  {"interval", "5s"},
                  {"failureThreshold", 2},
                  {"prometheus", {{"query", query}, {"failIf", "> 0.05"}}}};
    check.merge_patch(fields);
    Json checks = quick_policy()["checks"];
    checks.push_back(check);
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "1m"}, {"checks", checks}}}});
    metrics.evaluate = [this](const MetricsQuery& sent) { return ratio_of(sent); };
    start_controller();
  }

  // The highest ratio of the pods that the query selects. A query selects pods in one of three
  // ways:
  // - by their names
  // - by the pattern for the pod names of a ReplicaSet, which includes pods that are gone
  // - all present pods, if the query does not have the label "pod"
  std::vector<double> ratio_of(const MetricsQuery& sent) {
    if (fixed) return *fixed;
    std::vector<double> found;
    const auto present = server.all("pods");
    for (const Json* pod : present)
      images[(*pod)["metadata"]["name"]] = (*pod)["spec"]["containers"][0]["image"];
    for (const auto& [name, pod_image] : images) {
      const std::string replica_set = name.substr(0, name.rfind('-'));
      const bool is_selected = sent.text.contains(name) ||
                               sent.text.contains(replica_set + "-[a-z0-9]{5}") ||
                               (!sent.text.contains("pod=") && server.find("pods", {shop, name}));
      const auto ratio = ratios.find(pod_image);
      if (is_selected) found.push_back(ratio == ratios.end() ? 0 : ratio->second);
    }
    if (found.empty()) return {};
    return {*std::ranges::max_element(found)};
  }

  [[nodiscard]] Json errors_check() const {
    const Json status = server.find("deploymentguards", {shop, "web"})->at("status");
    for (const Json& check : status.value("checks", Json::array()))
      if (check["name"] == "errors") return check;
    return Json::object();
  }

  std::map<std::string, double> ratios = {};       // by image; 0 for the others
  std::map<std::string, std::string> images = {};  // of the pods that were seen, by name
  std::optional<std::vector<double>> fixed = {};   // the answer to every query
};

}  // namespace

TEST_CASE("rolls back a release whose error ratio is too high although its health passes") {
  MetricsScenario scenario;
  scenario.ratios["app:v2"] = 0.2;
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
  const Json* record = scenario.server.all("rollbacks").at(0);
  CHECK((*record)["spec"]["check"] == "errors");
  CHECK((*record)["spec"]["message"].get<std::string>().contains("0.2"));
}

TEST_CASE("keeps a release whose error ratio is low") {
  MetricsScenario scenario;
  scenario.ratios["app:v2"] = 0.01;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.errors_check().value("value", "") == "0.01");
  CHECK(scenario.errors_check().value("threshold", "") == "> 0.05");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release whose error ratio is as high as that of the old pods") {
  MetricsScenario scenario;
  scenario.merge_patch("deployments", "web", {{"spec", {{"minReadySeconds", 60}}}});
  scenario.ratios["app:v1"] = 0.2;
  scenario.ratios["app:v2"] = 0.2;
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release when old and new pods fail, although the clock of the server differs") {
  MetricsScenario scenario;
  // After a minute the old pods are available under the new minReadySeconds too, so they stay until
  // the new pods are available.
  scenario.run_for(1min);
  scenario.merge_patch("deployments", "web", {{"spec", {{"minReadySeconds", 60}}}});
  scenario.metrics.clock_offset = GENERATE(40s, -20s);
  scenario.ship("web", "app:v2");
  scenario.run_for(30s);
  const auto now_of_server = [&] { return scenario.clock.now() + scenario.metrics.clock_offset; };
  scenario.metrics.evaluate = [&, began = now_of_server()](const MetricsQuery& sent) {
    if (sent.at > now_of_server()) return std::vector<double>{};
    return std::vector<double>{sent.at >= began ? 0.2 : 0};
  };
  scenario.run_for(2min);
  CHECK(scenario.state("web") == held(Reason::SharedCause));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release that began after the failure when the server's clock is ahead") {
  MetricsScenario scenario(R"(errors:ratio{namespace="$namespace"})");
  scenario.run_for(1min);
  scenario.metrics.clock_offset = 40s;
  scenario.metrics.evaluate = [began = scenario.clock.now() + 40s](const MetricsQuery& sent) {
    return std::vector<double>{sent.at >= began ? 0.2 : 0};
  };
  scenario.run_for(20s);
  scenario.ship("web", "app:v2");
  scenario.run_for(2min);
  CHECK(scenario.state("web") == held(Reason::AlreadyFailing));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release when a query about all pods already failed before the release") {
  MetricsScenario scenario(R"(errors:ratio{namespace="$namespace"})");
  scenario.ratios["app:v1"] = 0.2;
  scenario.run_for(1min);
  scenario.ratios["app:v2"] = 0.2;
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.template_changes() == 0);
}

// That the check passed before the release does not prove that the release is the cause: the check
// begins to fail minutes after the release, together with those of two other Deployments.
TEST_CASE("holds a release when a query about all pods and two other Deployments fail together") {
  MetricsScenario scenario(R"(errors:ratio{namespace="$namespace"})");
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "10m"}}}});
  const std::vector<std::string> names{"web", "other-0", "other-1"};
  for (const std::string& name : {names[1], names[2]})
    scenario.deploy(name, "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  // Within 3 minutes the check has passed for each Deployment, so it may cause a rollback.
  scenario.run_for(4min);
  for (const std::string& name : names) scenario.ship(name, "app:v2");
  for (const std::string& name : names) {
    REQUIRE(scenario.run_until([&] { return scenario.state(name) == evaluating(Reason::Baking); },
                               2min));
  }
  scenario.run_for(2min);
  scenario.metrics.evaluate = [began = scenario.clock.now()](const MetricsQuery& sent) {
    return std::vector<double>{sent.at >= began ? 0.2 : 0};
  };
  scenario.run_for(2min);
  for (const std::string& name : names) CHECK(scenario.state(name) == held(Reason::SharedCause));
  CHECK(scenario.template_changes() == 0);
}

// The window of the query contains the errors of v2 for 30 s after the rollback.
TEST_CASE("waits until a query about all pods passes before it verifies the restored revision") {
  MetricsScenario scenario(R"(errors:ratio{namespace="$namespace"})");
  scenario.ship("web", "app:v2");
  scenario.run_for(10s);
  scenario.metrics.evaluate = [began = scenario.clock.now()](const MetricsQuery& sent) {
    return std::vector<double>{sent.at >= began ? 0.2 : 0};
  };
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 2min));
  scenario.run_for(30s);
  CHECK(scenario.is_in_state("web", State::Verifying));
  SECTION("it passes") {
    scenario.metrics.evaluate = [](const MetricsQuery&) { return std::vector<double>{0}; };
    CHECK(scenario.wait_for_rollback());
  }
  SECTION("it never passes") {
    CHECK(scenario.wait_for_rollback(20min));
    CHECK(std::ranges::count(scenario.events(), Reason::RollbackUnverified) == 1);
  }
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does nothing while the metrics server is down, and acts when it is back") {
  MetricsScenario scenario;
  scenario.ratios["app:v2"] = 0.2;
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.errors_check().value("result", "") == "Fail"; },
                             1min));
  scenario.metrics.is_running = false;
  scenario.run_for(40s);
  CHECK(scenario.errors_check().value("reason", "") == "ConnectionRefused");
  CHECK(scenario.template_changes() == 0);
  scenario.metrics.is_running = true;
  CHECK(scenario.wait_for_rollback());
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does nothing for a release without metrics, which stays inconclusive") {
  MetricsScenario scenario;
  scenario.ratios["app:v2"] = 0.2;
  scenario.metrics.is_running = false;
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           5min));
  scenario.metrics.is_running = true;
  scenario.run_for(5min);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.rollbacks().empty());
}

TEST_CASE("never rolls back for an answer that is not one number") {
  MetricsScenario scenario;
  scenario.fixed = GENERATE(std::vector<double>{}, std::vector<double>{1, 1},
                            std::vector<double>{std::numeric_limits<double>::quiet_NaN()},
                            std::vector<double>{std::numeric_limits<double>::infinity()});
  scenario.ship("web", "app:v2");
  scenario.run_for(10min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.rollbacks().empty());
}

namespace {

// Changes the check: it has no failIf, and fails if the value is above 2 times the value of the old
// pods and above 0.01.
const Json compared = {
    {"prometheus",
     {{"failIf", nullptr}, {"compareWith", "Baseline"}, {"ratioAbove", 2}, {"andAbove", 0.01}}}};

}  // namespace

TEST_CASE("rolls back a release whose error ratio is a multiple of that of the old pods") {
  MetricsScenario scenario(error_ratio, compared);
  scenario.ratios = {{"app:v1", 0.04}, {"app:v2", 0.21}};
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 2min));
  const Json* record = scenario.server.all("rollbacks").at(0);
  CHECK_THAT((*record)["spec"]["message"].get<std::string>(),
             Catch::Contains("value 0.21, baseline 0.04: 5.2 times, fails if above 2 times and "
                             "above 0.01"));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("keeps a release that is as bad as the old pods, if the check only compares") {
  MetricsScenario scenario(error_ratio, compared);
  scenario.ratios = {{"app:v1", 0.3}, {"app:v2", 0.4}};
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Good); }, 5min));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing while the baseline of a comparison has no value") {
  MetricsScenario scenario(error_ratio, compared);
  scenario.metrics.evaluate = [&](const MetricsQuery& sent) {
    const auto present = scenario.server.all("pods");
    const bool is_of_release = std::ranges::any_of(present, [&](const Json* pod) {
      return (*pod)["spec"]["containers"][0]["image"] == "app:v2" &&
             sent.text.contains((*pod)["metadata"]["name"].get<std::string>());
    });
    return is_of_release ? std::vector<double>{0.9} : std::vector<double>{};
  };
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until(
      [&] { return scenario.errors_check().value("reason", "") == "NoBaselineValue"; }, 1min));
  scenario.run_for(10min);
  CHECK(scenario.state("web") == idle(Reason::Inconclusive));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.rollbacks().empty());
}

TEST_CASE("compares a query about all pods with its value before the release") {
  MetricsScenario scenario(R"(errors:ratio{namespace="$namespace"})", compared);
  scenario.run_for(1min);
  const auto released = scenario.clock.now();
  // The evaluation of the release begins a moment after it is shipped.
  scenario.metrics.evaluate = [released](const MetricsQuery& sent) {
    return std::vector<double>{sent.at > released + 1s ? 0.3 : 0.02};
  };
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 2min));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("verifies the restored revision without an older one to compare with") {
  MetricsScenario scenario(error_ratio, compared);
  scenario.ratios = {{"app:v1", 0.04}, {"app:v2", 0.9}};
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 2min));
  SECTION("its value alone passes") {
    scenario.ratios["app:v1"] = 0.01;
    CHECK(scenario.wait_for_rollback());
    CHECK(std::ranges::count(scenario.events(), Reason::RollbackVerified) == 1);
  }
  SECTION("its value alone does not decide") {
    CHECK(scenario.wait_for_rollback(20min));
    CHECK(std::ranges::count(scenario.events(), Reason::RollbackUnverified) == 1);
  }
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("measures a check only after its initial delay") {
  MetricsScenario scenario(error_ratio, {{"initialDelay", "30s"}});
  scenario.ratios["app:v2"] = 0.2;
  scenario.ship("web", "app:v2");
  scenario.run_for(25s);
  CHECK(scenario.errors_check().value("reason", "") == "Pending");
  CHECK_THAT(scenario.errors_check().value("message", ""), Catch::Contains("initialDelay 30s"));
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 1min));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("becomes good without data only with onNoData Ignore") {
  const bool ignores = GENERATE(true, false);
  MetricsScenario scenario(error_ratio, ignores ? Json{{"onNoData", "Ignore"}} : Json::object());
  scenario.fixed = std::vector<double>{};
  scenario.ship("web", "app:v2");
  scenario.run_for(10min);
  CHECK(scenario.state("web") == idle(ignores ? Reason::Good : Reason::Inconclusive));
  CHECK(scenario.template_changes() == 0);
}

namespace {

// Status and reason of the condition ChecksValid. Empty: the policy does not have it.
std::string checks_valid(Simulation& simulation, const std::string& name) {
  const Json* policy = simulation.server.find("rollbackpolicies", {shop, name});
  const Json status = policy->value("status", Json::object());
  for (const Json& condition : status.value("conditions", Json::array())) {
    if (condition["type"] == "ChecksValid")
      return condition["status"].get<std::string>() + " " + condition["reason"].get<std::string>();
  }
  return {};
}

}  // namespace

//  four policies whose address is wrong: nothing is sent ---- another policy changes
TEST_CASE("reports an address that is wrong, and validates the other policies meanwhile") {
  MetricsScenario scenario;
  const Json good = (*scenario.server.find("rollbackpolicies", {shop, "web"}))["spec"];
  Json wrong = good;
  wrong["checks"].back()["prometheus"]["address"] = "http://prometheus:9090/api/v1";
  for (const char* name : {"a", "b", "c", "d"}) scenario.write_policy(name, wrong);
  scenario.write_policy("z", good);
  CHECK(scenario.run_until([&] { return checks_valid(scenario, "z") == "True Accepted"; }, 10s));
  for (const char* name : {"a", "b", "c", "d"})
    CHECK(checks_valid(scenario, name) == "False InvalidCheck");
}

TEST_CASE("reports within seconds whether the server accepts the queries of a policy") {
  MetricsScenario scenario;
  const auto is = [&](const char* expected) {
    return [&scenario, expected] { return checks_valid(scenario, "web") == expected; };
  };
  CHECK(scenario.run_until(is("True Accepted"), 10s));
  scenario.metrics.is_running = false;
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "2m"}}}});
  CHECK(scenario.run_until(is("Unknown ConnectionRefused"), 10s));
  scenario.metrics.is_running = true;
  CHECK(scenario.run_until(is("True Accepted"), 2min));
}
