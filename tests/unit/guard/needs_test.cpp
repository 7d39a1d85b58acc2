// What is looked at before a plan: only what a rule will read.
#include "guard/needs.hpp"

#include <catch2/catch.hpp>

#include "guard/inputs.hpp"
#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using api::State;

namespace {

struct Scene {
  api::Deployment deployment = {};
  policy::EffectivePolicy policy = web_policy();
  api::GuardStatus guard = {};
  std::optional<api::Rollback> rollback = {};
};

Scene in(State state) {
  Scene scene;
  scene.deployment.meta.uid = Uid("uid");
  scene.deployment.meta.generation = 7;
  scene.deployment.template_digest = TemplateDigest("v2");
  scene.guard.state = state;
  scene.guard.deployment_uid = Uid("uid");
  scene.guard.deployment_generation = 7;
  scene.guard.template_digest = TemplateDigest("v2");
  scene.guard.current = api::Revision{.hash = TemplateHash("v2")};
  return scene;
}

// In RollingBack or Verifying, by the Rollback that the state names.
Scene by_record(State state, RollbackPhase phase) {
  Scene scene = in(state);
  scene.guard.rollback = "web-6-uid";
  api::Rollback rollback;
  rollback.meta.key.name = "web-6-uid";
  rollback.spec.deployment_uid = Uid("uid");
  rollback.spec.generation = 6;
  rollback.spec.to.hash = TemplateHash("v2");
  rollback.spec.from.hash = TemplateHash("v1");
  rollback.status.phase = phase;
  if (phase != RollbackPhase::Pending) rollback.status.template_restored = noon;
  scene.rollback = rollback;
  return scene;
}

Scene with(Scene scene, void (*change)(Scene&)) {
  change(scene);
  return scene;
}

struct Row {
  const char* name;
  Scene scene;
  const char* needs;  // S: ReplicaSets, R: the rollout's measurement, C: the checks'
};

const std::vector<Row> table = {
    {"nothing to judge", in(State::Idle), ""},
    {"a release", in(State::Evaluating), "RC"},
    {"a breached one, since the breach may end", in(State::Held), "RC"},
    {"frozen", in(State::Frozen), ""},
    {"about to be put back", by_record(State::RollingBack, RollbackPhase::Pending), "RC"},
    {"being put back", by_record(State::RollingBack, RollbackPhase::TemplateRestored), ""},
    {"put back and rolling out: only its rollout",
     by_record(State::RollingBack, RollbackPhase::Restored), "R"},
    {"verified", by_record(State::Verifying, RollbackPhase::Verifying), "RC"},
    {"to be put back, but not recorded: still a release", in(State::RollingBack), "RC"},
    {"the record is finished", by_record(State::RollingBack, RollbackPhase::Superseded), ""},
    {"never seen", with(in(State::Idle), [](Scene& s) { s.guard = {}; }), "S"},
    {"another template",
     with(in(State::Evaluating),
          [](Scene& s) { s.deployment.template_digest = TemplateDigest("v3"); }),
     "S"},
    {"another template while frozen",
     with(in(State::Frozen), [](Scene& s) { s.deployment.template_digest = TemplateDigest("v3"); }),
     "S"},
    {"another Deployment of the name",
     with(in(State::Idle), [](Scene& s) { s.deployment.meta.uid = Uid("new"); }), "S"},
    {"an unfinished Rollback that the state does not know",
     with(by_record(State::Evaluating, RollbackPhase::Pending),
          [](Scene& s) { s.guard.rollback.clear(); }),
     "S"},
    {"of another Deployment",
     with(by_record(State::Evaluating, RollbackPhase::Pending),
          [](Scene& s) { s.rollback->spec.deployment_uid = Uid("old"); }),
     "RC"},
    {"the bad template is back after our patch",
     with(by_record(State::RollingBack, RollbackPhase::Restored),
          [](Scene& s) { s.rollback->spec.from.hash = TemplateHash("v2"); }),
     "S"},
    {"our patch is not yet seen",
     with(by_record(State::RollingBack, RollbackPhase::TemplateRestored),
          [](Scene& s) {
            s.rollback->spec.from.hash = TemplateHash("v2");
            s.rollback->spec.generation = 7;
          }),
     ""},
    {"its ReplicaSet has got another number since",
     with(in(State::Evaluating),
          [](Scene& s) {
            s.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
          }),
     "SRC"},
    {"it has not yet",
     with(in(State::Evaluating),
          [](Scene& s) {
            s.guard.current->number = 4;
            s.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "3";
          }),
     "RC"},
    {"another number while our patch is on its way",
     with(by_record(State::RollingBack, RollbackPhase::Restored),
          [](Scene& s) {
            s.deployment.meta.annotations["deployment.kubernetes.io/revision"] = "4";
          }),
     "R"},
    {"opted out", with(in(State::Evaluating), [](Scene& s) { s.policy = {}; }), ""},
    {"the policy is broken",
     with(in(State::Evaluating), [](Scene& s) { s.policy = broken_policy(); }), ""},
    {"it is being deleted",
     with(in(State::Evaluating), [](Scene& s) { s.deployment.meta.deleting = true; }), ""},
    {"suspended: nothing is asked",
     with(in(State::Evaluating), [](Scene& s) { s.policy.spec.suspend = true; }), ""},
    {"suspended: what it is is still found out",
     with(in(State::Evaluating),
          [](Scene& s) {
            s.policy.spec.suspend = true;
            s.guard.current.reset();
          }),
     "S"},
    {"scaled to zero", with(in(State::Evaluating), [](Scene& s) { s.deployment.replicas = 0; }),
     ""},
    {"paused: its breach may end",
     with(in(State::Held), [](Scene& s) { s.deployment.paused = true; }), "RC"},
};

}  // namespace

TEST_CASE("What is gathered before a plan") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    const Needs found =
        needs(row.scene.deployment, row.scene.policy, row.scene.guard, row.scene.rollback);
    const std::string text = std::string(found.replica_sets ? "S" : "") +
                             (found.rollout_measurement ? "R" : "") +
                             (found.check_measurements ? "C" : "");
    CHECK(text == row.needs);
  }
}
