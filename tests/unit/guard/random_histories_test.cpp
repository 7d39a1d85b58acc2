// Invariants over thousands of random histories. Each event of a history is one small change, and a
// reconcile follows it. history.hpp has larger events.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "guard/check_status.hpp"
#include "guard/guard_status.hpp"
#include "rollback/record.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

enum class Event : std::uint8_t {
  Reconcile,
  Pass,
  Fail,
  FailImmediately,
  Unknown,
  Ship,
  ShipWithoutReplicaSet,
  RollOut,
  RollOutPartly,
  Scale,
  ScaleToZero,
  ScaleUp,
  Pause,
  Unpause,
  Suspend,
  Unsuspend,
  OptOut,
  OptIn,
  BreakPolicy,
  Restart,
  RestartWithOldGuard,
  CannotRecord,
  CanRecord,
  LimitWrites,
  PauseUntil,
  Wait,
  WaitLong,
  PassLong,
};

struct HistoryEvent {
  Event event = Event::Reconcile;
  int argument = 0;  // 0 to 4; its meaning depends on the event
};

void showValue(const HistoryEvent& event, std::ostream& out) {
  out << static_cast<int>(event.event) << "/" << event.argument;
}

// How often each event happens, relative to the other events.
using Weights = std::vector<std::pair<std::size_t, Event>>;

rc::Gen<HistoryEvent> random_event(const Weights& weights) {
  std::vector<Event> all;
  for (const auto& [weight, event] : weights) all.insert(all.end(), weight, event);
  return rc::gen::map(
      rc::gen::pair(rc::gen::elementOf(all), rc::gen::inRange(0, 5)),
      [](const auto& pair) { return HistoryEvent{.event = pair.first, .argument = pair.second}; });
}

using History = std::vector<HistoryEvent>;

// Ten histories for each run of rapidcheck, which runs a test a hundred times.
rc::Gen<std::vector<History>> histories(const Weights& weights, int max_length = 120) {
  const auto one = rc::gen::resize(max_length, rc::gen::container<History>(random_event(weights)));
  return rc::gen::container<std::vector<History>>(10, one);
}

// Each round has another length. With the same length it would have the same histories, because
// rapidcheck uses one seed for the whole process.
rc::Gen<std::vector<History>> histories_of_all_events(int round) {
  using enum Event;
  return histories({{4, Reconcile},
                    {8, Pass},
                    {10, Fail},
                    {3, FailImmediately},
                    {2, Unknown},
                    {5, Ship},
                    {1, ShipWithoutReplicaSet},
                    {10, RollOut},
                    {1, RollOutPartly},
                    {1, Scale},
                    {1, ScaleToZero},
                    {1, ScaleUp},
                    {1, Pause},
                    {1, Unpause},
                    {1, Suspend},
                    {1, Unsuspend},
                    {1, OptOut},
                    {2, OptIn},
                    {1, BreakPolicy},
                    {1, Restart},
                    {1, RestartWithOldGuard},
                    {1, CannotRecord},
                    {2, CanRecord},
                    {1, LimitWrites},
                    {1, PauseUntil},
                    {2, Wait},
                    {3, WaitLong},
                    {6, PassLong}},
                   120 + round);
}

// v1 to v5. There are so few names that a template is often shipped again.
std::string template_named(int argument) { return "v" + std::to_string(argument + 1); }

void apply_event(DeploymentHarness& harness, const HistoryEvent& step) {
  switch (step.event) {
    case Event::Ship: harness.ship(template_named(step.argument)); break;
    case Event::ShipWithoutReplicaSet:
      harness.ship_without_replica_set(template_named(step.argument));
      break;
    case Event::RollOut: harness.roll_out(); break;
    case Event::RollOutPartly: harness.roll_out_partly(); break;
    case Event::Scale: harness.scale(step.argument + 1); break;
    case Event::ScaleToZero: harness.scale(0); break;
    case Event::ScaleUp: harness.scale(3).roll_out(); break;
    case Event::Pause: harness.pause(); break;
    case Event::Unpause: harness.unpause(); break;
    case Event::Suspend: harness.suspend(); break;
    case Event::Unsuspend: harness.unsuspend(); break;
    case Event::OptOut: harness.opt_out(); break;
    case Event::OptIn: harness.opt_in(); break;
    case Event::BreakPolicy: harness.break_policy(); break;
    case Event::Restart: harness.restart(); break;
    case Event::RestartWithOldGuard: {
      // 0: the guard as stored; 1: its last write; 2: the write before the last; and so on.
      const auto writes_back =
          std::min(harness.guard_writes.size(), static_cast<std::size_t>(step.argument));
      harness.restart_with(writes_back == 0
                               ? harness.stored_guard
                               : harness.guard_writes[harness.guard_writes.size() - writes_back]);
      break;
    }
    case Event::CannotRecord: harness.can_record = false; break;
    case Event::CanRecord: harness.can_record = true; break;
    case Event::LimitWrites: harness.writes_allowed = step.argument; break;
    case Event::PauseUntil: harness.policy.pause_until = harness.now + step.argument * 20s; break;
    case Event::WaitLong: harness.pass_time(4min); break;
    case Event::PassLong: harness.pass_time(6min); break;  // longer than verifyFor
    default: break;
  }
}

