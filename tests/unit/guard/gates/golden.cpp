#include "unit/guard/gates/golden.hpp"

#include <array>

#include "rollback/record.hpp"

namespace lastgood::guard::test {

namespace {

// The guard stores v2 twice: as the current revision, and first in the list of revisions.
std::array<api::Revision*, 2> both_records_of_v2(Inputs& inputs) {
  return {&*inputs.guard.current, &inputs.guard.revisions.front()};
}

}  // namespace

Inputs breached_inputs() {
  DeploymentHarness harness;
  harness.ship("v1")
      .roll_out()
      .reconcile()
      .reconcile()
      .ship("v2")
      .reconcile()
      .roll_out()
      .reconcile({pass("rollout")})
      .reconcile_for(20s, {fails("health")});
  harness.executes_actions = false;
  harness.reconcile_for(10s, {fails("health")});
  Inputs inputs = harness.inputs();
  inputs.guard.state = api::State::Evaluating;
  inputs.guard.reason = Reason::CheckFailing;
  inputs.guard.rollback.clear();
  return inputs;
}

Inputs pending_inputs() {
  Inputs inputs = breached_inputs();
  const Plan plan = decide(inputs, moment);
  inputs.guard = plan.guard;
  inputs.rollback = std::get<StartRollback>(plan.action).record;
  inputs.preflight->target = inputs.rollback->spec.to.snapshot;
  return inputs;
}

Inputs manual_request_inputs() {
  Inputs inputs = breached_inputs();
  inputs.guard.state = api::State::Idle;
  inputs.guard.checks.clear();
  for (api::Revision* revision : both_records_of_v2(inputs)) {
    revision->verdict = api::RevisionVerdict::Good;
    revision->snapshot = "web-v2";
  }
  inputs.request = api::Rollback{.meta = {.key = {.namespace_ = "shop", .name = "manual"}},
                                 .spec = {.deployment = "web"}};
  return inputs;
}

Inputs member_inputs() {
  Inputs inputs = breached_inputs();
  inputs.policy.group = "shop";
  for (api::Revision* revision : both_records_of_v2(inputs))
    revision->verdict = api::RevisionVerdict::Evaluating;
  inputs.guard.checks[1] = {.name = "health", .reason = Reason::Pending, .failure_threshold = 3};
  inputs.group = {initiator("api", {"api", "web"})};
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

}  // namespace lastgood::guard::test
