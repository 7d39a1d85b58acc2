// Releases that are evaluated by the metrics pages of their pods, without a metrics server. The
// health endpoint always passes.
#include <fmt/format.h>

#include "simulation/scenario.hpp"

using namespace lastgood;
using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// The metrics page of each pod with one image.
struct AppMetrics {
  double error_ratio = 0;
  double slow_ratio = 0;      // the share of the requests that take between 1 and 5 s
  double requests = 20;       // per second and pod
  Duration resets_every{0};   // the counters are reset to 0 at this interval; 0: never
  bool answers = true;        // false: the metrics page times out
  std::size_t page_size = 0;  // bytes of unrelated metrics on the page
};

struct PodMetricsScenario : Scenario {
  explicit PodMetricsScenario(const Json& pod_metrics = {{"port", 9100}}, int replicas = 2)
      : Scenario(replicas) {
    cluster.health["app:v2"] = {};
    Json checks = quick_policy()["checks"];
    checks.push_back({{"name", "errors"},
                      {"interval", "5s"},
                      {"failureThreshold", 2},
                      {"podMetrics", pod_metrics}});
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "1m"}, {"checks", checks}}}});
    metrics.scrape = [this](const api::HttpCall& call) { return page_of(call); };
    start_controller();
  }

  // Makes the next rollout slow: the old pods, which are available after the first minute, stay
  // until the new pods have been ready for a minute.
  void slow_rollout() {
    run_for(1min);
    merge_patch("deployments", "web", {{"spec", {{"minReadySeconds", 60}}}});
  }

  api::HttpResponse page_of(const api::HttpCall& call) {
    for (const Json* pod : server.all("pods")) {
      if (pod->value(Json::json_pointer("/status/podIP"), "") != call.host) continue;
      const std::string name = (*pod)["metadata"]["name"];
      ++scrapes[name];
      const auto own = by_pod.find(name);
      const std::string image = (*pod)["spec"]["containers"][0]["image"];
      const AppMetrics& app = own != by_pod.end() ? own->second : apps[image];
      if (!app.answers) return {.outcome = api::ProbeOutcome::TimedOut, .took = call.timeout};
      return {.outcome = api::ProbeOutcome::Answered,
              .status = 200,
              .content_type = "text/plain; version=0.0.4",
              .body = body_of(app, clock.now() - start_of(*pod))};
    }
    return {.outcome = api::ProbeOutcome::ConnectionRefused};
  }

  static Time start_of(const Json& pod) {
    const Json::json_pointer path("/status/containerStatuses/0/state/running/startedAt");
    return parse_rfc3339(pod.value(path, "")).value_or(Time());
  }

  static std::string body_of(const AppMetrics& app, Duration age) {
    if (app.resets_every > Duration(0)) age %= app.resets_every;
    const double total = app.requests * static_cast<double>(age.count()) / 1000;
    const double slow = app.slow_ratio * total;
    return fmt::format(
        "# {}\nhttp_requests_total{{code=\"200\"}} {}\nhttp_requests_total{{code=\"500\"}} {}\n"
        "http_request_duration_seconds_bucket{{le=\"1\"}} {}\n"
        "http_request_duration_seconds_bucket{{le=\"5\"}} {}\n"
        "http_request_duration_seconds_bucket{{le=\"+Inf\"}} {}\nqueue_length {}\n{}",
        app.page_size, total * (1 - app.error_ratio), total * app.error_ratio, total - slow, total,
        total, app.error_ratio * 100, filler(app.page_size));
  }

  static std::string filler(std::size_t size) {
    std::string out;
    while (out.size() < size) out += "other{a=\"" + std::string(1000, 'x') + "\"} 1\n";
    return out;
  }

  [[nodiscard]] Json errors_check() const {
    const Json status = server.find("deploymentguards", {shop, "web"})->at("status");
    for (const Json& check : status.value("checks", Json::array()))
      if (check["name"] == "errors") return check;
    return Json::object();
  }

  bool becomes_good() {
    return run_until([&] { return state("web") == idle(Reason::Good); }, 10min);
  }

  std::map<std::string, AppMetrics> apps = {};    // by image
  std::map<std::string, AppMetrics> by_pod = {};  // instead of `apps`, for single pods
  std::map<std::string, int> scrapes = {};        // by pod
};

