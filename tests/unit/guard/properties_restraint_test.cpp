// Restraint, whatever happens in whatever order: each invariant of what is never done, by its name,
// over random histories.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "guard/group/group.hpp"
#include "guard/target.hpp"
#include "history.hpp"
#include "rollback/record.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using enum Also;

namespace {

const std::vector<Also> everything = {Restraints,   Modes,    Fleet,   Preflight,
                                      RequestIndex, Machines, Resumes, Baselines,
                                      Losses,       Groups,   Checks};

// No property holds anything where it is never put to the test: `met` counts how often it was.
template <typename MakeProperty>
void hold_always(const std::vector<Also>& also, MakeProperty make,
                 const std::function<void(DeploymentHarness&)>& given = {}) {
  int met = 0;
  const bool held = rc::check([&] {
    for (const History& history : *histories(also)) live(history, make(met), given);
  });
  CAPTURE(met);
  CHECK(held);
  CHECK(met > 0);
}

bool is_forced(const api::Rollback& rollback) {
  return rollback.spec.force && api::is_manual(rollback.spec);
}

// Asked of each Rollback as it is about to change the template for the first time.
const api::Rollback* about_to_touch(const Look& look) {
  const auto* start = look.begins();
  if (start && std::get<StartRollback>(look.plan.action).execute) return start;
  const bool goes_on = std::holds_alternative<ResumeRollback>(look.plan.action);
  const auto& rollback = look.inputs.rollback;
  const bool is_untouched = goes_on && rollback->status.phase == api::RollbackPhase::Pending &&
                            !rollback::is_marked_by(look.inputs.deployment, *rollback);
  return is_untouched ? &*rollback : nullptr;
}

void check_called(const Inputs& inputs, const api::Rollback& begun) {
  const auto by = [&](const GroupMember& member) {
    return member.rollback && member.rollback->meta.key.name == begun.spec.caused_by;
  };
  const auto caller = std::ranges::find_if(inputs.group, by);
  RC_ASSERT(caller != inputs.group.end());
  const api::Rollback& call = *caller->rollback;
  const bool is_called = std::ranges::count(call.spec.group->members, "web") == 1;
  RC_ASSERT(is_called);
  const bool is_off = api::finished(call.status.phase) && !call.status.template_restored;
  RC_ASSERT(!is_off);
}

}  // namespace

TEST_CASE("Always: a release is rolled back once at most", "[property]") {
  hold_always(everything, [](int& met) {
    return [&met, done = std::map<std::pair<std::string, std::int64_t>, int>()](
               const Look& look) mutable {
      const api::Rollback* touched = look.touches_by_itself();
      if (!touched) return;
      met += 1;
      const int times = ++done[{touched->spec.from.hash.value, touched->spec.generation}];
      RC_ASSERT(times == 1);
    };
  });
}

TEST_CASE("Always: never onto a quarantined or unproven template, unless a person forces it",
          "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* touched = about_to_touch(look);
      if (!touched || is_forced(*touched)) return;
      met += 1;
      const auto& known = look.inputs.guard.revisions;
      const auto target = std::ranges::find(known, touched->spec.to.hash, &api::Revision::hash);
      const bool is_bad = target != known.end() && !is_proven(*target);
      RC_ASSERT(!is_bad);
      RC_ASSERT(touched->spec.to.hash.value != look.inputs.deployment.template_digest.value);
    };
  });
}

TEST_CASE("Always: never past a mark, unless a person forces it", "[property]") {
  hold_always({Restraints, RequestIndex, Machines, Resumes, Groups}, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* touched = about_to_touch(look);
      if (!touched || is_forced(*touched)) return;
      met += 1;
      RC_ASSERT(look.inputs.deployment.template_digest.value != "v3");
      for (const api::Revision& one : look.inputs.guard.revisions) {
        if (one.hash == touched->spec.to.hash) break;
        RC_ASSERT(one.hash.value != "v3");
      }
    };
  });
}

TEST_CASE(
    "Always: nothing begins but on a check that fails now, or by a call of its group that was not "
    "called off",
    "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* begun = look.begins();
      if (!begun) return;
      met += 1;
      if (!begun->spec.caused_by.empty()) return check_called(look.inputs, *begun);
      const auto& checks = look.plan.guard.checks;
      const auto check = std::ranges::find(checks, begun->spec.check, &api::CheckStatus::name);
      RC_ASSERT(check != checks.end());
      RC_ASSERT(check->result == api::MeasurementResult::Fail);
      RC_ASSERT(check->last_failure >= look.before.now - 30s);
    };
  });
}

