// The fleet as one Deployment sees it: the breaker, and other Deployments that began to fail.
#include "guard/fleet.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::State;

namespace {

Key key_of(const std::string& name) { return {.namespace_ = "shop", .name = name}; }

struct Member {
  api::GuardStatus guard = {};
  std::string group = {};
};

struct FleetModel {
  GuardStates states = {};
  kube::Stores stores = {};
  std::map<std::string, Member> members = {};
  FleetMemory memory = {};
  BreakerOverride breaker_override = {};
  Time now = noon;

  // Adds a guarded Deployment whose check has failed since `began`. Empty: no check fails.
  api::GuardStatus& add(const std::string& name, std::optional<Time> began = {}) {
    const api::Deployment deployment{.meta = {.key = key_of(name)}};
    stores.deployments.upsert(deployment);
    states.open(deployment, stores, now);
    api::GuardStatus& guard = members[name].guard;
    guard.policy = "RollbackPolicy/web";
    if (began) {
      guard.state = State::Held;
      guard.checks = {{.name = "health",
                       .consecutive_failures = 3,
                       .passed_once = true,
                       .first_failure = began,
                       .last_failure = now}};
    }
    return guard;
  }

  // Adds a Deployment that fails since now and was not reconciled in this term. Its guard is about
  // the Deployment with this uid.
  void add_unloaded(const std::string& name, const Uid& uid_of_guard = Uid("1")) {
    stores.deployments.upsert({.meta = {.key = key_of(name), .uid = Uid("1")}});
    api::DeploymentGuard guard{.meta = {.key = key_of(name)}};
    guard.status = api::GuardStatus{.deployment_uid = uid_of_guard,
                                    .policy = "RollbackPolicy/web",
                                    .state = State::Held,
                                    .checks = {{.name = "health",
                                                .consecutive_failures = 3,
                                                .passed_once = true,
                                                .first_failure = now,
                                                .last_failure = now,
                                                .breached = true}}};
    stores.guards.upsert(std::move(guard));
    states.add_unloaded(key_of(name));
  }

  // The checks that fail do so again now. Returns the fleet as the Deployment `self` sees it.
  FleetView observe(const std::string& self, const std::string& group = "") {
    for (auto& [name, member] : members) {
      for (api::CheckStatus& check : member.guard.checks) check.last_failure = now;
      EffectivePolicy policy;
      policy.group = member.group;
      Plan plan;
      plan.guard = member.guard;
      states.apply(
          key_of(name),
          PlanDecided{.deployment = {}, .policy = policy, .plan = plan, .now = {}, .at = {}});
    }
    stores.deployments.for_each(
        [&](const auto& one) { states.on_deployment(one->meta.key, one.get()); });
    return observe_fleet(memory, states, stores, {}, breaker_override, key_of(self), group, now);
  }
};

std::set<std::string> names_of(const FleetView& view) {
  std::set<std::string> names;
  for (const OtherFailure& other : view.other_failures) names.insert(other.deployment.name);
  return names;
}

}  // namespace

TEST_CASE("keeps the breaker closed for a new failure when six Deployments failed for weeks") {
  FleetModel fleet;
  for (int i = 0; i < 6; ++i) fleet.add("old-" + std::to_string(i), noon - 500h);
  fleet.add("web", noon);
  CHECK_FALSE(fleet.observe("web").breaker.is_open);
}

TEST_CASE("opens the breaker when six Deployments began to fail recently") {
  FleetModel fleet;
  for (int i = 0; i < 6; ++i) fleet.add("new-" + std::to_string(i), noon - 4min);
  CHECK(fleet.observe("new-0").breaker.is_open);
}

