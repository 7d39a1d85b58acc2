// Which entries are put into the inbox of a Deployment, and when they change its state.
#include "guard/guard_states.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <vector>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Key web_key{.namespace_ = "shop", .name = "web"};
const Uid web_uid("1b4e-uid");
const Uid guard_uid("guard-uid");

struct OpenedState {
  OpenedState() {
    deployment.meta.key = web_key;
    deployment.meta.uid = web_uid;
    api::DeploymentGuard guard{.meta = {.key = web_key, .uid = guard_uid}};
    guard.status.edit().freeze = api::Freeze{.reason = Reason::Contested};
    stores.guards.upsert(std::move(guard));
    states.open(deployment, stores, noon);
    states.end_gather(web_key);
  }

  api::Deployment deployment;
  kube::Stores stores;
  GuardStates states;
};

}  // namespace

TEST_CASE("changes the state when it is opened, not when the entry is posted") {
  OpenedState web;
  CHECK(web.states.post(web_key, FreezeRemoved{.guard = guard_uid}));
  CHECK(web.states.find(web_key)->guard->freeze);
  web.states.open(web.deployment, web.stores, noon);
  CHECK_FALSE(web.states.find(web_key)->guard->freeze);
}

//  open() ---- post: this reconcile folds it ---- end_gather() ---- post: needs a reconcile
TEST_CASE("needs no reconcile for an entry that is posted while a reconcile gathers its inputs") {
  OpenedState web;
  web.states.open(web.deployment, web.stores, noon);
  CHECK_FALSE(web.states.post(web_key, FreezeRemoved{.guard = guard_uid}));
  web.states.drain(web.deployment, web.stores, noon);
  CHECK_FALSE(web.states.find(web_key)->guard->freeze);
  CHECK_FALSE(web.states.end_gather(web_key));
  CHECK(web.states.post(web_key, RollbackSeen{}));
}

TEST_CASE("needs a reconcile for an entry that was not folded when the inputs were gathered") {
  OpenedState web;
  web.states.open(web.deployment, web.stores, noon);
  web.states.post(web_key, FreezeRemoved{.guard = guard_uid});
  CHECK(web.states.end_gather(web_key));
  web.states.forget(web_key);
  CHECK_FALSE(web.states.end_gather(web_key));
}

TEST_CASE("refuses an entry when the Deployment was not reconciled in this term") {
  OpenedState web;
  const Key other{.namespace_ = "shop", .name = "other"};
  CHECK_FALSE(web.states.post(other, RollbackSeen{}));
  CHECK(web.states.find(other) == nullptr);
  web.states.forget(web_key);
  CHECK_FALSE(web.states.post(web_key, FreezeRemoved{.guard = guard_uid}));
  CHECK(web.states.find(web_key) == nullptr);
}

TEST_CASE("refuses an entry when it is about an older object with the same name") {
  OpenedState web;
  const Uid old("old-uid");
  CHECK_FALSE(web.states.post(web_key, FreezeRemoved{.guard = old}));
  CHECK_FALSE(web.states.post(web_key, GuardDeleted{.guard = old}));
  CHECK_FALSE(web.states.post(web_key, MeasurementArrived{.deployment = old}));
  CHECK_FALSE(web.states.post(web_key, CheckEnded{.deployment = old}));
}

TEST_CASE("loads the state again, without the inbox, when the Deployment was created again") {
  OpenedState web;
  web.states.post(web_key, MeasurementArrived{.deployment = web_uid});
  web.deployment.meta.uid = Uid("2c5f-uid");
  CHECK(web.states.open(web.deployment, web.stores, noon)->deployment_uid == Uid("2c5f-uid"));
  CHECK(web.states.open(web.deployment, web.stores, noon)->measurements.empty());
}

TEST_CASE("loads the state of an unmanaged group member when it is opened") {
  OpenedState web;
  web.states.set_unmanaged(web_key, GuardState{.deployment_uid = web_uid, .is_unmanaged = true});
  CHECK(web.states.find(web_key)->is_unmanaged);
  CHECK(web.states.open(web.deployment, web.stores, noon)->guard_uid == guard_uid);
}

TEST_CASE("folds an outcome into the state, and ignores it when the term is over") {
  OpenedState web;
  const auto state = web.states.open(web.deployment, web.stores, noon);
  web.states.apply(web_key, EventsEmitted{.counts = {{"web.1", 1}}});
  CHECK(state->emitted.size() == 1);
  web.states.forget_all();
  web.states.apply(web_key, EventsEmitted{});
  web.states.drain(web.deployment, web.stores, noon);
  CHECK(state->emitted.size() == 1);
  CHECK(web.states.find(web_key) == nullptr);
}

TEST_CASE("says that a user deleted the Rollback until the entry is folded into the state") {
  OpenedState web;
  const Uid deleted("rollback-uid");
  CHECK_FALSE(web.states.is_rollback_deleted(web_key, deleted));
  web.states.post(web_key, RollbackDeleted{.rollback = deleted, .at = noon});
  CHECK(web.states.is_rollback_deleted(web_key, deleted));
  CHECK_FALSE(web.states.is_rollback_deleted(web_key, Uid("other")));
  web.states.drain(web.deployment, web.stores, noon);
  CHECK_FALSE(web.states.is_rollback_deleted(web_key, deleted));
}

// The shell reads states and cannot change them.
static_assert(
    std::is_same_v<decltype(std::declval<const GuardStates&>().find(web_key)), const GuardState*>);
static_assert(std::is_same_v<decltype(std::declval<GuardStates&>().open({}, {}, noon)),
                             std::shared_ptr<const GuardState>>);

