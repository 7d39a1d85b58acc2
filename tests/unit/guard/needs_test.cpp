// Which ReplicaSets and measurements are gathered for a plan.
#include "guard/needs.hpp"

#include <catch2/catch.hpp>

#include "guard/inputs.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using api::State;

namespace {

struct GatherCase {
  api::Deployment deployment = {};
  policy::EffectivePolicy policy = web_policy();
  api::GuardStatus guard = {};
  std::optional<api::Rollback> rollback = {};
};

GatherCase in(State state) {
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

// RollingBack or Verifying, with the Rollback that the guard names.
GatherCase by_record(State state, RollbackPhase phase) {
  GatherCase given = in(state);
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

GatherCase with(GatherCase given, void (*change)(GatherCase&)) {
  change(given);
  return given;
}

struct Row {
  const char* name;
  GatherCase given;
  const char* needs;  // S: ReplicaSets, R: rollout check, C: checks of the policy
};

const std::vector<Row> table = {
    {"nothing to evaluate", in(State::Idle), ""},
    {"a release", in(State::Evaluating), "RC"},
    {"a breached release: the breach may end", in(State::Held), "RC"},
    {"frozen", in(State::Frozen), ""},
    {"a pending rollback", by_record(State::RollingBack, RollbackPhase::Pending), "RC"},
    {"a restored template, ownership not restored",
     by_record(State::RollingBack, RollbackPhase::TemplateRestored), ""},
    {"restored and rolling out: only the rollout check",
     by_record(State::RollingBack, RollbackPhase::Restored), "R"},
    {"verifying", by_record(State::Verifying, RollbackPhase::Verifying), "RC"},
    {"a rollback without a record: still a release", in(State::RollingBack), "RC"},
    {"the Rollback is finished", by_record(State::RollingBack, RollbackPhase::Superseded), ""},
    {"first reconcile", with(in(State::Idle), [](GatherCase& it) { it.guard = {}; }), "S"},
    {"another template",
     with(in(State::Evaluating),
          [](GatherCase& it) { it.deployment.template_digest = TemplateDigest("v3"); }),
     "S"},
    {"another template while frozen",
     with(in(State::Frozen),
          [](GatherCase& it) { it.deployment.template_digest = TemplateDigest("v3"); }),
     "S"},
    {"another Deployment of the name",
     with(in(State::Idle), [](GatherCase& it) { it.deployment.meta.uid = Uid("new"); }), "S"},
    {"an unfinished Rollback that the guard does not name",
     with(by_record(State::Evaluating, RollbackPhase::Pending),
          [](GatherCase& it) { it.guard.rollback.clear(); }),
     "S"},
    {"a Rollback of another Deployment",
     with(by_record(State::Evaluating, RollbackPhase::Pending),
          [](GatherCase& it) { it.rollback->spec.deployment_uid = Uid("old"); }),
     "RC"},
    {"the bad template again after the patch",
     with(by_record(State::RollingBack, RollbackPhase::Restored),
          [](GatherCase& it) { it.rollback->spec.from.hash = TemplateHash("v2"); }),
     "S"},
    {"the patch is not observed yet",
     with(by_record(State::RollingBack, RollbackPhase::TemplateRestored),
          [](GatherCase& it) {
            it.rollback->spec.from.hash = TemplateHash("v2");
            it.rollback->spec.generation = 7;
          }),
     ""},
    {"a new number of the ReplicaSet",
     with(in(State::Evaluating),
          [](GatherCase& it) {
            it.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
          }),
     "SRC"},
    {"an old number of the ReplicaSet",
     with(in(State::Evaluating),
          [](GatherCase& it) {
            it.guard.current->number = 4;
            it.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "3";
          }),
     "RC"},
    {"a new number while the patch rolls out",
     with(by_record(State::RollingBack, RollbackPhase::Restored),
          [](GatherCase& it) {
            it.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
          }),
     "R"},
    {"opted out", with(in(State::Evaluating), [](GatherCase& it) { it.policy = {}; }), ""},
    {"a broken policy",
     with(in(State::Evaluating), [](GatherCase& it) { it.policy = broken_policy(); }), ""},
    {"being deleted",
     with(in(State::Evaluating), [](GatherCase& it) { it.deployment.meta.deleting = true; }), ""},
    {"suspended: no checks",
     with(in(State::Evaluating), [](GatherCase& it) { it.policy.spec.suspend = true; }), ""},
    {"suspended, revision not known",
     with(in(State::Evaluating),
          [](GatherCase& it) {
            it.policy.spec.suspend = true;
            it.guard.current.reset();
          }),
     "S"},
    {"scaled to zero",
     with(in(State::Evaluating), [](GatherCase& it) { it.deployment.replicas = 0; }), ""},
    {"paused: the breach may end",
     with(in(State::Held), [](GatherCase& it) { it.deployment.paused = true; }), "RC"},
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
