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

const std::vector<Row> conditions_by_state = {
    {State::Idle, True, False, False},      {State::Evaluating, False, True, False},
    {State::Held, False, False, True},      {State::RollingBack, False, True, False},
    {State::Verifying, False, True, False}, {State::Frozen, False, False, True}};

const api::Deployment deployment{.meta = {.generation = 7},
                                 .template_digest = TemplateDigest("deployed")};

const api::Condition& condition(const api::GuardStatus& guard, const char* type) {
  const auto* found = api::find_condition(guard.conditions, type);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE(
    "sets Ready, Reconciling and Stalled by the state, with the reason and message of the guard") {
  for (const Row& row : conditions_by_state) {
    CAPTURE(api::to_string(row.state));
    api::GuardStatus guard{
        .state = row.state, .reason = Reason::Good, .message = "message of the state"};
    set_kstatus_conditions(guard, web_policy(), deployment, noon);
    CHECK(condition(guard, "Ready").status == row.ready);
    CHECK(condition(guard, "Reconciling").status == row.reconciling);
    CHECK(condition(guard, "Stalled").status == row.stalled);
    for (const auto& one : guard.conditions) {
      CHECK(one.reason == to_string(Reason::Good));
      CHECK(one.message == "message of the state");
      CHECK(one.observed_generation == 7);
      CHECK(one.last_transition == noon);
    }
  }
}

TEST_CASE("sets Stalled with the reason of the policy in every state when the policy is broken") {
  for (const Row& row : conditions_by_state) {
    CAPTURE(api::to_string(row.state));
    api::GuardStatus guard{
        .state = row.state, .reason = Reason::Good, .message = "message of the state"};
    set_kstatus_conditions(guard, broken_policy(), deployment, noon);
    CHECK(condition(guard, "Ready").status == False);
    CHECK(condition(guard, "Reconciling").status == False);
    CHECK(condition(guard, "Stalled").status == True);
    CHECK(condition(guard, "Stalled").reason == to_string(Reason::PolicyNotFound));
    CHECK(condition(guard, "Stalled").message == "RollbackPolicy/web does not exist");
  }
}

TEST_CASE("sets Reconciling in Idle while the running revision is not known") {
  using enum Reason;
  for (const Reason reason : {WaitingForReplicaSet, WaitingForStatus, DeploymentPaused}) {
    CAPTURE(reason);
    api::GuardStatus guard{
        .state = State::Idle, .reason = reason, .message = "message of the state"};
    set_kstatus_conditions(guard, web_policy(), deployment, noon);
    CHECK(condition(guard, "Ready").status == False);
    CHECK(condition(guard, "Reconciling").status == True);
    CHECK(condition(guard, "Stalled").status == False);
  }
}

TEST_CASE("sets Ready in Idle while the Deployment is paused and its running revision is known") {
  api::GuardStatus guard{.state = State::Idle,
                         .reason = Reason::DeploymentPaused,
                         .message = "message of the state",
                         .template_digest = deployment.template_digest};
  set_kstatus_conditions(guard, web_policy(), deployment, noon);
  CHECK(condition(guard, "Ready").status == True);
  CHECK(condition(guard, "Reconciling").status == False);
}

TEST_CASE("uses the name of the state as the reason of Ready when the guard has no reason") {
  api::GuardStatus guard{.state = State::Idle};
  set_kstatus_conditions(guard, web_policy(), deployment, noon);
  CHECK(condition(guard, "Ready").reason == "Idle");
}

TEST_CASE("sets Governed by the policy that applies") {
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
      {"a RollbackPolicy", web_policy(), True, Reason::PolicyApplies, {"RollbackPolicy/web"}},
      {"a suspended RollbackPolicy",
       suspended,
       True,
       Reason::Suspended,
       {"RollbackPolicy/web", "spec.suspend is false"}},
      {"a broken policy",
       broken_policy(),
       False,
       Reason::PolicyNotFound,
       {"RollbackPolicy/web does not exist"}},
      {"no policy", {}, False, Reason::NotOptedIn},
      {"no policy, with a message",
       {.reason = Reason::NotOptedIn, .message = "the annotation is not valid"},
       False,
       Reason::NotOptedIn,
       {"the annotation is not valid"}},
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

TEST_CASE("sets Ready, and emits no warning, when the Deployment opts out") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile();
  harness.policy = {.reason = Reason::NotOptedIn, .message = "the annotation is not valid"};
  harness.reconcile();
  CHECK(condition(harness.guard, "Ready").status == True);
  CHECK(condition(harness.guard, "Stalled").status == False);
  CHECK(harness.guard.policy.empty());
  CHECK(harness.events.back().type == EventType::Normal);
}

TEST_CASE("changes the transition time of a condition only when its status changes") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile().pass_time(1h).reconcile();
  CHECK(condition(harness.guard, "Ready").last_transition == noon);
  harness.ship("v2").reconcile();
  CHECK(condition(harness.guard, "Ready").last_transition == noon + 1h);
}

TEST_CASE("emits an Event when the policy changes, or is broken at the first reconcile") {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().reconcile();
  CHECK(harness.emitted(Reason::PolicyApplies) == 0);
  harness.break_policy().reconcile().reconcile();
  CHECK(harness.emitted(Reason::PolicyNotFound) == 1);
  CHECK(harness.events.back().type == EventType::Warning);
  harness.repair_policy().reconcile().reconcile();
  CHECK(harness.emitted(Reason::PolicyApplies) == 1);
  harness.opt_out().reconcile().reconcile();
  CHECK(harness.emitted(Reason::NotOptedIn) == 1);
  CHECK(harness.events.back().type == EventType::Normal);
  DeploymentHarness broken;
  broken.break_policy().ship("v1").roll_out().reconcile();
  CHECK(broken.emitted(Reason::PolicyNotFound) == 1);
}
