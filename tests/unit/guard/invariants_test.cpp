// Invariants of one Deployment, checked after each reconcile of random histories.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "guard/group/group.hpp"
#include "guard/guard_status.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"
#include "unit/guard/history.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using enum EventGroup;

namespace {

constexpr const char* marked_template = "v3";  // with no-rollback-past, see run_history()

// Each invariant counts in `times_applied` how often it applied. If it never applied, the test
// fails, because it proves nothing. `make` returns the invariant for one history.
template <typename MakeInvariant>
void check_invariant(const std::vector<EventGroup>& groups, MakeInvariant make,
                     const std::function<void(DeploymentHarness&)>& prepare = {}) {
  int times_applied = 0;
  const bool passed = rc::check([&] {
    for (const History& history : *histories(groups))
      run_history(history, make(times_applied), prepare);
  });
  CAPTURE(times_applied);
  CHECK(passed);
  CHECK(times_applied > 0);
}

bool is_forced(const api::Rollback& rollback) {
  return rollback.spec.force && api::is_manual(rollback.spec);
}

// The Rollback whose template patch this plan sends for the first time. Null without a Rollback.
const api::Rollback* first_change(const ReconcileStep& step) {
  const auto* start = step.started_rollback();
  if (start && std::get<StartRollback>(step.plan.action).execute) return start;
  const bool resumes = std::holds_alternative<ResumeRollback>(step.plan.action);
  const auto& pending = step.inputs.rollback;
  const bool is_first = resumes && pending->status.phase == RollbackPhase::Pending &&
                        !rollback::is_marked_by(step.inputs.deployment, *pending);
  return is_first ? &*pending : nullptr;
}

void check_follows_group(const Inputs& inputs, const api::Rollback& started) {
  const auto initiator = std::ranges::find_if(inputs.group, [&](const GroupMember& member) {
    return member.rollback && member.rollback->meta.key.name == started.spec.caused_by;
  });
  RC_ASSERT(initiator != inputs.group.end());
  const api::Rollback& rollback = *initiator->rollback;
  const bool is_included = std::ranges::count(rollback.spec.group->members, "web") == 1;
  RC_ASSERT(is_included);
  const bool is_cancelled =
      api::finished(rollback.status.phase) && !rollback.status.template_restored;
  RC_ASSERT(!is_cancelled);
}

}  // namespace

TEST_CASE("Invariant: a release is rolled back at most once", "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied, done = std::map<std::pair<std::string, std::int64_t>, int>()](
               const ReconcileStep& step) mutable {
      const api::Rollback* rollback = step.executed_automatic_rollback();
      if (!rollback) return;
      times_applied += 1;
      const int times = ++done[{rollback->spec.from.hash.value, rollback->spec.generation}];
      RC_ASSERT(times == 1);
    };
  });
}

TEST_CASE("Invariant: no unforced rollback to a listed revision that is quarantined or unproven",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* rollback = first_change(step);
      if (!rollback || is_forced(*rollback)) return;
      times_applied += 1;
      const auto& listed = step.inputs.guard.revisions;
      const auto target = std::ranges::find(listed, rollback->spec.to.hash, &api::Revision::hash);
      const bool is_bad = target != listed.end() && !is_proven(*target);
      RC_ASSERT(!is_bad);
      RC_ASSERT(rollback->spec.to.hash.value != step.inputs.deployment.template_digest.value);
    };
  });
}

TEST_CASE("Invariant: no rollback past the annotation no-rollback-past, unless it is forced",
          "[property]") {
  check_invariant({Pauses, Requests, Tools, Resumes, Groups}, [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* rollback = first_change(step);
      if (!rollback || is_forced(*rollback)) return;
      times_applied += 1;
      RC_ASSERT(step.inputs.deployment.template_digest.value != marked_template);
      for (const api::Revision& one : step.inputs.guard.revisions) {
        if (one.hash == rollback->spec.to.hash) break;
        RC_ASSERT(one.hash.value != marked_template);
      }
    };
  });
}

TEST_CASE("Invariant: a rollback starts only on a check that fails now, or with its group",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* started = step.started_rollback();
      if (!started) return;
      times_applied += 1;
      if (!started->spec.caused_by.empty()) return check_follows_group(step.inputs, *started);
      const auto& checks = step.plan.guard.checks;
      const auto check = std::ranges::find(checks, started->spec.check, &api::CheckStatus::name);
      RC_ASSERT(check != checks.end());
      RC_ASSERT(check->result == api::MeasurementResult::Fail);
      RC_ASSERT(check->last_failure >= step.before.now - 30s);
    };
  });
}

TEST_CASE("Invariant: no rollback starts on a check that fails for the baseline too",
          "[property]") {
  check_invariant({Baselines, Pauses, Faults}, [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* started = step.started_rollback();
      if (!started) return;
      times_applied += 1;
      const auto& checks = step.plan.guard.checks;
      const auto check = std::ranges::find(checks, started->spec.check, &api::CheckStatus::name);
      const bool is_shared = check->baseline &&
                             check->baseline->result == api::MeasurementResult::Fail &&
                             check->baseline->consecutive_failures > 1;
      RC_ASSERT(!is_shared);
    };
  });
}

