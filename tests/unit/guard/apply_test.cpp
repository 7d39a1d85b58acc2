// How each entry of the inbox changes the state of a Deployment.
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
  state.guard.deployment_uid = web_uid;
  state.guard.current = api::Revision{.hash = TemplateHash("v2")};
  state.guard.freeze = api::Freeze{.reason = Reason::Contested};
  state.written = state.guard;
  state.rollback = api::Rollback{
      .meta = {.key = {.namespace_ = "shop", .name = "web-2-1b4e"}, .uid = rollback_uid}};
  state.rollback->spec.check = "health";
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

MeasurementArrived measurement_of(const std::string& hash) {
  return {.deployment = web_uid, .hash = TemplateHash(hash), .measurement = fails("health")};
}

}  // namespace

TEST_CASE("keeps a measurement of the current revision until the next plan") {
  GuardState state = fold_one(pending_state(), measurement_of("v2"));
  state = fold_one(std::move(state), measurement_of("v2"));
  CHECK(take_measurements(state, {}) == Measurements{fails("health"), fails("health")});
  CHECK(take_measurements(state, {}).empty());
}

TEST_CASE("remembers the pods that responded to a check until the Deployment is idle") {
  MeasurementArrived entry = measurement_of("v2");
  entry.check = api::Check{.name = "health"};
  entry.responders = {{.pod = "web-0", .node = "node-a"}};
  GuardState state = pending_state();
  state.guard.state = api::State::Evaluating;
  state = fold_one(std::move(state), entry);
  const std::string hash = api::config_hash_of(entry.check->http);
  CHECK(state.responders[hash].has_pod("web-0"));
  (void)take_measurements(state, {});
  CHECK(state.responders.size() == 1);
  state.guard.state = api::State::Idle;
  (void)take_measurements(state, {});
  CHECK(state.responders.empty());
}

TEST_CASE("drops a measurement when it is about another revision") {
  GuardState state = fold_one(pending_state(), measurement_of("v1"));
  CHECK(take_measurements(state, {}).empty());
}

TEST_CASE("drops a measurement when its check has changed or is gone since it began") {
  const api::PolicySpec spec = web_policy().spec;
  MeasurementArrived entry = measurement_of("v2");
  entry.check = spec.checks.front();
  GuardState state = fold_one(pending_state(), entry);
  CHECK(take_measurements(state, spec).size() == 1);

  api::PolicySpec changed = spec;
  changed.checks.front().http.path = "/other";
  state = fold_one(pending_state(), entry);
  CHECK(take_measurements(state, changed).empty());

  state = fold_one(pending_state(), entry);
  CHECK(take_measurements(state, {}).empty());
}

TEST_CASE("lets a check run again when it has ended") {
  GuardState state = pending_state();
  const Needs all{.rollout_measurement = true, .check_measurements = true};
  const api::PolicySpec spec = web_policy().spec;
  const MonotonicTime start{};
  CHECK(take_due_checks(state, all, spec, start) == std::vector<std::string>{"health", "rollout"});
  CHECK(take_due_checks(state, all, spec, start + 10s).empty());
  state = fold_one(std::move(state), CheckEnded{.deployment = web_uid, .check = "health"});
  CHECK(take_due_checks(state, all, spec, start + 20s) == std::vector<std::string>{"health"});
}

TEST_CASE("forgets everything when a user deletes the guard") {
  const GuardState state = fold_one(pending_state(), GuardDeleted{.guard = guard_uid});
  CHECK(state.deployment_uid == web_uid);
  CHECK(state.guard == api::GuardStatus{});
  CHECK(state.guard_uid.empty());
  CHECK_FALSE(state.rollback);
}

TEST_CASE("removes the freeze when a user removes it, so that it is not written again") {
  const GuardState state = fold_one(pending_state(), FreezeRemoved{.guard = guard_uid});
  CHECK_FALSE(state.guard.freeze);
  CHECK_FALSE(state.written.freeze);
}

TEST_CASE("takes over an approval from the watch only for the Rollback of the state") {
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
  CHECK(state.guard.declined == api::Declined{.rollback = "web-2-1b4e", .at = noon});
}

TEST_CASE("declines no rollback when the deleted Rollback is manual") {
  GuardState state = pending_state();
  state.rollback->spec.check.clear();
  state = fold_one(std::move(state), RollbackDeleted{.rollback = rollback_uid, .at = noon});
  CHECK(state.rollback->status.phase == RollbackPhase::Superseded);
  CHECK_FALSE(state.guard.declined);
}

TEST_CASE("keeps the Rollback when the deleted one is another, or it has changed the template") {
  GuardState state = fold_one(pending_state(), RollbackDeleted{.rollback = Uid("other")});
  CHECK(state.rollback->status.phase == RollbackPhase::Pending);
  state.rollback->status.phase = RollbackPhase::TemplateRestored;
  state.rollback->status.template_restored = noon;
  state = fold_one(std::move(state), RollbackDeleted{.rollback = rollback_uid});
  CHECK(state.rollback->status.phase == RollbackPhase::TemplateRestored);
  CHECK_FALSE(state.guard.declined);
}