const Json compare_with_baseline = {
    {"port", 9100}, {"compareWith", "Baseline"}, {"ratioAbove", 2}, {"andAbove", 0.01}};

}  // namespace

TEST_CASE("rolls back a release whose pods report a high error ratio") {
  PodMetricsScenario scenario;
  CHECK(scenario.checks_established() == "True");
  scenario.apps["app:v2"].error_ratio = 0.2;
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
  const Json* record = scenario.server.all("rollbacks").at(0);
  CHECK((*record)["spec"]["check"] == "errors");
  CHECK((*record)["spec"]["message"].get<std::string>().contains("ratio 0.2, fails if > 0.05"));
}

TEST_CASE("rolls back a release with little traffic when it has failed for the time of `for`") {
  PodMetricsScenario scenario({{"port", 9100}, {"minimumRequests", 20}});
  Json spec = scenario.server.find("rollbackpolicies", {shop, "web"})->at("spec");
  spec["bakeTime"] = "20m";
  spec["checks"].back().update({{"interval", "10s"}, {"for", "2m"}, {"failureThreshold", 1}});
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", spec}});
  scenario.apps["app:v1"].requests = 1;
  scenario.apps["app:v2"] = {.error_ratio = 0.5, .requests = 0.25};
  scenario.run_for(5min);
  scenario.ship("web", "app:v2");
  scenario.run_for(2min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.run_until([&] { return scenario.template_changes() == 1; }, 5min));
}

