// The writes of a Rollback: what holds them, what a rejection by the API server does, and which
// measurements count.
#include <catch2/catch.hpp>

#include "guard/states/restoration.hpp"
#include "guard/states/step.hpp"
#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

// The last write of the Rollback of v2 returned an error.
Inputs after_failed_write(RollbackPhase phase, bool is_marked) {
  Inputs inputs = pending_rollback().inputs();
  inputs.rollback->status.phase = phase;
  inputs.rollback->status.last_error = "denied by a webhook";
  inputs.rollback->status.waiting_for = Reason::AdmissionDenied;
  inputs.deployment.meta.generation += is_marked ? 1 : 0;
  if (is_marked)
    inputs.deployment.meta.annotations[rolled_back_by] = inputs.rollback->meta.key.name;
  if (phase == RollbackPhase::TemplateRestored)
    inputs.rollback->status.template_restored = noon + 2h;
  return inputs;
}

Plan executed(const Inputs& inputs, Time now) {
  Step step{.inputs = inputs, .now = now, .plan = {.guard = inputs.guard}};
  execute(step, *inputs.rollback);
  return step.plan;
}

StateAndReason state_of(const Plan& plan) { return {plan.guard.state, plan.guard.reason}; }

bool resumes_rollback(const Plan& plan) {
  return std::holds_alternative<ResumeRollback>(plan.action);
}

}  // namespace

TEST_CASE("holds a rejected Rollback only while its template is not restored") {
  struct Row {
    const char* name;
    RollbackPhase phase;
    bool is_marked;  // the Deployment has the annotation rolled-back-by of the Rollback
    StateAndReason state;
  };
  const std::vector<Row> rows = {
      {"the patch was rejected", RollbackPhase::Pending, false, held(Reason::AdmissionDenied)},
      {"the patch was applied, although the write returned an error", RollbackPhase::Pending, true,
       rolling_back(Reason::WrongStatus)},
      {"the template is restored, and its annotation was removed", RollbackPhase::TemplateRestored,
       false, rolling_back(Reason::WrongStatus)}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Plan plan = executed(after_failed_write(row.phase, row.is_marked), noon + 3h);
    CHECK(state_of(plan) == row.state);
    CHECK(resumes_rollback(plan));
  }
}

TEST_CASE("goes on with a rollback when the API server did not reject its template") {
  Inputs inputs = after_failed_write(RollbackPhase::Pending, false);
  inputs.rollback->status.waiting_for = Reason::None;
  inputs.rollback->status.last_error = "no complete response within 4s";
  inputs.rollback->status.message =
      "The template is not restored yet: no complete response within 4s";
  const Plan plan = executed(inputs, noon + 3h);
  CHECK(state_of(plan) == rolling_back(Reason::WrongStatus));
  CHECK(resumes_rollback(plan));
  CHECK(plan.events.empty());
  CHECK_THAT(plan.guard.message, mentions({"no complete response within 4s"}));
}

TEST_CASE("does not hold a Rollback for a denied dry run when the patch itself was not rejected") {
  Inputs inputs = after_failed_write(RollbackPhase::Pending, false);
  inputs.rollback->status.last_error.clear();
  const Plan plan = executed(inputs, noon + 3h);
  CHECK(state_of(plan) == rolling_back(Reason::WrongStatus));
}

TEST_CASE("counts from the first rejection when another reason held the Rollback before") {
  Inputs inputs = after_failed_write(RollbackPhase::Pending, false);
  inputs.guard.state = api::State::Held;
  inputs.guard.reason = Reason::AwaitingApproval;
  inputs.guard.state_since = noon;
  const Plan first = executed(inputs, noon + 3h);
  CHECK(first.guard.state_since == noon + 3h);
  CHECK(first.events.size() == 1);
  inputs.guard = first.guard;
  const Plan second = executed(inputs, noon + 4h);
  CHECK(second.guard.state_since == noon + 3h);
  CHECK(second.events.empty());
}

TEST_CASE("holds a Rollback in RollingBack when its template is already restored") {
  for (const auto phase : {RollbackPhase::Pending, RollbackPhase::TemplateRestored}) {
    CAPTURE(phase);
    Inputs inputs = after_failed_write(phase, true);
    inputs.policy.pause_until = noon + 4h;
    const Plan plan = executed(inputs, noon + 3h);
    CHECK(state_of(plan) == rolling_back(Reason::PausedUntil));
    CHECK(plan.requeue_at == noon + 4h);
    CHECK_FALSE(resumes_rollback(plan));
  }
}

TEST_CASE("rolls back again when the hold of a Rollback ends") {
  DeploymentHarness web = pending_rollback().suspend().reconcile();
  REQUIRE(web.state() == held(Reason::Suspended));
  web.unsuspend().reconcile({fails("health")});
  CHECK(web.state() == rolling_back(Reason::WrongStatus));
  CHECK(web.action() == ActionKind::ResumeRollback);
}

TEST_CASE("keeps the start time of a hold when only its reason changes") {
  DeploymentHarness web = pending_rollback().suspend().reconcile();
  REQUIRE(web.state() == held(Reason::Suspended));
  const std::optional<Time> since = web.guard.state_since;
  web.unsuspend().pass_time(1min).policy.pause_until = web.now + 1h;
  web.reconcile();
  CHECK(web.state() == held(Reason::PausedUntil));
  CHECK(web.guard.state_since == since);
}

TEST_CASE("counts no pass of the restored revision until every replica is available") {
  DeploymentHarness web = restored_v1().roll_out().reconcile();
  web.suspend().reconcile().unsuspend().roll_out_partly();
  web.reconcile().pass_checks_for(1min);
  REQUIRE(web.state() == verifying(Reason::AwaitingReplicas));
  for (const api::CheckStatus& check : web.guard.checks) {
    CAPTURE(check.name);
    CHECK(check.result == api::MeasurementResult::Pass);
    CHECK_FALSE(check.passed_once);
  }
}