Measurements measurements_of(Event event) {
  switch (event) {
    case Event::Pass:
    case Event::PassLong: return {pass("rollout"), pass("health")};
    case Event::Fail: return {fails("health")};
    case Event::FailImmediately: return {fails_immediately("rollout")};
    case Event::Unknown: return {unknown("rollout"), unknown("health")};
    default: return {};
  }
}

bool may_be_changed(const Inputs& inputs) {
  return inputs.policy.governs() && !inputs.policy.spec.suspend && !inputs.deployment.paused &&
         !inputs.deployment.meta.deleting && inputs.deployment.replicas > 0;
}

bool is_listed_as_unproven(const api::GuardStatus& guard, const TemplateHash& hash) {
  return std::ranges::any_of(guard.revisions, [&](const api::Revision& one) {
    return one.hash == hash && one.verdict != api::RevisionVerdict::Good &&
           one.verdict != api::RevisionVerdict::PresumedGood;
  });
}

void check_start(const Inputs& inputs, const api::Rollback& record) {
  const bool is_not_paused =
      !inputs.policy.pause_until || record.spec.detected >= *inputs.policy.pause_until;
  RC_ASSERT(is_not_paused);
  RC_ASSERT(!record.spec.to.snapshot.empty());
  RC_ASSERT(record.spec.to.hash != record.spec.from.hash);
  RC_ASSERT(record.spec.from.hash.value == inputs.deployment.template_digest.value);
  RC_ASSERT(record.spec.generation == inputs.deployment.meta.generation);
  RC_ASSERT(!is_listed_as_unproven(inputs.guard, record.spec.to.hash));
}

// The list of revisions is short, has each hash once, and has the current revision. The state is
// Held only with a breach or a Rollback in progress.
void check_consistency(const DeploymentHarness& harness) {
  const api::GuardStatus& guard = harness.guard;
  RC_ASSERT(guard.revisions.size() <= 20U);
  std::set<std::string> hashes;
  for (const auto& one : guard.revisions) RC_ASSERT(hashes.insert(one.hash.value).second);
  if (guard.current) RC_ASSERT(hashes.contains(guard.current->hash.value));
  const bool has_reason =
      rollback::is_in_progress(guard, harness.rollback) || breached(guard.checks);
  if (guard.state == api::State::Held) RC_ASSERT(has_reason);
}

// The third reconcile without a change has no Event, action or write.
void check_settled(const DeploymentHarness& harness) {
  DeploymentHarness again = harness;
  again.executes_actions = false;
  // Reconcile twice: the target may have changed, and only the second preflight is for the new
  // target.
  again.reconcile().reconcile();
  const auto after_second = again.guard;
  if (again.rollback && again.last_plan.rollback)
    again.rollback->status = *again.last_plan.rollback;
  if (again.action() != ActionKind::None) return;
  again.reconcile();
  RC_ASSERT(again.last_plan.events.empty());
  RC_ASSERT(again.action() == ActionKind::None);
  RC_ASSERT(!worth_writing(after_second, again.guard));
}

// The states, actions and phases that all histories together reach. If they reach few, the
// invariant proves little.
struct Reached {
  std::set<api::State> states = {};
  std::set<ActionKind> actions = {};
  std::set<std::optional<RollbackPhase>> phases = {};

  void note(const DeploymentHarness& harness) {
    states.insert(harness.guard.state);
    actions.insert(harness.action());
    phases.insert(harness.phase());
  }
  [[nodiscard]] std::size_t count() const { return states.size() + actions.size() + phases.size(); }
};

// The name of the last Rollback of each release. A release is the uid and generation of a
// Deployment.
using RollbackByRelease = std::map<std::pair<std::string, std::int64_t>, std::string>;

// Checks the plan before its action is executed.
void reconcile_and_check(DeploymentHarness& harness, Measurements measurements,
                         RollbackByRelease& started) {
  const Inputs inputs = harness.inputs(measurements);
  const Plan plan = guard::decide(inputs, harness.now);
  if (plan.action.index() != 0) RC_ASSERT(may_be_changed(inputs));
  const int records = harness.rollbacks_created;
  if (const auto* start = std::get_if<StartRollback>(&plan.action))
    check_start(inputs, start->record);
  harness.reconcile(std::move(measurements));
  if (harness.rollbacks_created > records) {
    const api::Rollback& created = *harness.rollback;
    std::string& last = started[{created.spec.deployment_uid.value, created.spec.generation}];
    const bool is_only_one =
        last.empty() || rollback::changed_nothing(harness.stored_rollbacks.at(last));
    RC_ASSERT(is_only_one);
    last = created.meta.key.name;
  }
  check_consistency(harness);
}

}  // namespace

