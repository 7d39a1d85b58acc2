// The status of RollbackPolicies, and the guard of a Deployment without a release.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

const Json selector{{"matchLabels", {{"tier", "web"}}}};

struct TwoPolicies : Scenario {
  TwoPolicies() {
    Json policy = quick_policy();
    policy["selector"] = selector;
    merge_patch("rollbackpolicies", "web", {{"spec", policy}});
    merge_patch(
        "deployments", "web",
        {{"metadata",
          {{"labels", {{"tier", "web"}}}, {"annotations", {{"lastgood.dev/policy", nullptr}}}}}});
    start_controller();
    write_policy("other", policy);
  }

  // "True (Accepted)"; empty without a status.
  [[nodiscard]] std::string ready(const std::string& name) const {
    const Json condition = ready_condition(name);
    if (condition.is_null()) return "";
    return condition["status"].get<std::string>() + " (" + condition["reason"].get<std::string>() +
           ")";
  }
  [[nodiscard]] std::string message(const std::string& name) const {
    return ready_condition(name).value("message", "");
  }
  [[nodiscard]] int policy_writes() const {
    return static_cast<int>(std::ranges::count_if(writes_of_controllers(), [](const Write& write) {
      return write.route.plural == "rollbackpolicies";
    }));
  }

 private:
  [[nodiscard]] Json ready_condition(const std::string& name) const {
    const Json* policy = server.find("rollbackpolicies", {.namespace_ = shop, .name = name});
    if (!policy || !policy->contains("status")) return {};
    for (const Json& condition : policy->at("status").value("conditions", Json::array()))
      if (condition["type"] == "Ready") return condition;
    return {};
  }
};

}  // namespace

TEST_CASE("names the Deployment and the other policy when two policies select the same one") {
  TwoPolicies scenario;
  const std::string conflict = "False (PolicyConflict)";
  REQUIRE(scenario.run_until(
      [&] { return scenario.ready("web") == conflict && scenario.ready("other") == conflict; },
      1min));
  CHECK(scenario.message("web").contains("Deployment web, because RollbackPolicy other"));
  CHECK(scenario.message("other").contains("Deployment web, because RollbackPolicy web"));
  const int writes = scenario.policy_writes();
  scenario.run_for(10min);
  CHECK(scenario.policy_writes() == writes);
  scenario.merge_patch("deployments", "web",
                       {{"metadata", {{"annotations", {{"lastgood.dev/policy", "web"}}}}}});
  const std::string accepted = "True (Accepted)";
  CHECK(scenario.run_until(
      [&] { return scenario.ready("web") == accepted && scenario.ready("other") == accepted; },
      1min));
}

TEST_CASE("shows that the policy of an idle Deployment is suspended, with one write each time") {
  Scenario scenario;
  scenario.start_controller();
  const auto guard_writes = [&] {
    return std::ranges::count_if(scenario.writes_of_controllers(), [](const Write& write) {
      return write.route.plural == "deploymentguards";
    });
  };
  const auto before = guard_writes();
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"suspend", true}}}});
  REQUIRE(
      scenario.run_until([&] { return scenario.state("web") == idle(Reason::Suspended); }, 1min));
  scenario.run_for(1h);
  CHECK(guard_writes() == before + 1);
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"suspend", false}}}});
  CHECK(scenario.run_until([&] { return scenario.state("web") == idle(Reason::PresumedGood); },
                           1min));
}
