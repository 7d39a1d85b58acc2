// Which Deployments follow a group rollback, what holds them, and why a member cannot be rolled
// back.
#include "guard/group/follow.hpp"

#include <catch2/catch.hpp>

#include "guard/group/group.hpp"
#include "support/mentions.hpp"
#include "unit/guard/gates/golden.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

struct FollowRow {
  const char* name;
  void (*given)(Inputs&);
  bool follows;
};

const std::vector<FollowRow> follow_rows = {
    {"the initiator is restored",
     [](Inputs& in) { in.group[0].rollback->status.phase = RollbackPhase::TemplateRestored; },
     true},
    {"the initiator is restored and rolls out",
     [](Inputs& in) { in.group[0].rollback->status.phase = RollbackPhase::Restored; }, true},
    {"the initiator has recorded its Rollback and starts it", [](Inputs&) {}, true},
    {"the initiator succeeded",
     [](Inputs& in) { in.group[0].rollback->status.phase = RollbackPhase::Succeeded; }, true},
    {"the initiator failed after it was restored",
     [](Inputs& in) {
       in.group[0].rollback->status.phase = RollbackPhase::Failed;
       in.group[0].rollback->status.template_restored = moment;
     },
     true},
    {"the initiator failed before it changed anything",
     [](Inputs& in) { in.group[0].rollback->status.phase = RollbackPhase::Failed; }, false},
    {"the initiator was superseded",
     [](Inputs& in) { in.group[0].rollback->status.phase = RollbackPhase::Superseded; }, false},
    {"the initiator awaits approval",
     [](Inputs& in) {
       in.group[0].rollback->spec.mode = api::Mode::Approve;
       in.group[0].guard.state = api::State::Held;
       in.group[0].guard.reason = Reason::AwaitingApproval;
     },
     false},
    {"the initiator is approved",
     [](Inputs& in) {
       in.group[0].rollback->spec.mode = api::Mode::Approve;
       in.group[0].rollback->spec.approved = true;
     },
     true},
    {"the initiator is approved and waits for its turn",
     [](Inputs& in) {
       in.group[0].rollback->spec.mode = api::Mode::Approve;
       in.group[0].guard.reason = Reason::GroupOrder;
     },
     true},
    {"the initiator is held",
     [](Inputs& in) {
       in.group[0].guard.state = api::State::Held;
       in.group[0].guard.reason = Reason::SharedCause;
     },
     false},
    {"another rollback restored this Deployment",
     [](Inputs& in) {
       in.rollback = finished_rollback(in, RollbackPhase::Succeeded);
       in.rollback->meta.key.name = "web-1-1b4e";
       in.rollback->spec.from.hash = TemplateHash("v0");
       in.rollback->spec.to.hash = TemplateHash("v2");
       in.rollback->status.template_restored = noon;
     },
     false},
    {"another rollback restored an earlier revision of this Deployment",
     [](Inputs& in) {
       in.rollback = finished_rollback(in, RollbackPhase::Succeeded);
       in.rollback->meta.key.name = "web-1-1b4e";
       in.rollback->spec.from.hash = TemplateHash("v0");
       in.rollback->spec.to.hash = TemplateHash("v1");
     },
     true},
    {"another rollback to this revision was cancelled",
     [](Inputs& in) {
       in.rollback = finished_rollback(in, RollbackPhase::Superseded);
       in.rollback->meta.key.name = "web-1-1b4e";
       in.rollback->spec.from.hash = TemplateHash("v0");
       in.rollback->spec.to.hash = TemplateHash("v2");
     },
     true},
    {"the guard of the initiator names another Rollback",
     [](Inputs& in) { in.group[0].guard.rollback = "api-1-9f"; }, false},
    {"the group rollback does not include this Deployment",
     [](Inputs& in) { in.group[0].rollback->spec.group->members = {"api", "db"}; }, false},
    {"the Rollback of the other member has no group",
     [](Inputs& in) { in.group[0].rollback->spec.group.reset(); }, false},
    {"this release is newer than the group rollback",
     [](Inputs& in) { in.guard.evaluation_started = moment; }, false},
    {"this Deployment has followed the group rollback, and its own Rollback succeeded",
     [](Inputs& in) {
       in.rollback = finished_rollback(in, RollbackPhase::Succeeded);
       in.rollback->spec.caused_by = "api-2-9f";
     },
     false},
    {"this Deployment has followed the group rollback, and its own Rollback was superseded",
     [](Inputs& in) {
       in.rollback = finished_rollback(in, RollbackPhase::Superseded);
       in.rollback->spec.caused_by = "api-2-9f";
     },
     false},
    {"a user declined the rollback",
     [](Inputs& in) { in.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
     false},
    {"a Rollback of this release failed", [](Inputs& in) { in.rollback = finished_rollback(in); },
     false},
    {"this revision is presumed good",
     [](Inputs& in) { in.guard.current->verdict = api::RevisionVerdict::PresumedGood; }, false},
    {"this release is good already",
     [](Inputs& in) {
       in.guard.state = api::State::Idle;
       in.guard.current->verdict = in.guard.revisions[0].verdict = api::RevisionVerdict::Good;
     },
     true},
};

}  // namespace

