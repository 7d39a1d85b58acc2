#include "golden.hpp"

#include "rollback/record.hpp"

namespace lastgood::guard::test {

Inputs breached_world() {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .look()
      .look()
      .ship("v2")
      .look()
      .roll_out()
      .look({pass("rollout")})
      .watch(20s, {fails("health")});
  harness.executor = false;
  harness.watch(10s, {fails("health")});
  Inputs inputs = harness.inputs();
  inputs.guard.state = api::State::Evaluating;
  inputs.guard.reason = Reason::CheckFailing;
  inputs.guard.rollback.clear();
  return inputs;
}

Inputs pending_world() {
  Inputs inputs = breached_world();
  const Plan plan = decide(inputs, moment);
  inputs.guard = plan.guard;
  inputs.rollback = std::get<StartRollback>(plan.action).record;
  inputs.preflight->target = inputs.rollback->spec.to.snapshot;
  return inputs;
}

Inputs requested_world() {
  Inputs inputs = breached_world();
  inputs.guard.state = api::State::Idle;
  inputs.guard.checks.clear();
  for (api::Revision* one : {&*inputs.guard.current, &inputs.guard.revisions.front()}) {
    one->verdict = api::RevisionVerdict::Good;
    one->snapshot = "web-v2";
  }
  inputs.request = api::Rollback{.meta = {.key = {.namespace_ = "shop", .name = "by-hand"}},
                                 .spec = {.deployment = "web"}};
  return inputs;
}

api::Rollback finished_rollback(const Inputs& inputs, api::RollbackPhase phase) {
  api::Rollback out;
  out.meta.key.name = rollback::rollback_name(inputs.deployment);
  out.spec.deployment_uid = inputs.deployment.meta.uid;
  out.spec.from.hash = TemplateHash("v2");
  out.spec.check = "health";
  out.spec.detected = moment;
  out.status.phase = phase;
  if (phase == api::RollbackPhase::Failed || phase == api::RollbackPhase::Succeeded)
    out.status.template_restored = moment;
  return out;
}

GroupMember member(const std::string& name, int order) {
  GroupMember out{.deployment = name, .order = order};
  out.guard.deployment_uid = Uid(name + "-uid");
  out.guard.policy = "RollbackPolicy/web";
  out.guard.state = api::State::Evaluating;
  out.guard.current =
      api::Revision{.hash = TemplateHash(name + "2"), .number = 2, .since = noon + 5s};
  out.guard.evaluation_started = noon + 5s;
  return out;
}

GroupMember leader(const std::string& name, std::vector<std::string> members) {
  GroupMember out = member(name);
  api::Rollback rollback;
  rollback.meta.key = {.namespace_ = "shop", .name = name + "-2-9f"};
  rollback.spec.deployment = name;
  rollback.spec.from = *out.guard.current;
  rollback.spec.to.hash = TemplateHash(name + "1");
  rollback.spec.check = "health";
  rollback.spec.reason = Reason::WrongStatus;
  rollback.spec.detected = moment - 1s;
  rollback.spec.group = api::GroupRollback{.name = "shop", .members = std::move(members)};
  out.guard.rollback = rollback.meta.key.name;
  out.guard.state = api::State::RollingBack;
  out.rollback = std::move(rollback);
  return out;
}

}  // namespace lastgood::guard::test
