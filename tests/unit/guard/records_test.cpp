// The Rollbacks that a plan records: each field of the spec, and the first content of the status.
#include <catch2/catch.hpp>

#include "guard/manual_request.hpp"
#include "unit/guard/group/members.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

template <class Kind>
const Kind& last_action(const DeploymentHarness& web) {
  REQUIRE(std::holds_alternative<Kind>(web.last_plan.action));
  return std::get<Kind>(web.last_plan.action);
}

// v2 is breached. The action of the last plan is not executed.
DeploymentHarness breached_v2(api::Mode mode = api::Mode::Enforce) {
  DeploymentHarness web = baking_v2(mode).reconcile_for(20s, {fails("health")});
  web.executes_actions = false;
  web.pass_time(10s).reconcile({fails("health")});
  return web;
}

api::Revision listed_revision(const DeploymentHarness& web, const std::string& hash) {
  return *std::ranges::find(web.guard.revisions, TemplateHash(hash), &api::Revision::hash);
}

}  // namespace

TEST_CASE("records the breach, both revisions and the release in a Rollback") {
  const DeploymentHarness web = breached_v2();
  const StartRollback& start = last_action<StartRollback>(web);
  CHECK(start.execute);
  CHECK(start.record.spec == api::RollbackSpec{.deployment = "web",
                                               .deployment_uid = web.deployment.meta.uid,
                                               .generation = web.deployment.meta.generation,
                                               .from = *web.guard.current,
                                               .to = listed_revision(web, "v1"),
                                               .check = "health",
                                               .reason = Reason::WrongStatus,
                                               .message = "message of the measurement",
                                               .detected = web.now,
                                               .policy = "RollbackPolicy/web",
                                               .released_by = user.name,
                                               .released = web.guard.evaluation_started});
  CHECK(start.record.status.phase == RollbackPhase::Pending);
  CHECK(start.record.status.evidence == web.guard.checks);
  CHECK(start.record.status.first_failure == web.now - 20s);
  REQUIRE(start.record.status.timeline.size() == 1);
  CHECK(start.record.status.timeline.front().time == web.now);
}

TEST_CASE("records an observed rollback with its policy, under a name that ends with -observed") {
  const DeploymentHarness web = breached_v2(api::Mode::Observe);
  const api::Rollback& record = last_action<RecordObserved>(web).record;
  CHECK(record.meta.key.name == "web-2-1b4e-observed");
  CHECK(record.spec.mode == api::Mode::Observe);
  CHECK(record.spec.policy == "RollbackPolicy/web");
  CHECK(record.status.phase == RollbackPhase::Observed);
}

TEST_CASE(
    "records, but does not execute, a Rollback that names the initiator's Rollback as its cause") {
  DeploymentHarness web = baking_in_group();
  web.executes_actions = false;
  web.group = {initiator_now(web, "api", {"api", "web"})};
  web.pass_time(10s).reconcile();
  const StartRollback& start = last_action<StartRollback>(web);
  CHECK_FALSE(start.execute);
  api::RollbackSpec spec = start.record.spec;
  CHECK_FALSE(spec.message.empty());
  spec.message.clear();
  CHECK(spec == api::RollbackSpec{.deployment = "web",
                                  .deployment_uid = web.deployment.meta.uid,
                                  .generation = web.deployment.meta.generation,
                                  .from = *web.guard.current,
                                  .to = listed_revision(web, "v1"),
                                  .reason = Reason::GroupRolledBack,
                                  .detected = web.now,
                                  .policy = "RollbackPolicy/web",
                                  .released_by = user.name,
                                  .released = web.guard.evaluation_started,
                                  .caused_by = "api-2-9f"});
  CHECK(web.state() == rolling_back(Reason::GroupRolledBack));
  CHECK(web.requeue_after() == 1s);
}

TEST_CASE("fills in the revisions, the policy and the release of a manual Rollback") {
  DeploymentHarness web = baking_v2().pass_checks_for(11min);
  web.executes_actions = false;
  web.request_rollback({.force = true}).reconcile();
  const api::Rollback& record = last_action<BindRequest>(web).record;
  CHECK(record.spec == api::RollbackSpec{.deployment = "web",
                                         .deployment_uid = web.deployment.meta.uid,
                                         .generation = web.deployment.meta.generation,
                                         .from = *web.guard.current,
                                         .to = listed_revision(web, "v1"),
                                         .reason = Reason::RequestedManually,
                                         .detected = web.now,
                                         .force = true,
                                         .policy = "RollbackPolicy/web",
                                         .released_by = user.name,
                                         .released = web.guard.evaluation_started});
  CHECK(record.status.phase == RollbackPhase::Pending);
  CHECK(record.status.evidence == web.guard.checks);
  CHECK(record.status.timeline.size() == 1);
  CHECK(web.guard.rollback == record.meta.key.name);
  CHECK(web.requeue_after() == 0s);
}

TEST_CASE("runs a requested drill from the present revision to the target") {
  DeploymentHarness web = baking_v2().pass_checks_for(11min);
  web.executes_actions = false;
  web.request_rollback({.drill = true}).reconcile();
  const api::Rollback& record = last_action<RunDrill>(web).record;
  CHECK(record.spec.from == *web.guard.current);
  CHECK(record.spec.to == listed_revision(web, "v1"));
}

TEST_CASE(
    "requeues a request at once for a preflight, and after 5s if the preflight has no result") {
  DeploymentHarness web = baking_v2().pass_checks_for(11min);
  web.preflight.reset();
  web.request_rollback().reconcile();
  CHECK(web.requeue_after() == 0s);
  Inputs inputs = web.inputs();
  inputs.preflight = api::Preflight{.ready = api::ConditionStatus::True,
                                    .reason = Reason::Ready,
                                    .generation = inputs.deployment.meta.generation,
                                    .target = "web-v1",
                                    .at = web.now - 46s};
  CHECK(decide(inputs, web.now).requeue_at == web.now - 11s);
  CHECK_FALSE(decide(inputs, web.now).request.has_value());
  inputs.preflight->at = web.now;
  inputs.preflight->target = "web-other";
  CHECK(decide(inputs, web.now).requeue_at == web.now + 50ms);
  inputs.preflight->target = "web-v1";
  inputs.preflight->ready = api::ConditionStatus::Unknown;
  const Plan waiting = decide(inputs, web.now);
  CHECK(waiting.requeue_at == web.now + 5s);
  REQUIRE(waiting.request.has_value());
  CHECK(waiting.request->phase == RollbackPhase::Pending);
  inputs.request->status = *waiting.request;
  CHECK_FALSE(decide(inputs, web.now).request.has_value());
}

TEST_CASE("stores the results of all checks in the Rollback when the verification ends") {
  DeploymentHarness passed = restored_v1().roll_out().reconcile().pass_checks_for(6min);
  CHECK(passed.rollback->status.verification.size() == 2);
  DeploymentHarness failed = restored_v1().roll_out().reconcile().fail_three_times();
  CHECK(failed.rollback->status.verification == failed.guard.checks);
}

TEST_CASE("rejects a request for a Deployment that is not guarded, or does not exist") {
  api::Rollback request;
  request.spec.deployment = "web";
  for (const bool exists : {true, false}) {
    const api::RollbackStatus status = reject_unguarded(request, exists, noon);
    CHECK(status.phase == RollbackPhase::Rejected);
    CHECK(status.finished == noon);
    const Reason reason = exists ? Reason::NotGuarded : Reason::DeploymentNotFound;
    CHECK(status.message.starts_with(api::to_string(reason)));
  }
}
