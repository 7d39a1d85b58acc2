// Which ReplicaSets and measurements are gathered for a plan.
#include "guard/needs.hpp"

#include <catch2/catch.hpp>

#include "guard/inputs.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using enum api::MeasurementResult;
using api::State;

namespace {

struct GatherCase {
  api::Deployment deployment = {};
  policy::EffectivePolicy policy = web_policy();
  api::GuardStatus guard = {};
  std::optional<api::Rollback> rollback = {};
};

// The guard has the state `state`, and no user has changed the template since.
GatherCase case_in(State state) {
  GatherCase given;
  given.deployment.meta.uid = Uid("uid");
  given.deployment.meta.generation = 7;
  given.deployment.template_digest = TemplateDigest("v2");
  given.guard.state = state;
  given.guard.deployment_uid = Uid("uid");
  given.guard.deployment_generation = 7;
  given.guard.template_digest = TemplateDigest("v2");
  given.guard.current = api::Revision{.hash = TemplateHash("v2")};
  return given;
}

// The same, with the Rollback that the guard names.
GatherCase case_with_rollback(State state, RollbackPhase phase) {
  GatherCase given = case_in(state);
  given.guard.rollback = "web-6-uid";
  api::Rollback rollback;
  rollback.meta.key.name = "web-6-uid";
  rollback.spec.deployment_uid = Uid("uid");
  rollback.spec.generation = 6;
  rollback.spec.to.hash = TemplateHash("v2");
  rollback.spec.from.hash = TemplateHash("v1");
  rollback.status.phase = phase;
  if (phase != RollbackPhase::Pending) rollback.status.template_restored = noon;
  given.rollback = rollback;
  return given;
}

GatherCase changed(GatherCase given, void (*change)(GatherCase&)) {
  change(given);
  return given;
}

struct Row {
  const char* name;
  GatherCase given;
  const char* needs;  // S: ReplicaSets, R: rollout check, C: checks of the policy
};

const std::vector<Row> table = {
    {"nothing to evaluate", case_in(State::Idle), ""},
    {"a release", case_in(State::Evaluating), "RC"},
    {"a held release: its breach may end", case_in(State::Held), "RC"},
    {"frozen", case_in(State::Frozen), ""},
    {"a pending rollback", case_with_rollback(State::RollingBack, RollbackPhase::Pending), "RC"},
    {"a restored template, ownership not restored",
     case_with_rollback(State::RollingBack, RollbackPhase::TemplateRestored), ""},
    {"a restored template that rolls out",
     case_with_rollback(State::RollingBack, RollbackPhase::Restored), "RC"},
    {"verifying", case_with_rollback(State::Verifying, RollbackPhase::Verifying), "RC"},
    {"a rollback without a record: the release is still evaluated", case_in(State::RollingBack),
     "RC"},
    {"the Rollback is finished", case_with_rollback(State::RollingBack, RollbackPhase::Superseded),
     ""},
    {"first reconcile", changed(case_in(State::Idle), [](GatherCase& given) { given.guard = {}; }),
     "S"},
    {"another template",
     changed(case_in(State::Evaluating),
             [](GatherCase& given) { given.deployment.template_digest = TemplateDigest("v3"); }),
     "S"},
    {"another template while frozen",
     changed(case_in(State::Frozen),
             [](GatherCase& given) { given.deployment.template_digest = TemplateDigest("v3"); }),
     "S"},
    {"another Deployment with the same name",
     changed(case_in(State::Idle),
             [](GatherCase& given) { given.deployment.meta.uid = Uid("new"); }),
     "S"},
    {"an unfinished Rollback that the guard does not name",
     changed(case_with_rollback(State::Evaluating, RollbackPhase::Pending),
             [](GatherCase& given) { given.guard.rollback.clear(); }),
     "S"},
    {"a Rollback of another Deployment",
     changed(case_with_rollback(State::Evaluating, RollbackPhase::Pending),
             [](GatherCase& given) { given.rollback->spec.deployment_uid = Uid("old"); }),
     "RC"},
    {"the bad template is applied again after the patch",
     changed(case_with_rollback(State::RollingBack, RollbackPhase::Restored),
             [](GatherCase& given) { given.rollback->spec.from.hash = TemplateHash("v2"); }),
     "S"},
    {"the patch is not observed yet",
     changed(case_with_rollback(State::RollingBack, RollbackPhase::TemplateRestored),
             [](GatherCase& given) {
               given.rollback->spec.from.hash = TemplateHash("v2");
               given.rollback->spec.generation = 7;
             }),
     ""},
    {"the ReplicaSet has a newer revision number",
     changed(case_in(State::Evaluating),
             [](GatherCase& given) {
               given.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
             }),
     "SRC"},
    {"the ReplicaSet has an older revision number",
     changed(case_in(State::Evaluating),
             [](GatherCase& given) {
               given.guard.current->number = 4;
               given.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "3";
             }),
     "RC"},
    {"the ReplicaSet has a newer revision number while the patch rolls out",
     changed(case_with_rollback(State::RollingBack, RollbackPhase::Restored),
             [](GatherCase& given) {
               given.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
             }),
     "RC"},
    {"the ReplicaSet has a newer revision number while a rollback is pending",
     changed(case_with_rollback(State::RollingBack, RollbackPhase::Pending),
             [](GatherCase& given) {
               given.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
             }),
     "SRC"},
    {"a user scales the Deployment while a rollback is pending",
     changed(case_with_rollback(State::RollingBack, RollbackPhase::Pending),
             [](GatherCase& given) { given.rollback->spec.from.hash = TemplateHash("v2"); }),
     "RC"},
    {"opted out", changed(case_in(State::Evaluating), [](GatherCase& given) { given.policy = {}; }),
     ""},
    {"a broken policy",
     changed(case_in(State::Evaluating), [](GatherCase& given) { given.policy = broken_policy(); }),
     ""},
    {"being deleted",
     changed(case_in(State::Evaluating),
             [](GatherCase& given) { given.deployment.meta.deleting = true; }),
     ""},
    {"suspended: no checks",
     changed(case_in(State::Evaluating),
             [](GatherCase& given) { given.policy.spec.suspend = true; }),
     ""},
    {"suspended, and the revision is not known",
     changed(case_in(State::Evaluating),
             [](GatherCase& given) {
               given.policy.spec.suspend = true;
               given.guard.current.reset();
             }),
     "S"},
    {"scaled to zero",
     changed(case_in(State::Evaluating), [](GatherCase& given) { given.deployment.replicas = 0; }),
     ""},
    {"paused while held: the breach may end",
     changed(case_in(State::Held), [](GatherCase& given) { given.deployment.paused = true; }),
     "RC"},
};

}  // namespace

