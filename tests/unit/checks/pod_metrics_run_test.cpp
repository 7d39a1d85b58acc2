#include "checks/pod_metrics_run.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "unit/checks/pod_metrics_fixtures.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {

using api::MeasurementResult;
using api::Reason;
using std::chrono::seconds;

namespace {

api::PodMetricsCheck scraped_check() {
  api::PodMetricsCheck check = ratio_check();
  check.port = 9100;
  return check;
}

// A run with the pod new-a of the release and the pod old-a of the baseline. Tests change the
// fields before they call run() for the first time.
struct Scene {
  explicit Scene(api::PodMetricsCheck pod_metrics = scraped_check())
      : check{.name = "errors", .kind = pod_metrics}, wanted(question(pod_metrics)) {}

  PodMetricsRun& run() {
    if (!run_) {
      run_.emplace(PodMetricsInputs{.check = check,
                                    .question = wanted,
                                    .pods = pods,
                                    .baseline_pods = old_pods,
                                    .nothing_started = nothing_started,
                                    .established = established});
    }
    return *run_;
  }
  // One round in which the pods have these pages. A pod without a page cannot be scraped.
  Scene& round(seconds since_first, const std::map<std::string, std::string>& pages) {
    for (ScrapeJob& job : run().jobs()) {
      const auto found = pages.find(job.target.pod);
      job.window.add(found == pages.end() ? failed_scrape() : scrape(wanted, found->second));
    }
    run().add_round(since_first);
    return *this;
  }
  [[nodiscard]] std::vector<std::string> scraped() {
    std::vector<std::string> out;
    for (const ScrapeJob& job : run().jobs()) out.push_back(job.target.pod);
    return out;
  }

  api::Check check;
  PodMetricsQuestion wanted;
  std::vector<api::Pod> pods{running("new-a")};
  std::vector<api::Pod> old_pods{running("old-a")};
  bool nothing_started = false;
  Established established = Established::Yes;

 private:
  std::optional<PodMetricsRun> run_;
};

// The pages of the first round, and pages after 100 more requests to each pod. `bad` of the
// requests to new-a and `old_bad` of the requests to old-a failed.
const std::map<std::string, std::string> at_first{{"new-a", page(0, 0)}, {"old-a", page(500, 500)}};
std::map<std::string, std::string> later(double bad, double old_bad = 0) {
  return {{"new-a", page(100 - bad, bad)}, {"old-a", page(600 - old_bad, 500 + old_bad)}};
}

}  // namespace

TEST_CASE("PodMetricsRun scrapes the release and the baseline in each round until it has a value") {
  Scene scene;
  CHECK(scene.scraped() == std::vector<std::string>{"new-a", "old-a"});
  scene.round(seconds(0), at_first);
  CHECK(scene.run().next_round() == seconds(10));
  scene.round(seconds(10), later(3));
  CHECK_FALSE(scene.run().next_round());
  CHECK(scene.run().measurement().result == MeasurementResult::Pass);
  CHECK(scene.run().measurement().message ==
        "3 of 100 requests of 1 pod failed in 10s: ratio 0.03, fails if > 0.05, old pods 0");
  CHECK_FALSE(scene.run().needs_confirmation());
  CHECK_FALSE(scene.run().needs_baseline_result());
}

TEST_CASE("PodMetricsRun has the result of the baseline when the release fails") {
  Scene scene;
  scene.round(seconds(0), at_first).round(seconds(10), later(30, 20));
  CHECK(scene.run().measurement().result == MeasurementResult::Fail);
  CHECK(scene.run().needs_confirmation());
  CHECK(scene.run().needs_baseline_result());
  CHECK(scene.run().baseline_measurement().result == MeasurementResult::Fail);
  CHECK(scene.run().baseline_measurement().value == 0.2);
}

TEST_CASE("PodMetricsRun confirms a failure of the baseline too") {
  Scene scene;
  scene.round(seconds(0), at_first).round(seconds(10), later(0, 20));
  CHECK(scene.run().needs_confirmation());
  scene.run().confirm(scene.pods, {});
  CHECK(scene.run().baseline_measurement().result == MeasurementResult::Unknown);
}