// Drills may run while the Deployment is paused or at zero replicas. A forced rollback may start
// while the policy is suspended or before pause-until.
TEST_CASE("Invariant: no unforced rollback while suspended, paused, deleted or at zero replicas",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      if (step.plan.action.index() == 0) return;
      times_applied += 1;
      const auto& [deployment, policy] = std::tie(step.inputs.deployment, step.inputs.policy);
      RC_ASSERT(policy.governs());
      RC_ASSERT(!deployment.meta.deleting);
      const bool is_drill = std::holds_alternative<RunDrill>(step.plan.action);
      if (!is_drill) RC_ASSERT(!deployment.paused);
      if (!is_drill) RC_ASSERT(deployment.replicas > 0);
      const api::Rollback* rollback = first_change(step);
      if (!rollback || is_forced(*rollback)) return;
      RC_ASSERT(!policy.spec.suspend);
      const bool is_paused_until = policy.pause_until && *policy.pause_until > step.before.now;
      RC_ASSERT(!is_paused_until);
    };
  });
}

TEST_CASE("Invariant: a rollback replaces only the template that its Rollback records",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* rollback = first_change(step);
      if (!rollback) return;
      times_applied += 1;
      RC_ASSERT(rollback->spec.from.hash.value == step.inputs.deployment.template_digest.value);
      RC_ASSERT(rollback->spec.deployment_uid == step.inputs.deployment.meta.uid);
    };
  });
}

TEST_CASE("Invariant: at most as many rollbacks as the limit, until a user ends the freeze",
          "[property]") {
  const auto prepare = [](DeploymentHarness& harness) {
    harness.policy.spec.cooldown = 0s;
    harness.policy.spec.limit = {.count = 2, .within = 30min};
  };
  const auto make = [](int& times_applied) {
    return [&times_applied,
            rollback_times = std::vector<Time>()](const ReconcileStep& step) mutable {
      const bool is_resumed = std::ranges::any_of(step.plan.events, [](const EventRecord& event) {
        return event.reason == Reason::Resumed;
      });
      if (is_resumed) rollback_times.clear();
      if (!step.executed_automatic_rollback()) return;
      times_applied += 1;
      const Time now = step.before.now;
      std::erase_if(rollback_times, [&](Time at) { return now - at >= 30min; });
      RC_ASSERT(rollback_times.size() < 2U);
      rollback_times.push_back(now);
    };
  };
  check_invariant({Tools, Resumes}, make, prepare);
}

TEST_CASE("Invariant: no two rollbacks within the cooldown, until a user ends a freeze",
          "[property]") {
  check_invariant({Resumes}, [](int& times_applied) {
    return [&times_applied,
            last_rollback = std::optional<Time>()](const ReconcileStep& step) mutable {
      const bool is_resumed = std::ranges::any_of(step.plan.events, [](const EventRecord& event) {
        return event.reason == Reason::Resumed;
      });
      if (is_resumed) last_rollback.reset();
      if (!step.executed_automatic_rollback()) return;
      if (last_rollback) times_applied += 1;
      const bool is_too_soon = last_rollback && step.before.now - *last_rollback < 5min;
      RC_ASSERT(!is_too_soon);
      last_rollback = step.before.now;
    };
  });
}

TEST_CASE("Invariant: no automatic rollback while the breaker is open, except in a started group",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* rollback = first_change(step);
      if (!rollback || api::is_manual(rollback->spec) || has_group_started(step.inputs, *rollback))
        return;
      times_applied += 1;
      RC_ASSERT(!step.inputs.breaker.is_open);
    };
  });
}

TEST_CASE("Invariant: no rollback starts without a passed preflight of its target, unless forced",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const auto* bound = std::get_if<BindRequest>(&step.plan.action);
      const api::Rollback* started = bound ? &bound->record : step.started_rollback();
      if (!started) return;
      times_applied += 1;
      const auto& preflight = step.inputs.preflight;
      RC_ASSERT(preflight.has_value());
      // `force` accepts a missing reference, but no other failure of the preflight.
      const bool is_ready = preflight->ready == api::ConditionStatus::True ||
                            (started->spec.force && preflight->reason == Reason::MissingReference);
      RC_ASSERT(is_ready);
      RC_ASSERT(preflight->generation == started->spec.generation);
      RC_ASSERT(preflight->target == started->spec.to.snapshot);
    };
  });
}

