// The conditions Governed, Ready, Reconciling and Stalled in each state.
#include "guard/conditions.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::State;
using enum api::ConditionStatus;

namespace {

struct Row {
  State state;
  api::ConditionStatus ready, reconciling, stalled;
};

const std::vector<Row> table = {
    {State::Idle, True, False, False},      {State::Evaluating, False, True, False},
    {State::Held, False, False, True},      {State::RollingBack, False, True, False},
    {State::Verifying, False, True, False}, {State::Frozen, False, False, True}};

const api::Condition& condition(const api::GuardStatus& guard, const char* type) {
  const auto* found = api::find_condition(guard.conditions, type);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("sets Ready, Reconciling and Stalled by the state, with its reason and message") {
  for (const Row& row : table) {
    CAPTURE(api::to_string(row.state));
    api::GuardStatus guard{.state = row.state, .reason = Reason::Good, .message = "of this"};
    set_standing(guard, web_policy(), 7, noon);
    CHECK(condition(guard, "Ready").status == row.ready);
    CHECK(condition(guard, "Reconciling").status == row.reconciling);
    CHECK(condition(guard, "Stalled").status == row.stalled);
    for (const auto& one : guard.conditions) {
      CHECK(one.reason == to_string(Reason::Good));
      CHECK(one.message == "of this");
      CHECK(one.observed_generation == 7);
      CHECK(one.last_transition == noon);
    }
  }
}

TEST_CASE("is stalled in every state when the policy is broken, with the reason of the policy") {
  for (const Row& row : table) {
    CAPTURE(api::to_string(row.state));
    api::GuardStatus guard{.state = row.state, .reason = Reason::Good, .message = "of this"};
    set_standing(guard, broken_policy(), 7, noon);
    CHECK(condition(guard, "Ready").status == False);
    CHECK(condition(guard, "Reconciling").status == False);
    CHECK(condition(guard, "Stalled").status == True);
    CHECK(condition(guard, "Stalled").reason == to_string(Reason::PolicyNotFound));
    CHECK(condition(guard, "Stalled").message == "There is none");
  }
}

TEST_CASE("is reconciling in Idle while the running revision is not known") {
  using enum Reason;
  for (const Reason reason : {WaitingForReplicaSet, WaitingForStatus, DeploymentPaused}) {
    CAPTURE(reason);
    api::GuardStatus guard{.state = State::Idle, .reason = reason, .message = "of this"};
    set_standing(guard, web_policy(), 7, noon);
    CHECK(condition(guard, "Ready").status == False);
    CHECK(condition(guard, "Reconciling").status == True);
    CHECK(condition(guard, "Stalled").status == False);
  }
}

TEST_CASE("uses the name of the state as the reason of a condition when there is none") {
  api::GuardStatus guard{.state = State::Idle};
  set_standing(guard, web_policy(), 7, noon);
  CHECK(condition(guard, "Ready").reason == "Idle");
}

TEST_CASE("sets Governed by the policy") {
  struct Case {
    const char* name;
    policy::EffectivePolicy policy;
    api::ConditionStatus status;
    Reason reason;
    std::vector<std::string> mentions = {};
  };
  policy::EffectivePolicy suspended = web_policy();
  suspended.spec.suspend = true;
  const std::vector<Case> cases = {
      {"a policy", web_policy(), True, Reason::PolicyApplies, {"RollbackPolicy/web"}},
      {"a suspended one", suspended, True, Reason::Suspended, {"RollbackPolicy/web"}},
      {"a broken one", broken_policy(), False, Reason::PolicyNotFound, {"There is none"}},
      {"none", {}, False, Reason::NotOptedIn},
      {"none, for a reason",
       {.reason = Reason::NotOptedIn, .message = "says the annotation"},
       False,
       Reason::NotOptedIn,
       {"says the annotation"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    api::GuardStatus guard;
    set_governed(guard, one.policy, 7, noon);
    CHECK(condition(guard, "Governed").status == one.status);
    CHECK(condition(guard, "Governed").reason == to_string(one.reason));
    CHECK_THAT(condition(guard, "Governed").message, mentions(one.mentions));
  }
}

TEST_CASE("is ready, and warns of nothing, when the Deployment is not opted in") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile();
  harness.policy = {.reason = Reason::NotOptedIn, .message = "says the annotation"};
  harness.reconcile();
  CHECK(condition(harness.guard, "Ready").status == True);
  CHECK(condition(harness.guard, "Stalled").status == False);
  CHECK(harness.guard.policy.empty());
  CHECK(harness.events.back().type == EventType::Normal);
}

TEST_CASE("moves the time of a condition only when its status changes") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile().pass_time(1h).reconcile();
  CHECK(condition(harness.guard, "Ready").last_transition == noon);
  harness.ship("v2").reconcile();
  CHECK(condition(harness.guard, "Ready").last_transition == noon + 1h);
}

TEST_CASE("emits an Event when the policy changes, and at the first reconcile if it is broken") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile();
  CHECK(harness.emitted(Reason::PolicyApplies) == 0);
  harness.break_policy().reconcile().reconcile();
  CHECK(harness.emitted(Reason::PolicyNotFound) == 1);
  CHECK(harness.events.back().type == EventType::Warning);
  harness.opt_in().reconcile().reconcile();
  CHECK(harness.emitted(Reason::PolicyApplies) == 1);
  harness.opt_out().reconcile().reconcile();
  CHECK(harness.emitted(Reason::NotOptedIn) == 1);
  CHECK(harness.events.back().type == EventType::Normal);
  DeploymentHarness broken;
  broken.break_policy().ship("v1").roll_out().reconcile();
  CHECK(broken.emitted(Reason::PolicyNotFound) == 1);
}
