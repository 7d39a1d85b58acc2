// How each entry of the inbox, and each outcome of the shell, changes the state of a Deployment.
#include "guard/apply.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Uid web_uid("1b4e-uid");
const Uid guard_uid("guard-uid");
const Uid rollback_uid("rollback-uid");

// v2 is evaluated, and its Rollback is pending.
GuardState pending_state() {
  GuardState state{.deployment_uid = web_uid, .guard_uid = guard_uid};
  state.guard.edit().deployment_uid = web_uid;
  state.guard.edit().current = api::Revision{.hash = TemplateHash("v2")};
  state.guard.edit().freeze = api::Freeze{.reason = Reason::Contested};
  state.written = state.guard;
  state.rollback = api::Rollback{
      .meta = {.key = {.namespace_ = "shop", .name = "web-2-1b4e"}, .uid = rollback_uid}};
  state.rollback.edit().spec.check = "health";
  state.records_changed = false;
  return state;
}

GuardState fold_one(GuardState state, InboxEntry entry) {
  api::Deployment deployment;
  deployment.meta.key = {.namespace_ = "shop", .name = "web"};
  deployment.meta.uid = web_uid;
  const kube::Stores stores;
  return fold(std::move(state), {std::move(entry)}, deployment, stores, noon);
}

GuardState after_action(GuardState state, const Inputs& inputs, const Plan& plan,
                        const ActionOutcome& outcome) {
  return apply(std::move(state), ActionEnded{.inputs = inputs, .plan = plan, .outcome = outcome});
}

GuardState after_action(const ActionOutcome& outcome) {
  return after_action(pending_state(), {}, {}, outcome);
}

GuardState after_plan(GuardState state, const Plan& plan, MonotonicTime at = {},
                      const api::Deployment& deployment = {}) {
  const policy::EffectivePolicy policy = web_policy();
  return apply(
      std::move(state),
      PlanDecided{.deployment = deployment, .policy = policy, .plan = plan, .now = noon, .at = at});
}

const Error timeout{.kind = ErrorKind::TimedOut, .message = "no complete response within 4s"};

}  // namespace

TEST_CASE("adds a measurement to those since the last plan, and removes a check whose run ended") {
  GuardState state = pending_state();
  state.running_checks = {"health"};
  state = fold_one(std::move(state), MeasurementArrived{.deployment = web_uid,
                                                        .hash = TemplateHash("v2"),
                                                        .measurement = fails("health")});
  REQUIRE(state.measurements.size() == 1);
  CHECK(state.measurements[0].measurement == fails("health"));
  CHECK(state.running_checks == std::set<std::string>{"health"});
  state = fold_one(std::move(state), CheckEnded{.deployment = web_uid, .check = "health"});
  CHECK(state.running_checks.empty());
}

TEST_CASE("remembers the pods that responded to a check until the Deployment is idle") {
  MeasurementArrived entry{
      .deployment = web_uid, .hash = TemplateHash("v2"), .measurement = pass("health")};
  entry.check = api::Check{.name = "health"};
  entry.responders = {{.pod = "web-0", .node = "node-a"}};
  GuardState state = pending_state();
  state.guard.edit().state = api::State::Evaluating;
  state = fold_one(std::move(state), entry);
  const std::string hash = api::config_hash_of(entry.check->kind);
  CHECK(state.responders[hash].has_pod("web-0"));
  state = after_plan(std::move(state), {.guard = state.guard});
  CHECK(state.responders.size() == 1);
  state.guard.edit().state = api::State::Idle;
  state = after_plan(std::move(state), {.guard = state.guard});
  CHECK(state.responders.empty());
}

TEST_CASE("remembers the pods of an idle Recreate Deployment that responded to its checks") {
  const std::string hash = api::config_hash_of(web_policy().spec.checks[0].kind);
  GuardState state = pending_state();
  state.guard.edit().state = api::State::Idle;
  const std::vector<checks::Responder> responders{{.pod = "web-0", .node = "node-a"}};
  state.responders[hash].add(responders);
  state.responders["of an older policy"].add(responders);
  state = after_plan(std::move(state), {.guard = state.guard}, {}, {.recreates = true});
  REQUIRE(state.responders.size() == 1);
  CHECK(state.responders[hash].has_node("node-a"));
}