TEST_CASE("gathers ReplicaSets and measurements only when a rule reads them") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    const Needs found =
        needs(row.given.deployment, row.given.policy, row.given.guard, row.given.rollback);
    const std::string text = std::string(found.replica_sets ? "S" : "") +
                             (found.rollout_measurement ? "R" : "") +
                             (found.check_measurements ? "C" : "");
    CHECK(text == row.needs);
  }
}

TEST_CASE("needs the rollout check less often while a complete rollout passes and bakes") {
  GatherCase given = case_in(State::Evaluating);
  const auto every = [&] {
    return needs(given.deployment, given.policy, given.guard, given.rollback).rollout_every;
  };
  given.guard.checks = {{.name = std::string(api::rollout_check), .result = Pass}};
  CHECK(every() == rollout_interval);  // the rollout is not complete
  given.guard.rolled_out = noon;
  given.guard.bake = api::Bake{.observed = given.policy.spec.bake_time - 16s};
  CHECK(every() == passing_rollout_interval);
  // The verdict needs a new result.
  given.guard.bake->observed += 1s;
  CHECK(every() == rollout_interval);
  given.guard.bake->observed = 0s;
  for (const auto result : {Fail, Unknown}) {
    given.guard.checks[0].result = result;
    CHECK(every() == rollout_interval);
  }
  given.guard.checks[0].result = Pass;
  given.guard.checks[0].bake_failures = 1;
  CHECK(every() == rollout_interval);
  given.guard.checks[0].bake_failures = 0;
  given.guard.state = State::Verifying;
  CHECK(every() == rollout_interval);
}

TEST_CASE("runs the rollout check when a field that it reads has changed") {
  const api::Deployment before;
  const auto changes = [&](const auto& change) {
    api::Deployment after = before;
    change(after);
    return changes_rollout(before, after);
  };
  CHECK_FALSE(changes([](auto& after) { after.meta.annotations["a"] = "b"; }));
  CHECK_FALSE(changes([](auto& after) { after.meta.resource_version = ResourceVersion("9"); }));
  CHECK(changes([](auto& after) { after.meta.generation = 9; }));
  CHECK(changes([](auto& after) { after.observed_generation = 9; }));
  CHECK(changes([](auto& after) { after.replicas = 9; }));
  CHECK(changes([](auto& after) { after.status_replicas = 9; }));
  CHECK(changes([](auto& after) { after.updated_replicas = 9; }));
  CHECK(changes([](auto& after) { after.available_replicas = 9; }));
  CHECK(changes([](auto& after) { after.conditions.push_back({.type = "ReplicaFailure"}); }));
}
