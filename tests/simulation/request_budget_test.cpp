// How many requests one guarded Deployment costs in each state.
#include <map>
#include <string>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// Counts the requests of the controller. Does not count those of the Lease, and the watches of
// Deployments and of Lastgood's kinds: their number does not depend on the number of Deployments.
class RequestCounter {
 public:
  explicit RequestCounter(Simulation& simulation) : simulation_(simulation) {
    simulation_.script = [this](const Attempt& attempt) {
      // A list with limit=1 belongs to a watch: it reads the version from which the watch
      // continues.
      const bool is_watch = attempt.targets("watch=true") || attempt.targets("limit=1&") ||
                            attempt.call.target.ends_with("limit=1");
      const bool is_pod = attempt.targets("/pods");
      if (attempt.targets("/leases") || (is_watch && !is_pod)) return Fault::None;
      ++count_;
      if (is_pod && !is_watch) ++pod_lists_;
      const std::string path = attempt.call.target.substr(0, attempt.call.target.find('?'));
      ++by_path_[path];
      return Fault::None;
    };
  }

  // Lets 10 minutes pass, and returns the average.
  double per_minute() {
    count_ = 0;
    pod_lists_ = 0;
    by_path_.clear();
    simulation_.run_for(10min);
    return count_ / 10.0;
  }
  [[nodiscard]] int pod_lists() const { return pod_lists_; }
  [[nodiscard]] std::string paths() const {
    std::string text;
    for (const auto& [path, count] : by_path_) text += path + ": " + std::to_string(count) + "\n";
    return text;
  }

 private:
  Simulation& simulation_;
  int count_ = 0;
  int pod_lists_ = 0;
  std::map<std::string, int> by_path_;
};

}  // namespace

TEST_CASE("sends at most 1 request per minute for an Idle Deployment") {
  Scenario scenario;
  scenario.start_controller();
  scenario.run_for(1min);
  RequestCounter requests(scenario);
  CHECK(requests.per_minute() <= 1);
  INFO(requests.paths());
  CHECK(requests.pod_lists() == 0);
}

TEST_CASE("sends at most 3 requests per minute and no list of pods while it evaluates a release") {
  Scenario scenario;
  Json spec = quick_policy();
  spec["bakeTime"] = "1h";
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", spec}});
  scenario.cluster.health["app:v2"] = {};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == evaluating(Reason::Baking); },
                             1min));
  scenario.run_for(1min);
  RequestCounter requests(scenario);
  const double per_minute = requests.per_minute();
  INFO(requests.paths());
  CHECK(scenario.state("web") == evaluating(Reason::Baking));
  CHECK(per_minute <= 3);
  CHECK(requests.pod_lists() == 0);
}

TEST_CASE("sends at most 6 requests per minute while a rollback is held") {
  Scenario scenario;
  scenario.set_mode("Observe");
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(
      scenario.run_until([&] { return scenario.state("web") == held(Reason::Observing); }, 3min));
  scenario.run_for(1min);
  RequestCounter requests(scenario);
  const double per_minute = requests.per_minute();
  INFO(requests.paths());
  CHECK(scenario.state("web") == held(Reason::Observing));
  CHECK(per_minute <= 6);
}