TEST_CASE("forgets everything except the Deployment when a user deletes the guard") {
  const GuardState state = fold_one(pending_state(), GuardDeleted{.guard = guard_uid});
  CHECK(state.deployment_uid == web_uid);
  CHECK(state.guard == api::GuardStatus{});
  CHECK(state.guard_uid.empty());
  CHECK_FALSE(state.rollback);
}

TEST_CASE("removes a freeze also from the written status when a user removes the freeze") {
  const GuardState state = fold_one(pending_state(), FreezeRemoved{.guard = guard_uid});
  CHECK_FALSE(state.guard->freeze);
  CHECK_FALSE(state.written->freeze);
}

TEST_CASE("takes over an approval from the watch only when it is of the Rollback in the state") {
  CHECK(fold_one(pending_state(), RollbackSeen{.rollback = rollback_uid, .approved = true})
            .rollback->spec.approved);
  CHECK_FALSE(fold_one(pending_state(), RollbackSeen{.rollback = Uid("other"), .approved = true})
                  .rollback->spec.approved);
}

TEST_CASE("looks for old Rollbacks to delete when a Rollback has finished") {
  CHECK(fold_one(pending_state(), RollbackSeen{.rollback = Uid("other"), .is_finished = true})
            .records_changed);
  CHECK_FALSE(fold_one(pending_state(), RollbackSeen{.rollback = rollback_uid}).records_changed);
}

TEST_CASE("supersedes and declines a pending Rollback when a user deletes it") {
  const GuardState state =
      fold_one(pending_state(), RollbackDeleted{.rollback = rollback_uid, .at = noon});
  CHECK(state.rollback->status.phase == RollbackPhase::Superseded);
  CHECK(state.rollback->status.message == "A user deleted it before the Deployment was changed");
  CHECK(state.guard->declined == api::Declined{.rollback = "web-2-1b4e", .at = noon});
}

TEST_CASE("declines no rollback when the deleted Rollback is manual") {
  GuardState state = pending_state();
  state.rollback.edit().spec.check.clear();
  state = fold_one(std::move(state), RollbackDeleted{.rollback = rollback_uid, .at = noon});
  CHECK(state.rollback->status.phase == RollbackPhase::Superseded);
  CHECK_FALSE(state.guard->declined);
}

TEST_CASE("keeps the Rollback when another one is deleted, or when it has changed the template") {
  GuardState state = fold_one(pending_state(), RollbackDeleted{.rollback = Uid("other")});
  CHECK(state.rollback->status.phase == RollbackPhase::Pending);
  state.rollback.edit().status.phase = RollbackPhase::TemplateRestored;
  state.rollback.edit().status.template_restored = noon;
  state = fold_one(std::move(state), RollbackDeleted{.rollback = rollback_uid});
  CHECK(state.rollback->status.phase == RollbackPhase::TemplateRestored);
  CHECK_FALSE(state.guard->declined);
}

TEST_CASE("stores the plan, and the values of the policy that other members of the group read") {
  GuardState state = pending_state();
  state.measurements.push_back({.deployment = web_uid});
  Plan plan{.guard = state.guard, .blocked_because = "it is paused"};
  plan.guard.state = api::State::RollingBack;
  plan.rollback = api::RollbackStatus{.phase = RollbackPhase::Superseded};
  policy::EffectivePolicy policy = web_policy();
  policy.group = "shop";
  policy.group_order = 2;
  policy.spec.mode = api::Mode::Approve;
  state = apply(std::move(state),
                PlanDecided{.deployment = {}, .policy = policy, .plan = plan, .now = {}, .at = {}});
  CHECK(state.guard == plan.guard);
  CHECK(state.rollback->status.phase == RollbackPhase::Superseded);
  CHECK(state.measurements.empty());
  CHECK(state.group == "shop");
  CHECK(state.group_order == 2);
  CHECK(state.mode == api::Mode::Approve);
  CHECK(state.blocked_because == "it is paused");
}