TEST_CASE("Always: nothing that fails for the other revision too is a reason", "[property]") {
  hold_always({Baselines, Restraints, Losses}, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* begun = look.begins();
      if (!begun) return;
      met += 1;
      const auto& checks = look.plan.guard.checks;
      const auto check = std::ranges::find(checks, begun->spec.check, &api::CheckStatus::name);
      const bool is_shared =
          check->baseline && check->baseline->result == api::MeasurementResult::Fail;
      RC_ASSERT(!is_shared);
    };
  });
}

TEST_CASE(
    "Always: nothing is touched while it is suspended, paused, deleted, without a pod or to be "
    "left alone",
    "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      if (look.plan.action.index() == 0) return;
      met += 1;
      const auto& [deployment, policy] = std::tie(look.inputs.deployment, look.inputs.policy);
      RC_ASSERT(policy.governs());
      RC_ASSERT(!deployment.meta.deleting);
      const bool is_drill = std::holds_alternative<RunDrill>(look.plan.action);
      if (!is_drill) RC_ASSERT(!deployment.paused);
      if (!is_drill) RC_ASSERT(deployment.replicas > 0);
      const api::Rollback* touched = about_to_touch(look);
      if (!touched || is_forced(*touched)) return;
      RC_ASSERT(!policy.spec.suspend);
      const bool is_left_alone = policy.pause_until && *policy.pause_until > look.before.now;
      RC_ASSERT(!is_left_alone);
    };
  });
}

TEST_CASE("Always: never over a newer choice of a person", "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* touched = about_to_touch(look);
      if (!touched) return;
      met += 1;
      RC_ASSERT(touched->spec.from.hash.value == look.inputs.deployment.template_digest.value);
      RC_ASSERT(touched->spec.deployment_uid == look.inputs.deployment.meta.uid);
    };
  });
}

TEST_CASE(
    "Always: never more rollbacks within the window than the limit says, but a person resumes it",
    "[property]") {
  const auto given = [](DeploymentHarness& harness) {
    harness.policy.spec.cooldown = 0s;
    harness.policy.spec.limit = {.count = 2, .within = 30min};
  };
  const auto make = [](int& met) {
    return [&met, done = std::vector<Time>()](const Look& look) mutable {
      const bool is_resumed = std::ranges::any_of(look.plan.events, [](const EventRecord& event) {
        return event.reason == Reason::Resumed;
      });
      if (is_resumed) done.clear();
      if (!look.touches_by_itself()) return;
      met += 1;
      const Time now = look.before.now;
      std::erase_if(done, [&](Time at) { return now - at >= 30min; });
      RC_ASSERT(done.size() < 2U);
      done.push_back(now);
    };
  };
  hold_always({Machines, Resumes}, make, given);
}

TEST_CASE("Always: never two rollbacks within the cooldown, but a person resumes it",
          "[property]") {
  hold_always({Resumes}, [](int& met) {
    return [&met, last = std::optional<Time>()](const Look& look) mutable {
      const bool is_resumed = std::ranges::any_of(look.plan.events, [](const EventRecord& event) {
        return event.reason == Reason::Resumed;
      });
      if (is_resumed) last.reset();
      if (!look.touches_by_itself()) return;
      if (last) met += 1;
      const bool is_too_soon = last && look.before.now - *last < 5min;
      RC_ASSERT(!is_too_soon);
      last = look.before.now;
    };
  });
}

TEST_CASE(
    "Always: nothing by itself while the breaker is open, but a group that has begun is finished",
    "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* touched = about_to_touch(look);
      if (!touched || api::is_manual(touched->spec) || has_group_started(look.inputs, *touched))
        return;
      met += 1;
      RC_ASSERT(!look.inputs.breaker.is_open);
    };
  });
}

TEST_CASE("Always: nothing begins that was not just found to work", "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      const auto* bound = std::get_if<BindRequest>(&look.plan.action);
      const api::Rollback* begun = bound ? &bound->record : look.begins();
      if (!begun) return;
      met += 1;
      const auto& preflight = look.inputs.preflight;
      RC_ASSERT(preflight.has_value());
      const bool is_ready = preflight->ready == api::ConditionStatus::True ||
                            (begun->spec.force && preflight->reason == Reason::MissingReference);
      RC_ASSERT(is_ready);
      RC_ASSERT(preflight->generation == begun->spec.generation);
      RC_ASSERT(preflight->target == begun->spec.to.snapshot);
    };
  });
}