TEST_CASE("PodMetricsRun does not fail if its pods ended or restarted meanwhile") {
  Scene scene;
  scene.round(seconds(0), at_first).round(seconds(10), later(30));
  REQUIRE(scene.run().measurement().result == MeasurementResult::Fail);
  std::vector<api::Pod> now_pods{running("new-a")};
  SECTION("nothing happened") {
    scene.run().confirm(now_pods, scene.old_pods);
    CHECK(scene.run().measurement().result == MeasurementResult::Fail);
  }
  SECTION("the pod is terminating") {
    now_pods = {terminating(running("new-a"))};
    scene.run().confirm(now_pods, scene.old_pods);
    CHECK(scene.run().measurement().result == MeasurementResult::Unknown);
  }
  SECTION("the container restarted") {
    now_pods.front().containers.front().restarts = 1;
    scene.run().confirm(now_pods, scene.old_pods);
    CHECK(scene.run().measurement().reason == Reason::CounterReset);
  }
}

TEST_CASE("PodMetricsRun goes on for a minute while there is too little traffic") {
  Scene scene;
  scene.round(seconds(0), at_first);
  seconds time(0);
  double requests = 0;
  while (const auto next = scene.run().next_round()) {
    time = std::chrono::duration_cast<seconds>(*next);
    scene.round(time, {{"new-a", page(0, ++requests)}});
  }
  CHECK(time == seconds(60));
  CHECK(scene.run().measurement().reason == Reason::LowTraffic);
  CHECK(scene.run().measurement().message ==
        "1 pod had 6 requests in 1m, fewer than minimumRequests 20; send more requests, or lower "
        "minimumRequests");
}

TEST_CASE("PodMetricsRun counts the requests of all its rounds") {
  Scene scene;
  scene.round(seconds(0), {{"new-a", page(0, 0)}}).round(seconds(10), {{"new-a", page(5, 5)}});
  REQUIRE(scene.run().next_round() == seconds(20));
  scene.round(seconds(20), {{"new-a", page(15, 5)}});
  CHECK_FALSE(scene.run().next_round());
  CHECK(scene.run().measurement().value == 0.25);
}

TEST_CASE("PodMetricsRun ends at once if the pods cannot be scraped") {
  Scene scene;
  scene.round(seconds(0), {{"old-a", page(0, 0)}});
  CHECK_FALSE(scene.run().next_round());
  CHECK(scene.run().measurement().reason == Reason::EndpointFailed);
}

TEST_CASE("PodMetricsRun needs one round for a gauge") {
  Scene scene({.value = api::PodMetricsCheck::Value::Gauge,
               .port = 9100,
               .gauge = "queue",
               .fail_if = api::Comparison{.limit = 5}});
  scene.round(seconds(0), {{"new-a", "queue 9\n"}, {"old-a", "queue 1\n"}});
  CHECK_FALSE(scene.run().next_round());
  CHECK(scene.run().measurement().result == MeasurementResult::Fail);
  CHECK(scene.run().measurement().message ==
        "the mean of queue in 1 pod is 9, fails if > 5, old pods 1");
}

TEST_CASE("PodMetricsRun does not wait for a baseline that has too little traffic") {
  Scene scene;
  const bool is_bad = GENERATE(false, true);
  scene.round(seconds(0), at_first);
  scene.round(seconds(10), {{"new-a", page(100, is_bad ? 50 : 0)}, {"old-a", page(500, 500)}});
  CHECK_FALSE(scene.run().next_round());
}

TEST_CASE("PodMetricsRun measures the baseline before the release has pods") {
  Scene scene;
  scene.pods = {unready("new-a")};
  scene.nothing_started = true;
  CHECK(scene.scraped() == std::vector<std::string>{"old-a"});
  scene.round(seconds(0), at_first);
  CHECK(scene.run().next_round() == seconds(10));
  scene.round(seconds(10), later(0, 20));
  CHECK_FALSE(scene.run().next_round());
  CHECK(scene.run().measurement().reason == Reason::PodsStarting);
  CHECK(scene.run().needs_baseline_result());
  CHECK(scene.run().baseline_measurement().result == MeasurementResult::Fail);
}

TEST_CASE("PodMetricsRun scrapes nothing if no pod is ready") {
  Scene scene;
  scene.pods = {unready("new-a")};
  scene.old_pods = {};
  CHECK(scene.scraped().empty());
  CHECK(scene.run().measurement().reason == Reason::PodsStarting);
  CHECK_FALSE(scene.run().next_round());
  CHECK_FALSE(scene.run().needs_baseline_result());
  CHECK(scene.run().baseline_measurement().result == MeasurementResult::Unknown);
}

TEST_CASE("PodMetricsRun has a result of the baseline for a check that is not established") {
  Scene scene;
  scene.established = Established::No;
  scene.round(seconds(0), at_first).round(seconds(10), later(0));
  CHECK(scene.run().measurement().result == MeasurementResult::Pass);
  CHECK(scene.run().needs_baseline_result());
  CHECK(scene.run().baseline_measurement().result == MeasurementResult::Pass);
}

}  // namespace lastgood::checks::test