TEST_CASE("keeps the breaker open during an outage, but only for the Deployments that it holds") {
  FleetModel fleet;
  for (int i = 0; i < 6; ++i) {
    fleet.add("new-" + std::to_string(i), noon).reason = Reason::BreakerOpen;
  }
  REQUIRE(fleet.observe("new-0").breaker.is_open);
  fleet.now = noon + 1h;
  for (int i = 0; i < 60; ++i) fleet.observe("new-0");
  CHECK(fleet.observe("new-0").breaker.is_open);
  fleet.now = noon + 2h;
  fleet.add("web", fleet.now);
  CHECK(fleet.observe("new-0").breaker.is_open);
  CHECK_FALSE(fleet.observe("web").breaker.is_open);
}

TEST_CASE("counts a container that crashes again and again as one old failure") {
  FleetModel fleet;
  for (int i = 0; i < 6; ++i) fleet.add("old-" + std::to_string(i), noon);
  fleet.observe("old-0");
  for (int minutes = 1; minutes <= 30; ++minutes) {
    fleet.now = noon + std::chrono::minutes(minutes);
    // Each check passed in between, so its first failure is a new one.
    for (auto& [name, member] : fleet.members) member.guard.checks[0].first_failure = fleet.now;
    fleet.observe("old-0");
  }
  fleet.add("web", fleet.now);
  CHECK_FALSE(fleet.observe("web").breaker.is_open);
}

TEST_CASE("lists the other Deployments that began to fail, also for a while after they recovered") {
  FleetModel fleet;
  fleet.add("web", noon);
  fleet.add("a", noon - 10s);
  fleet.add("healthy");
  api::GuardStatus& b = fleet.add("b", noon + 20s);
  CHECK(names_of(fleet.observe("web")) == std::set<std::string>{"a", "b"});
  b.checks.clear();
  fleet.now = noon + 4min;
  CHECK(names_of(fleet.observe("web")) == std::set<std::string>{"a", "b"});
  fleet.now = noon + 5min;
  CHECK(names_of(fleet.observe("web")) == std::set<std::string>{"a"});
}

TEST_CASE("does not list members of the same group, which are released together") {
  FleetModel fleet;
  fleet.add("web", noon);
  fleet.add("a", noon);
  fleet.members["a"].group = "shop";
  CHECK(names_of(fleet.observe("web", "shop")).empty());
  CHECK(names_of(fleet.observe("web")) == std::set<std::string>{"a"});
  CHECK(names_of(fleet.observe("web", "other")) == std::set<std::string>{"a"});
}

TEST_CASE(
    "needs at least two other failures, and at least 1 percent of the fleet, to hold a release") {
  FleetModel fleet;
  fleet.add("web", noon);
  CHECK(fleet.observe("web").min_other_failures == 2);
  for (int i = 1; i < 201; ++i) fleet.add("app-" + std::to_string(i));
  CHECK(fleet.observe("web").min_other_failures == 3);
}

TEST_CASE("lets other Deployments hold no release while the breaker is kept closed") {
  FleetModel fleet;
  fleet.add("web", noon);
  fleet.breaker_override.at = noon;
  CHECK(fleet.observe("web").min_other_failures == 0);
  fleet.now = noon + 5min;
  CHECK(fleet.observe("web").min_other_failures == 2);
}

TEST_CASE("counts Deployments that were not reconciled in this term by their guards") {
  FleetModel fleet;
  fleet.add("web");
  for (int i = 0; i < 6; ++i) fleet.add_unloaded("new-" + std::to_string(i));
  const FleetView view = fleet.observe("web");
  CHECK(view.breaker.is_open);
  CHECK(view.other_failures.size() == 6);
}

TEST_CASE("does not count the guard of a Deployment that was deleted or created again") {
  FleetModel fleet;
  fleet.add("web");
  for (int i = 0; i < 6; ++i) fleet.add_unloaded("new-" + std::to_string(i), Uid("before"));
  CHECK_FALSE(fleet.observe("web").breaker.is_open);
  FleetModel without_deployments;
  without_deployments.add("web");
  for (int i = 0; i < 6; ++i) {
    without_deployments.add_unloaded("new-" + std::to_string(i));
    without_deployments.stores.deployments.erase(key_of("new-" + std::to_string(i)));
  }
  CHECK_FALSE(without_deployments.observe("web").breaker.is_open);
}