TEST_CASE("counts the time to the patch from the first plan that nothing blocked") {
  const MonotonicTime start{1h};
  const Plan starts{.action = StartRollback{.record = {}, .execute = true}};
  const Plan waits{.action = StartRollback{.record = {}, .execute = false}};
  const Plan resumes{.action = ResumeRollback{}};
  CHECK_FALSE(after_plan(pending_state(), waits, start).unblocked_since);
  GuardState state = after_plan(pending_state(), starts, start);
  CHECK(state.unblocked_since == start);
  state = after_plan(std::move(state), resumes, start + 1s);
  CHECK(state.unblocked_since == start);
  CHECK_FALSE(after_plan(state, {}, start + 2s).unblocked_since);
  state.rollback.edit().status.phase = RollbackPhase::TemplateRestored;
  CHECK_FALSE(after_plan(state, resumes, start + 2s).unblocked_since);
}

TEST_CASE("takes over an executed Rollback, and the status that the API server has of it") {
  RollbackExecuted executed{.record = *pending_state().rollback};
  executed.record.status.phase = RollbackPhase::TemplateRestored;
  executed.record.status.template_restored = noon;
  executed.stored.message = "stored";
  GuardState before = pending_state();
  before.preflight = api::Preflight{.ready = api::ConditionStatus::True};
  before.unblocked_since = MonotonicTime{1h};
  const GuardState state = after_action(before, {}, {}, executed);
  CHECK(state.rollback == executed.record);
  CHECK(state.rollback_written == executed.stored);
  CHECK(state.preflight == before.preflight);
  CHECK_FALSE(state.unblocked_since);
}

TEST_CASE("takes over the steps that were done before a step failed") {
  RollbackExecuted executed{.record = *pending_state().rollback, .error = timeout};
  executed.record.status.last_error = timeout.message;
  executed.is_preflight_outdated = true;
  GuardState before = pending_state();
  before.preflight = api::Preflight{.ready = api::ConditionStatus::True};
  before.unblocked_since = MonotonicTime{1h};
  const GuardState state = after_action(before, {}, {}, executed);
  CHECK(state.rollback->status.last_error == timeout.message);
  CHECK_FALSE(state.preflight);
  CHECK(state.unblocked_since == MonotonicTime{1h});
}

TEST_CASE("keeps the state when an action failed or there was no action") {
  GuardState before = pending_state();
  before.preflight = api::Preflight{.ready = api::ConditionStatus::True};
  for (const ActionOutcome& outcome :
       std::vector<ActionOutcome>{NothingExecuted{}, ActionFailed{.error = timeout}}) {
    const GuardState state = after_action(before, {}, {}, outcome);
    CHECK(state.guard == before.guard);
    CHECK(state.rollback == before.rollback);
    CHECK(state.preflight == before.preflight);
    CHECK_FALSE(state.snapshots_changed);
    CHECK(state.observed_record.empty());
  }
}

TEST_CASE("restores the guard when a manual Rollback could not be bound") {
  Inputs inputs;
  inputs.guard = pending_state().guard;
  GuardState state = pending_state();
  state.guard.edit().freeze.reset();
  Plan plan{.guard = state.guard, .action = BindRequest{}};
  plan.events = {{.reason = Reason::RollbackStarted}, {.reason = Reason::BreachEnded}};
  const ActionOutcome failed = ActionFailed{.error = timeout};
  const ActionEnded ended{.inputs = inputs, .plan = plan, .outcome = failed};
  state = apply(std::move(state), ended);
  CHECK(state.guard == inputs.guard);
  const auto events = events_after(ended, state);
  REQUIRE(events.size() == 1);
  CHECK(events[0].reason == Reason::BreachEnded);
}