TEST_CASE("Invariant: one rollback for each release, to a proven revision, if a change is allowed",
          "[property]") {
  Reached reached;
  const auto check_history = [&](const History& history) {
    DeploymentHarness harness;
    harness.ship("v1").roll_out().reconcile().reconcile();
    RollbackByRelease started;
    for (const HistoryEvent& step : history) {
      if (step.event != Event::WaitLong) harness.pass_time(10s);
      apply_event(harness, step);
      reconcile_and_check(harness, measurements_of(step.event), started);
      reached.note(harness);
    }
    check_settled(harness);
  };
  constexpr std::size_t states = 6;
  constexpr std::size_t actions = 3;  // and no action
  constexpr std::size_t phases = 7;   // and no phase, without a Rollback
  constexpr std::size_t everything = states + actions + 1 + phases + 1;
  // A thousand histories sometimes miss one state, action or phase. Then another round follows.
  constexpr int max_rounds = 10;
  bool passed = true;
  for (int round = 0; round < max_rounds && passed && reached.count() < everything; ++round) {
    passed =
        rc::check([&] { std::ranges::for_each(*histories_of_all_events(round), check_history); });
  }
  CHECK(passed);
  CAPTURE(reached.states, reached.actions, reached.phases);
  CHECK(reached.count() == everything);
}

TEST_CASE("Invariant: at most one restoration for a release, despite restarts and lost writes",
          "[property]") {
  using enum Event;
  const auto one_release = histories({{4, Reconcile},
                                      {6, Pass},
                                      {12, Fail},
                                      {4, FailImmediately},
                                      {2, Unknown},
                                      {6, RollOut},
                                      {2, Scale},
                                      {1, Pause},
                                      {2, Unpause},
                                      {1, Suspend},
                                      {2, Unsuspend},
                                      {2, Restart},
                                      {2, RestartWithOldGuard},
                                      {2, CannotRecord},
                                      {3, CanRecord},
                                      {2, LimitWrites},
                                      {2, Wait},
                                      {3, WaitLong}});
  const auto check_history = [](const History& history) {
    DeploymentHarness harness;
    harness.ship("v1").roll_out().reconcile().reconcile().ship("v2").reconcile();
    for (const HistoryEvent& step : history) {
      if (step.event != WaitLong) harness.pass_time(10s);
      apply_event(harness, step);
      harness.reconcile(measurements_of(step.event));
      RC_ASSERT(harness.restorations <= 1);
    }
  };
  const bool passed = rc::check([&] { std::ranges::for_each(*one_release, check_history); });
  CHECK(passed);
}

TEST_CASE("Invariant: no rollback starts while no check fails", "[property]") {
  using enum Event;
  const auto quiet = histories({{4, Reconcile},
                                {8, Unknown},
                                {3, Pass},
                                {3, Ship},
                                {3, RollOut},
                                {2, RollOutPartly},
                                {2, Scale},
                                {1, OptOut},
                                {1, OptIn},
                                {1, Restart},
                                {1, RestartWithOldGuard},
                                {3, WaitLong}});
  const auto check_history = [](const History& history) {
    DeploymentHarness harness;
    harness.ship("v1").roll_out().reconcile().reconcile();
    for (const HistoryEvent& step : history) {
      harness.pass_time(10s);
      apply_event(harness, step);
      harness.reconcile(measurements_of(step.event));
      RC_ASSERT(harness.rollbacks_created == 0);
      RC_ASSERT(harness.guard.state != api::State::Held);
    }
  };
  const bool passed = rc::check([&] { std::ranges::for_each(*quiet, check_history); });
  CHECK(passed);
}

TEST_CASE("Invariant: the order of simultaneous measurements does not matter", "[property]") {
  const bool passed = rc::check([] {
    DeploymentHarness harness;
    harness.policy.spec.checks.push_back(
        {.name = "ready", .interval = 10s, .failure_threshold = 2});
    harness.ship("v1")
        .roll_out()
        .reconcile()
        .reconcile()
        .ship("v2")
        .reconcile()
        .roll_out()
        .reconcile();
    DeploymentHarness other = harness;
    const auto results = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange(0, 3), rc::gen::inRange(0, 3)));
    const auto measurement = [](const std::string& check, int result) {
      return result == 0 ? pass(check) : result == 1 ? fails(check) : unknown(check);
    };
    for (const auto& [rollout, health, ready] : results) {
      harness.pass_time(10s);
      other.pass_time(10s);
      harness.reconcile({measurement("rollout", rollout), measurement("health", health),
                         measurement("ready", ready)});
      other.reconcile({measurement("ready", ready), measurement("rollout", rollout),
                       measurement("health", health)});
      RC_ASSERT(harness.guard == other.guard);
    }
    DeploymentHarness single = harness;
    const int last = *rc::gen::inRange(0, 3);
    harness.pass_time(10s).reconcile({measurement("health", last), measurement("ready", last)});
    single.pass_time(10s)
        .reconcile({measurement("ready", last)})
        .reconcile({measurement("health", last)});
    RC_ASSERT(harness.guard.state == single.guard.state);
    RC_ASSERT(harness.restorations == single.restorations);
  });
  CHECK(passed);
}
