#include "guard/fleet_index.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Key web{.namespace_ = "shop", .name = "web"};
const Key cart{.namespace_ = "shop", .name = "cart"};

void set(FleetIndex& index, const Key& key, const GuardState& state) {
  index.on_state(key, FleetIndex::membership_of(state));
}

GuardState state_of(api::State state, const std::string& policy = "RollbackPolicy/web") {
  GuardState result;
  result.guard.edit().state = state;
  result.guard.edit().policy = policy;
  return result;
}

api::Deployment deployment(api::ConditionStatus available) {
  return {.conditions = {{.type = "Available", .status = available}}};
}

std::vector<Key> visited(const FleetIndex& index) {
  std::vector<Key> keys;
  index.for_each([&](const Key& key) { keys.push_back(key); });
  return keys;
}

}  // namespace

TEST_CASE("visits a guarded Deployment while it is not Idle or has past rollbacks") {
  FleetIndex index;
  set(index, web, state_of(api::State::Idle));
  CHECK(visited(index).empty());
  set(index, web, state_of(api::State::Evaluating));
  CHECK(visited(index) == std::vector{web});
  GuardState rolled_back = state_of(api::State::Idle);
  rolled_back.guard.edit().rollbacks = {{.name = "web-2", .at = noon}};
  set(index, web, rolled_back);
  CHECK(visited(index) == std::vector{web});
  set(index, web, state_of(api::State::Evaluating, ""));
  CHECK(visited(index).empty());
}

TEST_CASE("visits an Idle Deployment once while it is not available, if it is guarded") {
  FleetIndex index;
  const api::Deployment unavailable = deployment(api::ConditionStatus::False);
  index.on_deployment(web, &unavailable);
  CHECK(visited(index).empty());
  set(index, web, state_of(api::State::Idle));
  CHECK(visited(index) == std::vector{web});
  set(index, web, state_of(api::State::Held));
  CHECK(visited(index) == std::vector{web});
  set(index, web, state_of(api::State::Idle));
  const api::Deployment available = deployment(api::ConditionStatus::True);
  index.on_deployment(web, &available);
  CHECK(visited(index).empty());
  index.on_deployment(web, &unavailable);
  index.on_deployment(web, nullptr);
  CHECK(visited(index).empty());
}

TEST_CASE("counts the guarded Deployments, and forgets those that are gone") {
  FleetIndex index;
  set(index, web, state_of(api::State::Held));
  set(index, web, state_of(api::State::Held));
  set(index, cart, state_of(api::State::Idle));
  CHECK(index.guarded() == 2);
  index.on_forgotten(web);
  CHECK(index.guarded() == 1);
  CHECK(visited(index).empty());
  index.clear();
  CHECK(index.guarded() == 0);
}

TEST_CASE("a guard has no state until its Deployment is reconciled in this term") {
  FleetIndex index;
  index.on_unloaded(web);
  index.on_unloaded(cart);
  set(index, web, state_of(api::State::Idle));
  CHECK(index.unloaded() == std::set<Key>{cart});
  index.on_forgotten(cart);
  CHECK(index.unloaded().empty());
}

TEST_CASE("knows after a change of the term which Deployments are not available") {
  FleetIndex index;
  const api::Deployment unavailable = deployment(api::ConditionStatus::False);
  index.on_deployment(web, &unavailable);
  index.clear();
  set(index, web, state_of(api::State::Idle));
  CHECK(visited(index) == std::vector{web});
}