TEST_CASE("Always: nothing by itself in mode Observe, nothing unapproved in mode Approve",
          "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      const api::Rollback* touched = about_to_touch(look);
      if (!touched || api::is_manual(touched->spec)) return;
      met += 1;
      RC_ASSERT(look.inputs.policy.spec.mode != api::Mode::Observe);
      const bool is_approved =
          touched->spec.approved || look.inputs.policy.approve == touched->meta.key.name;
      const bool was_asked_for = touched->spec.mode == api::Mode::Approve;
      // The policy as it is now: what was recorded before it asked for approval needs it too.
      const bool is_asked_for =
          touched->spec.caused_by.empty() && look.inputs.policy.spec.mode == api::Mode::Approve;
      if (was_asked_for || is_asked_for) RC_ASSERT(is_approved);
    };
  });
}

TEST_CASE("Always: a plan that finishes a record begins none", "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      if (!look.plan.rollback || !api::finished(look.plan.rollback->phase)) return;
      met += 1;
      RC_ASSERT(!look.begins());
    };
  });
}

TEST_CASE("Always: a machine never puts a quarantined template back more often than the limit says",
          "[property]") {
  const auto given = [](DeploymentHarness& harness) {
    harness.author = machine;
    harness.policy.spec.limit = {.count = 2, .within = 24h * 365};
  };
  hold_always(
      {},
      [](int& met) {
        return [&met, contests = std::size_t{0}](const Look& look) mutable {
          const auto& guard = look.plan.guard;
          if (guard.contests.size() > contests) met += 1;
          contests = guard.contests.size();
          const bool is_judged =
              guard.state != api::State::Frozen && look.inputs.guard.contests.size() < contests;
          if (contests >= 2) RC_ASSERT(!is_judged);
        };
      },
      given);
}

TEST_CASE("Always: a settled inputs decides nothing new", "[property]") {
  hold_always(everything, [](int& met) {
    return [&met](const Look& look) {
      DeploymentHarness again = look.after;
      again.executor = false;
      // The target may be another one now, and only then is a preflight of it there.
      const bool is_pending = again.look().last.action.index() != 0;
      if (is_pending || again.look().last.action.index() != 0) return;
      const api::GuardStatus once = again.guard;
      again.look();
      met += 1;
      RC_ASSERT(again.last.events.empty());
      RC_ASSERT(again.last.action.index() == 0U);
      RC_ASSERT(!worth_writing(once, again.guard));
    };
  });
}

namespace {

using Change = void (*)(DeploymentHarness&);

// Each changes something that holds back, to the other way than it was.
const std::vector<Change> changes = {
    [](DeploymentHarness& l) { l.suspend(!l.policy.spec.suspend); },
    [](DeploymentHarness& l) { l.breaker = {.is_open = !l.breaker.is_open, .message = "many"}; },
    [](DeploymentHarness& l) {
      l.policy.pause_until = l.policy.pause_until ? std::optional<Time>() : l.now + 1h;
    },
    [](DeploymentHarness& l) {
      l.policy.spec.mode =
          l.policy.spec.mode == api::Mode::Observe ? api::Mode::Enforce : api::Mode::Observe;
    },
    [](DeploymentHarness& l) {
      l.preflight->ready = l.preflight->ready == api::ConditionStatus::True
                               ? api::ConditionStatus::False
                               : api::ConditionStatus::True;
    },
    [](DeploymentHarness& l) { l.deployment.paused = !l.deployment.paused; },
    [](DeploymentHarness& l) {
      l.policy.spec.limit.count = l.policy.spec.limit.count == 3 ? 5 : 3;
    },
    [](DeploymentHarness& l) { l.roll_out(); },
};

// The same changes of one moment, each looked at, in that order; then the release fails.
DeploymentHarness after(DeploymentHarness harness, const std::vector<Change>& order) {
  for (const Change change : order) {
    change(harness);
    harness.look();
  }
  return harness.fail_thrice();
}

}  // namespace

TEST_CASE(
    "Always: whatever the order in which what happens at one moment arrives, the end is the same",
    "[property]") {
  const bool held = rc::check([] {
    for (int i = 0; i < 10; ++i) {
      const auto some = *rc::gen::container<std::vector<Change>>(rc::gen::elementOf(changes));
      auto other = some;
      std::ranges::reverse(other);
      std::ranges::rotate(
          other, other.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(other) + 1));
      DeploymentHarness harness;
      harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look(
          {pass("rollout")});
      const DeploymentHarness one = after(harness, some);
      const DeploymentHarness two = after(harness, other);
      RC_ASSERT(one.state() == two.state());
      RC_ASSERT(one.on_deployment() == two.on_deployment());
      RC_ASSERT(one.template_changes == two.template_changes);
      RC_ASSERT(one.guard == two.guard);
    }
  });
  CHECK(held);
}