TEST_CASE("Invariant: no automatic rollback in mode Observe, and none unapproved in mode Approve",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      const api::Rollback* rollback = first_change(step);
      if (!rollback || api::is_manual(rollback->spec)) return;
      times_applied += 1;
      RC_ASSERT(step.inputs.policy.spec.mode != api::Mode::Observe);
      const bool is_approved =
          rollback->spec.approved || step.inputs.policy.approve == rollback->meta.key.name;
      const bool is_recorded_in_approve = rollback->spec.mode == api::Mode::Approve;
      // A rollback that was recorded before the policy changed to Approve needs approval too.
      const bool is_policy_in_approve =
          rollback->spec.caused_by.empty() && step.inputs.policy.spec.mode == api::Mode::Approve;
      if (is_recorded_in_approve || is_policy_in_approve) RC_ASSERT(is_approved);
    };
  });
}

TEST_CASE("Invariant: a plan that finishes a Rollback starts none", "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      if (!step.plan.rollback || !api::finished(step.plan.rollback->phase)) return;
      times_applied += 1;
      RC_ASSERT(!step.started_rollback());
    };
  });
}

TEST_CASE("Invariant: freezes when a tool has applied a quarantined template as often as the limit",
          "[property]") {
  const auto prepare = [](DeploymentHarness& harness) {
    harness.author = tool;
    harness.policy.spec.limit = {.count = 2, .within = 24h * 365};
  };
  check_invariant(
      {},
      [](int& times_applied) {
        return [&times_applied, contests = std::size_t{0}](const ReconcileStep& step) mutable {
          const auto& guard = step.plan.guard;
          if (guard.contests.size() > contests) times_applied += 1;
          contests = guard.contests.size();
          const bool is_evaluated =
              guard.state != api::State::Frozen && step.inputs.guard.contests.size() < contests;
          if (contests >= 2) RC_ASSERT(!is_evaluated);
        };
      },
      prepare);
}

TEST_CASE("Invariant: the third reconcile of the same inputs gives no action, Event or write",
          "[property]") {
  check_invariant(all_event_groups(), [](int& times_applied) {
    return [&times_applied](const ReconcileStep& step) {
      DeploymentHarness harness = step.after;
      harness.executes_actions = false;
      // Reconcile twice first: if this step changed the target, the first reconcile has no
      // preflight of the new target. A step whose action repeats is not checked.
      const bool had_action = harness.reconcile().action() != ActionKind::None;
      if (had_action || harness.reconcile().action() != ActionKind::None) return;
      const api::GuardStatus after_second = harness.guard;
      harness.reconcile();
      times_applied += 1;
      RC_ASSERT(harness.last_plan.events.empty());
      RC_ASSERT(harness.action() == ActionKind::None);
      RC_ASSERT(!worth_writing(after_second, harness.guard));
    };
  });
}

namespace {

using Change = void (*)(DeploymentHarness&);

// Changes that may block a rollback, or may end such a block.
const std::vector<Change> blocking_changes = {
    [](DeploymentHarness& harness) { harness.set_suspended(!harness.policy.spec.suspend); },
    [](DeploymentHarness& harness) {
      harness.breaker = {.is_open = !harness.breaker.is_open, .message = "many releases fail"};
    },
    [](DeploymentHarness& harness) {
      harness.policy.pause_until =
          harness.policy.pause_until ? std::optional<Time>() : harness.now + 1h;
    },
    [](DeploymentHarness& harness) {
      harness.policy.spec.mode =
          harness.policy.spec.mode == api::Mode::Observe ? api::Mode::Enforce : api::Mode::Observe;
    },
    [](DeploymentHarness& harness) {
      harness.preflight->ready = harness.preflight->ready == api::ConditionStatus::True
                                     ? api::ConditionStatus::False
                                     : api::ConditionStatus::True;
    },
    [](DeploymentHarness& harness) { harness.deployment.paused = !harness.deployment.paused; },
    [](DeploymentHarness& harness) {
      harness.policy.spec.limit.count = harness.policy.spec.limit.count == 3 ? 5 : 3;
    },
    [](DeploymentHarness& harness) { harness.roll_out(); },
};

// Makes the changes in the order of `changes`, with a reconcile after each, but no time between
// them. Then check health fails three times.
DeploymentHarness apply_changes(DeploymentHarness harness, const std::vector<Change>& changes) {
  for (const Change change : changes) {
    change(harness);
    harness.reconcile();
  }
  return harness.fail_three_times();
}

}  // namespace

TEST_CASE("Invariant: the order of simultaneous changes does not affect the final state",
          "[property]") {
  const bool passed = rc::check([] {
    for (int i = 0; i < 10; ++i) {
      const auto order =
          *rc::gen::container<std::vector<Change>>(rc::gen::elementOf(blocking_changes));
      auto other_order = order;
      std::ranges::reverse(other_order);
      std::ranges::rotate(other_order, other_order.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                                                 0, std::ssize(other_order) + 1));
      DeploymentHarness harness = baking_v2();
      const DeploymentHarness one = apply_changes(harness, order);
      const DeploymentHarness other = apply_changes(harness, other_order);
      RC_ASSERT(one.state() == other.state());
      RC_ASSERT(one.deployed_template() == other.deployed_template());
      RC_ASSERT(one.restorations == other.restorations);
      RC_ASSERT(one.guard == other.guard);
    }
  });
  CHECK(passed);
}