TEST_CASE("takes over the manual Rollback when it was bound") {
  RequestBound bound{.record = {.meta = {.uid = Uid("manual")}}};
  bound.record.status.message = "accepted";
  const GuardState state = after_action(bound);
  CHECK(state.rollback == bound.record);
  CHECK(state.rollback_written == bound.stored);
}

TEST_CASE("stores the name of a snapshot, and looks for old snapshots to delete") {
  const GuardState state =
      after_action(SnapshotCreated{.revision = TemplateHash("v2"), .name = "web-v2"});
  CHECK(state.guard->current->snapshot == "web-v2");
  CHECK(state.snapshots_changed);
}

TEST_CASE(
    "keeps the error of a snapshot until a snapshot is stored, but no Conflict or Cancelled") {
  const Plan plan{.action = CreateSnapshot{}};
  GuardState state = after_action(pending_state(), {}, plan, ActionFailed{.error = timeout});
  CHECK(state.snapshot_error == timeout.message);
  state = after_action(std::move(state), {}, plan, SnapshotCreated{});
  CHECK(state.snapshot_error.empty());
  for (const ErrorKind kind : {ErrorKind::Conflict, ErrorKind::Cancelled}) {
    state = after_action(std::move(state), {}, plan, ActionFailed{.error = {.kind = kind}});
    CHECK(state.snapshot_error.empty());
  }
  state = after_action(std::move(state), {}, {}, ActionFailed{.error = timeout});
  CHECK(state.snapshot_error.empty());
}

TEST_CASE("remembers the record of mode Observe that exists") {
  CHECK(after_action(ObservationRecorded{.rollback = "web-2-observed"}).observed_record ==
        "web-2-observed");
}

TEST_CASE("takes over the result of a drill, and reports the drill when it failed") {
  DrillEnded drill{.record = {.meta = {.key = {.namespace_ = "shop", .name = "drill"}}}};
  drill.record.status.phase = RollbackPhase::Failed;
  drill.preflight.reason = Reason::MissingReference;
  const ActionOutcome outcome = drill;
  const Inputs inputs;
  const Plan plan;
  const ActionEnded ended{.inputs = inputs, .plan = plan, .outcome = outcome};
  const GuardState state = apply(pending_state(), ended);
  CHECK(state.preflight == drill.preflight);
  REQUIRE(state.guard->last_drill);
  CHECK(state.guard->last_drill->rollback == "drill");
  const auto events = events_after(ended, state);
  REQUIRE(events.size() == 1);
  CHECK(events[0].reason == Reason::DrillFailed);
}

TEST_CASE("error_of returns the error of an action only when it failed or is not complete") {
  CHECK(error_of(ActionFailed{.error = timeout})->message == timeout.message);
  CHECK(error_of(RollbackExecuted{.record = {}, .error = timeout})->message == timeout.message);
  CHECK_FALSE(error_of(RollbackExecuted{}));
  CHECK_FALSE(error_of(NothingExecuted{}));
  CHECK_FALSE(error_of(SnapshotCreated{}));
}

TEST_CASE("drops the snapshot of a revision when the preflight found no such snapshot") {
  GuardState state = pending_state();
  state.guard.edit().current->snapshot = "web-v2";
  PreflightEnded ended{.preflight = {.reason = Reason::MissingReference, .target = "web-v2"}};
  state = apply(std::move(state), ended);
  CHECK(state.preflight == ended.preflight);
  CHECK(state.guard->current->snapshot == "web-v2");
  ended.preflight.reason = Reason::SnapshotMissing;
  state = apply(std::move(state), ended);
  CHECK(state.guard->current->snapshot.empty());
}