TEST_CASE("rolls back a release whose pods report a high latency or gauge") {
  const Json check =
      GENERATE(Json{{"port", 9100}, {"latency", {{"quantile", 0.9}}}, {"failIf", "> 1"}},
               Json{{"port", 9100}, {"gauge", {{"metric", "queue_length"}}}, {"failIf", "> 10"}});
  PodMetricsScenario scenario(check);
  scenario.apps["app:v2"] = {.error_ratio = 0.3, .slow_ratio = 0.3};
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

TEST_CASE("keeps a release whose pods report a low error ratio") {
  PodMetricsScenario scenario;
  scenario.apps["app:v2"].error_ratio = 0.04;
  scenario.ship("web", "app:v2");
  CHECK(scenario.becomes_good());
  CHECK(scenario.errors_check().value("threshold", "") == "> 0.05");
  CHECK(scenario.errors_check().value("message", "").contains("ratio 0.04"));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("holds a release whose old pods report the same error ratio") {
  PodMetricsScenario scenario;
  scenario.slow_rollout();
  scenario.apps["app:v1"].error_ratio = 0.2;
  scenario.apps["app:v2"].error_ratio = 0.2;
  scenario.ship("web", "app:v2");
  scenario.run_for(3min);
  CHECK(scenario.is_in_state("web", State::Held));
  CHECK(scenario.errors_check().value("message", "").contains("old pods 0.2"));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("compares the error ratio of the new pods with that of the old pods") {
  PodMetricsScenario scenario(compare_with_baseline);
  scenario.slow_rollout();
  scenario.apps["app:v1"].error_ratio = 0.02;
  SECTION("more than twice as high") {
    scenario.apps["app:v2"].error_ratio = 0.05;
    scenario.ship("web", "app:v2");
    CHECK(scenario.wait_for_rollback());
    scenario.check_rolled_back_once();
  }
  SECTION("not twice as high") {
    scenario.apps["app:v2"].error_ratio = 0.039;
    scenario.ship("web", "app:v2");
    scenario.run_for(3min);
    CHECK(scenario.template_changes() == 0);
  }
}

TEST_CASE("does nothing when it cannot compare because the old pods are gone") {
  PodMetricsScenario scenario(compare_with_baseline);
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.is_rolled_out("web"); }, 1min));
  scenario.run_for(10s);
  scenario.apps["app:v2"].error_ratio = 0.5;
  scenario.run_for(3min);
  CHECK(scenario.errors_check().value("reason", "") == "NoBaselineValue");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does nothing when the counters of the pods are reset again and again") {
  PodMetricsScenario scenario;
  // The error ratio is below the limit of 0.05 between two resets.
  scenario.apps["app:v2"].resets_every = GENERATE(3s, 5s, 7s, 12s);
  scenario.apps["app:v2"].error_ratio = 0.04;
  scenario.ship("web", "app:v2");
  scenario.run_for(5min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("does nothing when the metrics of the new pods cannot be scraped") {
  PodMetricsScenario scenario;
  scenario.apps["app:v2"] = {.error_ratio = 0.9, .answers = false};
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           10min));
  CHECK(scenario.errors_check().value("reason", "") == "EndpointFailed");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("keeps a release when one of its four pods fails or does not answer") {
  PodMetricsScenario scenario({{"port", 9100}}, 4);
  const AppMetrics bad = GENERATE(AppMetrics{.error_ratio = 1}, AppMetrics{.answers = false});
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until(
      [&] {
        for (const Json* pod : scenario.server.all("pods")) {
          if ((*pod)["spec"]["containers"][0]["image"] != "app:v2") continue;
          scenario.by_pod = {{(*pod)["metadata"]["name"], bad}};
          return true;
        }
        return false;
      },
      1min));
  REQUIRE(scenario.run_until([&] { return scenario.is_rolled_out("web"); }, 2min));
  CHECK(scenario.becomes_good());
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("does not count what pods report before they are ready") {
  PodMetricsScenario scenario;
  scenario.cluster.health["app:v2"].startup = 30s;
  scenario.ship("web", "app:v2");
  scenario.run_for(25s);
  for (const Json* pod : scenario.server.all("pods")) {
    if ((*pod)["spec"]["containers"][0]["image"] == "app:v2")
      CHECK(scenario.scrapes[(*pod)["metadata"]["name"]] == 0);
  }
  CHECK(scenario.becomes_good());
}

TEST_CASE("does nothing for a release with too little traffic") {
  PodMetricsScenario scenario;
  scenario.apps["app:v2"] = {.error_ratio = 1, .requests = 0.04};
  scenario.ship("web", "app:v2");
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::Inconclusive); },
                           30min));
  CHECK(scenario.errors_check().value("reason", "") == "LowTraffic");
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("waits for enough requests before it measures a release with little traffic") {
  PodMetricsScenario scenario;
  scenario.apps["app:v2"] = {.error_ratio = 0.5, .requests = 0.5};
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

TEST_CASE("a restart of the controller neither causes nor prevents a rollback") {
  PodMetricsScenario scenario;
  const bool is_bad = GENERATE(false, true);
  scenario.apps["app:v2"].error_ratio = is_bad ? 0.2 : 0;
  scenario.ship("web", "app:v2");
  for (const char* controller : {"two", "three"}) {
    scenario.run_for(8s);
    scenario.kill(controller == std::string("two") ? "one" : "two");
    scenario.start(controller);
  }
  const bool ends = is_bad ? scenario.wait_for_rollback() : scenario.becomes_good();
  CHECK(ends);
  CHECK(scenario.template_changes() == (is_bad ? 1 : 0));
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("scrapes large pages, and gives up on pages above the limit") {
  PodMetricsScenario scenario;
  scenario.apps["app:v2"].error_ratio = 0.2;
  SECTION("1 MiB") {
    scenario.apps["app:v2"].page_size = std::size_t{1024} * 1024;
    scenario.ship("web", "app:v2");
    CHECK(scenario.wait_for_rollback());
  }
  SECTION("6 MiB") {
    scenario.apps["app:v2"].page_size = std::size_t{6} * 1024 * 1024;
    scenario.ship("web", "app:v2");
    scenario.run_for(1min);
    CHECK(scenario.errors_check().value("reason", "") == "TooManySeries");
    CHECK(scenario.template_changes() == 0);
  }
}