TEST_CASE("follows a group rollback that has started and includes this release, and only once") {
  for (const FollowRow& row : follow_rows) {
    CAPTURE(row.name);
    Inputs inputs = member_inputs();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, moment);
    const auto* start = std::get_if<StartRollback>(&plan.action);
    REQUIRE((start != nullptr) == row.follows);
    if (!start) continue;
    CHECK(start->record.spec.caused_by == "api-2-9f");
    CHECK(start->record.spec.reason == Reason::GroupRolledBack);
    CHECK(start->record.spec.check.empty());
    CHECK(start->record.spec.to.hash == TemplateHash("v1"));
    CHECK_FALSE(start->execute);
    CHECK(plan.guard.state == api::State::RollingBack);
    CHECK(plan.guard.rollback == "web-2-1b4e");
  }
}

TEST_CASE("does not follow a group rollback while this Deployment rolls back or verifies") {
  Inputs inputs = member_inputs();
  const auto followed = [&] { return group_rollback_to_follow(inputs, inputs.guard, moment); };
  CHECK(followed() == &*inputs.group[0].rollback);
  inputs.guard.state = api::State::Verifying;
  CHECK(followed() == nullptr);
  inputs.guard.state = api::State::RollingBack;
  inputs.guard.rollback = "web-2-1b4e";
  CHECK(followed() != nullptr);
  inputs.rollback = finished_rollback(inputs, RollbackPhase::Pending);
  CHECK(followed() == nullptr);
}

// The pending Rollback is outdated, because its revision has become good.
TEST_CASE("ends an outdated Rollback before it follows a group rollback") {
  Inputs inputs = member_inputs();
  inputs.guard.state = api::State::Idle;
  for (api::Revision* revision : {&*inputs.guard.current, &inputs.guard.revisions.front()})
    revision->verdict = api::RevisionVerdict::Good;
  inputs.rollback = finished_rollback(inputs, RollbackPhase::Pending);
  const Plan plan = guard::decide(inputs, moment);
  REQUIRE(plan.rollback.has_value());
  CHECK(plan.rollback->phase == RollbackPhase::Superseded);
  CHECK(std::holds_alternative<CreateSnapshot>(plan.action));
  CHECK(plan.requeue_at == moment);
}

TEST_CASE("holds a member of a group rollback by every gate that forbids a change") {
  struct Row {
    void (*given)(Inputs&);
    Reason reason;
  };
  const std::vector<Row> table = {
      {[](Inputs& in) { in.policy.spec.suspend = true; }, Reason::Suspended},
      {[](Inputs& in) { in.deployment.paused = true; }, Reason::DeploymentPaused},
      {[](Inputs& in) { in.policy.pause_until = moment + 1h; }, Reason::PausedUntil},
      {[](Inputs& in) { in.guard.current->no_rollback_past = true; }, Reason::NoRollbackPast},
      {[](Inputs& in) { in.guard.revisions.resize(1); }, Reason::NoLastGood},
      {[](Inputs& in) { in.policy.spec.mode = api::Mode::Observe; }, Reason::Observing},
      {[](Inputs& in) {
         in.preflight->ready = api::ConditionStatus::False;
         in.preflight->reason = Reason::AdmissionDenied;
       },
       Reason::AdmissionDenied},
  };
  for (const Row& row : table) {
    CAPTURE(row.reason);
    Inputs inputs = member_inputs();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, moment);
    CHECK(std::holds_alternative<std::monostate>(plan.action));
    CHECK(plan.guard.state == api::State::Held);
    CHECK(plan.guard.reason == row.reason);
  }
  Inputs without_preflight = member_inputs();
  without_preflight.preflight.reset();
  CHECK(std::holds_alternative<std::monostate>(guard::decide(without_preflight, moment).action));
}

TEST_CASE("waits for approval of a member when only its own policy requires it") {
  Inputs inputs = member_inputs();
  inputs.policy.spec.mode = api::Mode::Approve;
  Plan plan = guard::decide(inputs, moment);
  inputs.rollback = std::get<StartRollback>(plan.action).record;
  CHECK(inputs.rollback->spec.mode == api::Mode::Approve);
  inputs.guard = plan.guard;
  inputs.group[0].rollback->status.phase = RollbackPhase::Verifying;
  plan = guard::decide(inputs, moment);
  CHECK(plan.guard.reason == Reason::AwaitingApproval);
  CHECK(std::holds_alternative<std::monostate>(plan.action));
  inputs.policy.approve = "web-2-1b4e";
  CHECK(std::holds_alternative<ResumeRollback>(guard::decide(inputs, moment).action));
}