namespace {

// A guard of an Idle Deployment as the watch has it. Its state is loaded from it.
struct IdleState {
  IdleState() {
    deployment.meta.key = web_key;
    deployment.meta.uid = web_uid;
    guard.meta.key = web_key;
    guard.meta.uid = guard_uid;
    guard.status.edit().message = "revision 1 is good";
    guard.status.edit().checks = {{.name = "health", .passed_once = true}};
    stores.guards.upsert(guard);
    states.open(deployment, stores, noon);
  }

  void decide(const api::GuardStatus& next) {
    const EffectivePolicy policy;
    const Plan plan{.guard = next};
    states.apply(
        web_key,
        PlanDecided{
            .deployment = deployment, .policy = policy, .plan = plan, .now = noon, .at = {}});
  }

  const GuardState& state() const { return *states.find(web_key); }
  const Shared<api::GuardStatus>& stored() const { return stores.guards.find(web_key)->status; }

  api::Deployment deployment;
  api::DeploymentGuard guard;
  kube::Stores stores;
  GuardStates states;
};

}  // namespace

TEST_CASE("an Idle Deployment has one copy of its status in memory") {
  IdleState web;
  CHECK(web.state().guard.shares_with(web.stored()));
  CHECK(web.state().written.shares_with(web.stored()));
  // The status is written with another message, and the watch returns it.
  api::GuardStatus next = *web.guard.status;
  next.message = "revision 1 still runs";
  web.decide(next);
  CHECK_FALSE(web.state().guard.shares_with(web.stored()));
  web.states.apply(web_key, GuardWritten{.uid = guard_uid, .status = next});
  CHECK(web.state().written.shares_with(web.state().guard));
  web.guard.status = next;
  web.guard.meta.resource_version = ResourceVersion("2");
  web.stores.guards.upsert(web.guard);
  web.states.share_stored(*web.stores.guards.find(web_key));
  CHECK(web.state().guard.shares_with(web.stored()));
  CHECK(web.state().written.shares_with(web.stored()));
}

TEST_CASE("keeps its own status when the watch has another one, another guard, or in Evaluating") {
  IdleState web;
  api::DeploymentGuard other = web.guard;
  other.status.edit().idle_results = {{.check = "health", .consecutive_failures = 1}};
  web.states.share_stored(other);
  CHECK(web.state().guard->idle_results.empty());
  api::DeploymentGuard recreated = web.guard;
  recreated.meta.uid = Uid("another");
  recreated.status.edit().deployment_generation = 7;
  web.states.share_stored(recreated);
  CHECK(web.state().guard->deployment_generation == 0);
  api::GuardStatus evaluating = *web.guard.status;
  evaluating.state = api::State::Evaluating;
  evaluating.checks[0].passing_since = noon;
  web.decide(evaluating);
  api::DeploymentGuard stored = web.guard;
  stored.status = evaluating;
  stored.status.edit().checks[0].passing_since.reset();
  web.states.share_stored(stored);
  CHECK(web.state().guard->checks[0].passing_since == noon);
}

TEST_CASE("the index of the fleet agrees with all states after random operations") {
  kube::Stores stores;
  GuardStates states;
  std::mt19937 random(7);
  const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
  for (int step = 0; step < 3'000; ++step) {
    api::Deployment deployment;
    deployment.meta.key = {.namespace_ = "shop", .name = fmt::format("web-{}", below(5))};
    deployment.meta.uid = Uid(fmt::format("uid-{}", below(2)));
    const Key& key = deployment.meta.key;
    switch (below(5)) {
      case 0: {
        api::GuardStatus status;
        status.policy = below(3) == 0 ? "" : "RollbackPolicy/web";
        if (below(2) == 0) status.rollbacks = {{.name = "web-2", .at = noon}};
        if (below(3) == 0)
          status.conditions = {
              {.type = api::condition::governed, .reason = api::to_string(Reason::PolicyConflict)}};
        const Plan plan{.guard = std::move(status)};
        states.apply(
            key, PlanDecided{
                     .deployment = deployment, .policy = {}, .plan = plan, .now = noon, .at = {}});
        break;
      }
      case 1: {
        api::DeploymentGuard guard{.meta = {.key = key, .uid = guard_uid}};
        guard.status.edit().deployment_uid = deployment.meta.uid;
        guard.status.edit().policy = below(3) == 0 ? "" : "RollbackPolicy/web";
        guard.status.edit().state = below(2) == 0 ? api::State::Idle : api::State::Held;
        stores.guards.upsert(std::move(guard));
        break;
      }
      case 2: states.forget(key); break;
      case 3: states.set_unmanaged(key, GuardState{.is_unmanaged = true}); break;
      default: states.open(deployment, stores, noon);
    }
    std::vector<Key> noteworthy;
    std::set<Key> conflicting;
    std::size_t guarded = 0;
    states.for_each([&](const Key& each, const GuardState& state) {
      const FleetIndex::Membership membership = FleetIndex::membership_of(state);
      if (!membership.policy.empty()) ++guarded;
      if (membership.has_policy_conflict) conflicting.insert(each);
      if (membership.is_active) noteworthy.push_back(each);
    });
    std::vector<Key> indexed;
    states.index().for_each([&](const Key& each) { indexed.push_back(each); });
    REQUIRE(indexed == noteworthy);
    REQUIRE(states.index().guarded() == guarded);
    REQUIRE(states.index().guarded_by("shop", "RollbackPolicy/web") == guarded);
    REQUIRE(states.index().with_policy_conflict() == conflicting);
  }
}
