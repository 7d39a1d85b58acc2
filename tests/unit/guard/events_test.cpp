// The type, reason and action of all Events of a release, from the first Event to the last.
#include <catch2/catch.hpp>
#include <ostream>

#include "guard/drill.hpp"
#include "unit/guard/group/members.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

struct Emitted {
  EventType type;
  Reason reason;
  EventAction action;
  bool operator==(const Emitted&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Emitted& event) {
  return out << api::to_string(event.type) << ' ' << event.reason << ' '
             << api::to_string(event.action);
}

constexpr Emitted normal(Reason reason, EventAction action = EventAction::None) {
  return {EventType::Normal, reason, action};
}
constexpr Emitted warning(Reason reason, EventAction action = EventAction::None) {
  return {EventType::Warning, reason, action};
}

constexpr Emitted check_failing = warning(Reason::CheckFailing, EventAction::Evaluate);
constexpr Emitted check_breached = warning(Reason::CheckBreached, EventAction::Evaluate);
constexpr Emitted rollback_held = warning(Reason::RollbackHeld, EventAction::Hold);
constexpr Emitted rollback_started = warning(Reason::RollbackStarted, EventAction::Rollback);
constexpr Emitted rolled_back = warning(Reason::RolledBack, EventAction::Rollback);
constexpr Emitted release_seen = normal(Reason::ReleaseSeen, EventAction::Evaluate);

struct Row {
  const char* name;
  DeploymentHarness (*given)();        // its Events are not counted
  void (*happen)(DeploymentHarness&);  // what happens then
  std::vector<Emitted> events;         // in this order
};

DeploymentHarness new_harness() { return {}; }
DeploymentHarness baking() { return baking_v2(); }
DeploymentHarness pending() { return pending_rollback(); }
DeploymentHarness awaiting_approval() {
  return baking_v2(api::Mode::Approve).fail_three_times().reconcile();
}
DeploymentHarness held_by_pause() { return baking_v2().pause().fail_three_times(); }
DeploymentHarness good_v2() { return baking_v2().pass_checks_for(11min); }

const std::vector<Row> rows = {
    {"the first revision",
     new_harness,
     [](DeploymentHarness& web) { web.ship("v1").roll_out().reconcile(); },
     {normal(Reason::PresumedGood)}},
    {"a release that becomes good",
     running_v1,
     [](DeploymentHarness& web) {
       web.ship("v2").reconcile().roll_out().reconcile().pass_checks_for(11min);
     },
     {release_seen, normal(Reason::ReleaseGood)}},
    {"a release whose check has no result",
     baking,
     [](DeploymentHarness& web) { web.reconcile_for(11min, {pass("rollout"), unknown("health")}); },
     {warning(Reason::ReleaseInconclusive)}},
    {"a release that is rolled back",
     baking,
     [](DeploymentHarness& web) {
       web.fail_three_times().pass_time(1s).reconcile().roll_out().pass_checks_for(6min);
     },
     {check_failing, check_breached, rollback_started, rolled_back,
      normal(Reason::RollbackVerified)}},
    {"a check that is breached by its first failure",
     baking,
     [](DeploymentHarness& web) { web.pause().reconcile({fails_immediately("health")}); },
     {check_breached, rollback_held}},
    {"a breach that ends while it is held",
     held_by_pause,
     [](DeploymentHarness& web) { web.pass_checks_for(10s); },
     {normal(Reason::BreachEnded, EventAction::Evaluate)}},
    {"a breached release that is replaced",
     held_by_pause,
     [](DeploymentHarness& web) { web.ship("v3").reconcile(); },
     {normal(Reason::ReleaseSuperseded), release_seen}},
    {"a restored revision whose check has no result",
     restored_v1,
     [](DeploymentHarness& web) {
       web.roll_out().reconcile().reconcile_for(8min, {pass("rollout"), unknown("health")});
     },
     {warning(Reason::RollbackUnverified)}},
    {"a restored revision that fails, until a user ends the freeze",
     restored_v1,
     [](DeploymentHarness& web) {
       web.roll_out().reconcile().fail_three_times();
       web.policy.resume = web.now;
       web.reconcile();
     },
     {warning(Reason::RollbackFailed, EventAction::Freeze),
      normal(Reason::Resumed, EventAction::Evaluate)}},
    {"a manual rollback",
     good_v2,
     [](DeploymentHarness& web) {
       web.request_rollback().reconcile().reconcile().pass_time(1s).reconcile();
     },
     {normal(Reason::RollbackStarted, EventAction::Rollback), rolled_back}},
    {"a manual rollback that is rejected",
     good_v2,
     [](DeploymentHarness& web) { web.request_rollback({.to_revision = 9}).reconcile(); },
     {warning(Reason::RollbackRejected)}},
    {"a release that recovers while its Rollback is pending",
     pending,
     [](DeploymentHarness& web) { web.pass_checks_for(10s); },
     {normal(Reason::RollbackCancelled)}},
    {"a patch that the API server rejects, twice",
     pending,
     [](DeploymentHarness& web) {
       web.writes_allowed = 0;
       web.rollback->status.last_error = "denied";
       web.rollback->status.waiting_for = Reason::AdmissionDenied;
       web.reconcile({fails("health")}).reconcile({fails("health")});
     },
     {warning(Reason::PatchRejected, EventAction::Rollback)}},
    {"a rollback that waits for approval",
     baking,
     [](DeploymentHarness& web) {
       web.policy.spec.mode = api::Mode::Approve;
       web.fail_three_times().reconcile();
     },
     {check_failing, check_breached, rollback_held}},
    {"a rollback that a user approves",
     awaiting_approval,
     [](DeploymentHarness& web) {
       web.approve().reconcile({fails("health")}).pass_time(1s).reconcile();
     },
     {rollback_started, rolled_back}},
    {"an approval that names another Rollback",
     awaiting_approval,
     [](DeploymentHarness& web) {
       web.policy.approve = "other";
       web.reconcile().reconcile();
     },
     {rollback_held}},
    {"a member of a group that is rolled back",
     [] { return baking_in_group(); },
     [](DeploymentHarness& web) {
       web.group = {initiator_now(web, "api", {"api", "web"})};
       web.pass_time(10s).reconcile().reconcile();
     },
     {rollback_started, rollback_held}},
};

}  // namespace

TEST_CASE("emits each Event of a release once, with its type, reason and action") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    DeploymentHarness web = row.given();
    web.events.clear();
    row.happen(web);
    std::vector<Emitted> emitted;
    for (const EventRecord& event : web.events)
      emitted.push_back({event.type, event.reason, event.action});
    CHECK(emitted == row.events);
  }
}

TEST_CASE("emits a failed drill as a warning") {
  api::GuardStatus before;
  api::GuardStatus after{.last_drill = api::LastDrill{.rollback = "web-drill-1", .passed = false}};
  const auto event = drill_event(before, after);
  REQUIRE(event.has_value());
  CHECK(Emitted{event->type, event->reason, event->action} ==
        warning(Reason::DrillFailed, EventAction::Drill));
}