TEST_CASE("needs no approval of a member when its group rollback is approved") {
  Inputs inputs = member_inputs();
  inputs.policy.spec.mode = api::Mode::Approve;
  inputs.group[0].rollback->spec.mode = api::Mode::Approve;
  inputs.group[0].rollback->spec.approved = true;
  CHECK(std::get<StartRollback>(guard::decide(inputs, moment).action).record.spec.mode ==
        api::Mode::Enforce);
}

TEST_CASE("reports why a member cannot be rolled back") {
  struct Row {
    const char* name;
    void (*given)(Inputs&);
    std::vector<std::string> mentions = {};  // empty: the Deployment can be rolled back
  };
  const std::vector<Row> table = {
      {"nothing blocks it", [](Inputs&) {}},
      {"the policy is suspended",
       [](Inputs& in) { in.policy.spec.suspend = true; },
       {"RollbackPolicy/web", "spec.suspend"}},
      {"the mode is Observe",
       [](Inputs& in) { in.policy.spec.mode = api::Mode::Observe; },
       {"RollbackPolicy/web", "Observe"}},
      {"the policy is broken",
       [](Inputs& in) {
         in.policy = broken_policy();
         in.policy.group = "shop";
       },
       {"RollbackPolicy/web does not exist"}},
      {"no policy applies",
       [](Inputs& in) {
         in.policy = {};
         in.policy.group = "shop";
       },
       {"policy"}},
      {"the Deployment is frozen",
       [](Inputs& in) {
         in.guard.state = api::State::Frozen;
         in.guard.reason = Reason::Contested;
         in.guard.freeze = api::Freeze{.reason = Reason::Contested, .since = noon};
       },
       {"frozen", "Contested"}},
      {"no good revision is known", [](Inputs& in) { in.guard.revisions.resize(1); }, {"good"}},
      {"the preflight fails",
       [](Inputs& in) {
         in.preflight->ready = api::ConditionStatus::False;
         in.preflight->message = "Secret db does not exist";
       },
       {"Secret db does not exist"}},
      {"the preflight fails without a message",
       [](Inputs& in) {
         in.preflight->ready = api::ConditionStatus::False;
         in.preflight->reason = Reason::AdmissionDenied;
         in.preflight->message.clear();
       },
       {"AdmissionDenied"}},
      {"the preflight has no result",
       [](Inputs& in) {
         in.preflight->ready = api::ConditionStatus::Unknown;
         in.preflight->message = "no answer";
       },
       {"no answer"}},
      {"no preflight has run", [](Inputs& in) { in.preflight.reset(); }, {"rollback"}},
      {"the preflight is of an earlier generation",
       [](Inputs& in) { in.preflight->generation -= 1; },
       {"rollback"}},
      {"the cooldown is not over",
       [](Inputs& in) { in.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}}; },
       {"2026-11-24T11:59:30Z", "2026-11-24T12:04:30Z", "cooldown 5m"}},
      {"the rollback limit is reached",
       [](Inputs& in) {
         in.policy.spec.cooldown = 0s;
         in.policy.spec.limit = {.count = 1, .within = 1h};
         in.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}};
       },
       {"1 rollback", "1h", "limit 1", "2026-11-24T12:59:30Z"}},
      {"the Deployment is paused",
       [](Inputs& in) { in.deployment.paused = true; },
       {"kubectl rollout resume"}},
      {"the annotation pause-until is in effect",
       [](Inputs& in) { in.policy.pause_until = moment + 1min; },
       {"lastgood.dev/pause-until", "2026-11-24T12:01:30Z"}},
      {"the release has the no-rollback-past mark",
       [](Inputs& in) { in.guard.current->no_rollback_past = true; },
       {"revision 2", "lastgood.dev/no-rollback-past", "revision 1"}},
      {"a user declined the rollback",
       [](Inputs& in) {
         in.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment};
       },
       {"web-2-1b4e"}},
      {"the release was rolled back already",
       [](Inputs& in) { in.rollback = finished_rollback(in); },
       {"web-2-1b4e", "Failed"}},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    Inputs inputs = member_inputs();
    inputs.group.clear();
    row.given(inputs);
    const std::string why = guard::decide(inputs, moment).blocked_because;
    CHECK(why.empty() == row.mentions.empty());
    CHECK_THAT(why, mentions(row.mentions));
  }
}

TEST_CASE("requeues a member at the time when its limit allows the next rollback") {
  Inputs inputs = member_inputs();
  inputs.group.clear();
  inputs.policy.spec.cooldown = 0s;
  inputs.policy.spec.limit = {.count = 1, .within = 1min + 1ms};
  inputs.guard.rollbacks = {{.name = "web-1-1b4e", .at = moment - 1min}};
  CHECK(guard::decide(inputs, moment).requeue_at == moment + 1ms);
}