TEST_CASE("takes over the ConfigMap, the started checks and the counts of Events") {
  GuardState state = apply(pending_state(),
                           ConfigMapCached{.read = policy::ConfigMapRead{.name = "web", .at = {}}});
  REQUIRE(state.config_map);
  state = apply(std::move(state), ConfigMapCached{});
  CHECK_FALSE(state.config_map);

  ChecksStarted started{.names = {"health"}, .schedule = {}};
  const Needs all{.check_measurements = true};
  CHECK(started.schedule.take_due(all, web_policy().spec, {}, {}).size() == 1);
  state = apply(std::move(state), started);
  CHECK(state.running_checks == std::set<std::string>{"health"});
  CHECK(state.schedule.next() == MonotonicTime{10s});

  state = apply(std::move(state), EventsEmitted{.counts = {{"web.1", 2}}});
  CHECK(state.emitted == std::map<std::string, int>{{"web.1", 2}});
}

TEST_CASE("takes over the owner of the guard, and its status only when it was written") {
  GuardState state = pending_state();
  state.guard.edit().message = "new";
  const api::GuardStatus before = state.written;
  state = apply(std::move(state),
                GuardWritten{.uid = Uid("new-guard"), .owner = web_uid, .error = timeout});
  CHECK(state.guard_uid == Uid("new-guard"));
  CHECK(state.guard_owner == web_uid);
  CHECK(state.written == before);
  const api::GuardStatus status = state.guard;
  state = apply(std::move(state),
                GuardWritten{.uid = Uid("new-guard"), .owner = web_uid, .status = status});
  CHECK(state.written == status);
  state = apply(std::move(state), GuardWritten{.error = timeout});
  CHECK(state.guard_uid.empty());
}

TEST_CASE("takes over the status of the Rollback only when it was written") {
  const api::RollbackStatus written{.phase = RollbackPhase::Restored};
  CHECK(apply(pending_state(), RollbackWritten{.error = timeout}).rollback_written ==
        pending_state().rollback_written);
  CHECK(apply(pending_state(), RollbackWritten{.status = written}).rollback_written == written);
}

TEST_CASE("looks for old objects to delete again only when a deletion failed") {
  GuardState state = pending_state();
  state.records_changed = true;
  state.snapshots_changed = true;
  state.guard.edit().current->snapshot = "web-v2";
  state = apply(std::move(state), RecordsCollected{.error = timeout});
  CHECK(state.records_changed);
  CHECK_FALSE(apply(state, RecordsCollected{}).records_changed);
  state = apply(std::move(state), SnapshotsCollected{.deleted = {"web-v2"}, .error = timeout});
  CHECK(state.snapshots_changed);
  CHECK(state.guard->current->snapshot.empty());
  CHECK_FALSE(apply(state, SnapshotsCollected{}).snapshots_changed);
}

TEST_CASE("stores the alerts of Alertmanager for the next turn of the checks") {
  const api::ReceivedAlert alert{.fingerprint = "f", .name = "HighErrorRate", .starts_at = noon};
  const GuardState state =
      fold_one(pending_state(), AlertsArrived{.deployment = web_uid, .alerts = {alert}});
  CHECK(state.guard->alerts == std::vector{alert});
  CHECK(state.written->alerts.empty());
  CHECK(state.schedule.next() == pending_state().schedule.next());
  CHECK(is_about(AlertsArrived{.deployment = web_uid}, pending_state()));
  CHECK_FALSE(is_about(AlertsArrived{.deployment = Uid("other")}, pending_state()));
}

TEST_CASE("requests a run of a check that does not pass, but none in Idle") {
  GuardState state = pending_state();
  state.guard.edit().state = api::State::Evaluating;
  state.guard.edit().checks = {{.name = "rollout", .result = api::MeasurementResult::Unknown},
                               {.name = "health",
                                .result = api::MeasurementResult::Fail,
                                .consecutive_failures = 1,
                                .min_failing_time = 1min,
                                .first_failure = noon}};
  CHECK(after_plan(state, {.guard = *state.guard}).schedule.next());
  state.guard.edit().state = api::State::Idle;
  CHECK_FALSE(after_plan(state, {.guard = *state.guard}).schedule.next());
}
