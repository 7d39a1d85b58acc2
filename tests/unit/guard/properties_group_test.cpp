// Deployments that must change together, whatever happens in whatever order: each invariant by its
// name, over random histories of three of them.
#include <algorithm>
#include <catch2/catch.hpp>

#include "together.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// No property holds anything where it is never put to the test: `met` counts how often it was.
template <typename Watch>
void hold_together(Watch watch) {
  constexpr int least = 20;
  int met = 0;
  const bool held = rc::check([&] {
    for (const GroupHistory& history : *group_histories()) {
      Together group;
      watch(group, history, met);
    }
  });
  CAPTURE(met);
  CHECK(held);
  CHECK(met > least);
}

// A call that was not called off before anything was touched for it.
bool is_in_force(const Together& group, const Called& call) {
  const api::Rollback& rollback = group.lives[call.who].server.at(call.name);
  return !api::finished(rollback.status.phase) ||
         std::ranges::find(group.touches, call.name, &Touched::call) != group.touches.end();
}

// Whose people have made something else of it since are not meant any more.
std::vector<std::size_t> still_meant(const Together& group, const Called& call) {
  std::vector<std::size_t> meant = call.members;
  std::erase_if(meant, [&](std::size_t who) { return group.has_other_plans(who, call.at); });
  return meant;
}

}  // namespace

TEST_CASE("Always: a group is called only when each of its members could go back", "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    group.at_call = [&](const Called& call) {
      met += 1;
      for (const std::size_t who : call.members) RC_ASSERT(group.can_go_back(who));
    };
    happen(group, history);
  });
}

TEST_CASE("Always: those are called that were released with it or since, and no others",
          "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    group.at_call = [&](const Called& call) {
      met += 1;
      for (std::size_t who = 0; who < how_many; ++who) {
        const Told& emitted = group.emitted[who];
        const bool is_in = !group.lives[who].policy.group.empty();
        const bool is_released_with_it =
            emitted.runs_release && (!emitted.good || *emitted.good >= call.released);
        const bool is_called = std::ranges::find(call.members, who) != call.members.end();
        RC_ASSERT(is_called == (is_in && is_released_with_it));
      }
    };
    happen(group, history);
  });
}

TEST_CASE(
    "Always: before the first is touched, nobody is left out who was released with it or since",
    "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    group.at_touch = [&](const Touched& touched) {
      const bool is_first =
          std::ranges::find(group.touches, touched.call, &Touched::call) == group.touches.end();
      const Called* call = group.call_named(touched.call);
      const Time released =
          call ? call->released : touched.rollback.spec.released.value_or(touched.at);
      if (!is_first || !group.is_in(touched.who) || (call && !group.is_in(call->who))) return;
      for (std::size_t who = 0; who < how_many; ++who) {
        const Told& emitted = group.emitted[who];
        const bool is_released_with_it =
            emitted.runs_release && (!emitted.good || *emitted.good >= released);
        if (who == touched.who || !group.is_in(who) || !is_released_with_it) continue;
        met += 1;
        RC_ASSERT(call && std::ranges::find(call->members, who) != call->members.end());
        // And it is still the release that was called back.
        RC_ASSERT(emitted.shipped <= call->at);
      }
    };
    happen(group, history);
  });
}

TEST_CASE(
    "Always: where the policy asks for approval a member goes back only once a person has approved "
    "of it or of the call",
    "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    group.at_touch = [&](const Touched& touched) {
      if (group.lives[touched.who].policy.spec.mode != api::Mode::Approve) return;
      met += 1;
      const Called* call = group.call_named(touched.call);
      const auto& caller = call ? group.lives[call->who].rollback : std::nullopt;
      const bool is_approved =
          caller && caller->meta.key.name == touched.call && caller->spec.approved;
      RC_ASSERT(touched.rollback.spec.approved || is_approved);
    };
    happen(group, history);
    // Of all of them from here on; a person says yes to what then waits for it.
    group.clear_the_way();
    for (DeploymentHarness& harness : group.lives) harness.policy.spec.mode = api::Mode::Approve;
    group.come_to_rest();
    for (DeploymentHarness& harness : group.lives) harness.approve();
    group.come_to_rest();
  });
}

TEST_CASE("Always: a group changes a template once at most for each release", "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    group.at_touch = [&](const Touched& touched) {
      met += 1;
      RC_ASSERT(group.emitted[touched.who].runs_release);
    };
    happen(group, history);
    group.clear_the_way();
    group.come_to_rest();
  });
}

TEST_CASE("Always: a group goes back in the order of the call, each rolled out before the next",
          "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    group.at_touch = [&](const Touched& touched) {
      const Called* call = group.call_named(touched.call);
      if (!call || group.has_other_plans(touched.who, call->at)) return;
      for (const std::size_t before : call->members) {
        if (before == touched.who) break;
        if (group.has_other_plans(before, call->at)) continue;
        met += 1;
        RC_ASSERT(!group.emitted[before].runs_release);
        RC_ASSERT(api::rollout_complete(group.lives[before].deployment));
      }
    };
    happen(group, history);
    group.clear_the_way();
    group.come_to_rest();
  });
}

namespace {

using Change = void (*)(Together&, std::size_t who);

// Each changes something that a group depends on, and comes to the same whichever of two comes
// first.
const std::vector<Change> changes = {
    [](Together& g, std::size_t who) { g.lives[who].suspend(!g.lives[who].policy.spec.suspend); },
    [](Together& g, std::size_t who) { g.lives[who].pause(!g.lives[who].deployment.paused); },
    [](Together& g, std::size_t who) { g.lives[who].policy.group_order += 2; },
    [](Together& g, std::size_t who) { g.lives[who].policy.group_order -= 2; },
    [](Together& g, std::size_t who) { g.is_in(who) ? g.take_out(who) : g.take_in(who); },
    [](Together& g, std::size_t who) {
      auto& ready = g.lives[who].preflight->ready;
      ready = ready == api::ConditionStatus::True ? api::ConditionStatus::False
                                                  : api::ConditionStatus::True;
    },
    [](Together& g, std::size_t who) { g.lives[who].roll_out(); },
};

using Arrivals = std::vector<std::pair<Change, std::size_t>>;

// All are released together, and those of `bad` are bad.
Together after(const Arrivals& arrivals, const std::vector<bool>& bad, std::size_t first) {
  Together group;
  for (std::size_t who = 0; who < how_many; ++who) group.ship(who, !bad[who]);
  for (DeploymentHarness& harness : group.lives) harness.roll_out();
  group.pass(10s, first, true);
  for (const auto& [change, who] : arrivals) {
    change(group, who);
    group.look(who, false);
  }
  group.come_to_rest(first);
  return group;
}

}  // namespace

TEST_CASE(
    "Always: whatever the order in which what happens at one moment arrives, a group ends the same",
    "[property]") {
  int gone_back = 0;
  int stayed = 0;
  const bool held = rc::check([&] {
    for (int i = 0; i < 5; ++i) {
      const auto one =
          rc::gen::pair(rc::gen::elementOf(changes), rc::gen::inRange<std::size_t>(0, how_many));
      const auto some = *rc::gen::scale(0.1, rc::gen::container<Arrivals>(one));
      const auto bad = *rc::gen::container<std::vector<bool>>(how_many, rc::gen::arbitrary<bool>());
      auto other = some;
      std::ranges::reverse(other);
      std::ranges::rotate(
          other, other.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(other) + 1));
      const Together a = after(some, bad, 0);
      const Together b = after(other, bad, *rc::gen::inRange<std::size_t>(0, how_many));
      (a.touches.empty() ? stayed : gone_back) += 1;
      for (std::size_t who = 0; who < how_many; ++who) {
        RC_ASSERT(a.lives[who].on_deployment() == b.lives[who].on_deployment());
        RC_ASSERT(a.lives[who].template_changes == b.lives[who].template_changes);
      }
    }
  });
  CHECK(held);
  CHECK(gone_back > 50);
  CHECK(stayed > 50);
}

TEST_CASE("Always: all of a group go back, or none", "[property]") {
  hold_together([](Together& group, const GroupHistory& history, int& met) {
    happen(group, history);
    group.clear_the_way();
    group.come_to_rest();
    for (const Called& call : group.calls) {
      if (!is_in_force(group, call)) continue;
      const auto meant = still_meant(group, call);
      const auto gone = std::ranges::count_if(
          meant, [&](std::size_t who) { return !group.emitted[who].runs_release; });
      met += gone > 1 ? 1 : 0;
      RC_ASSERT(gone == 0 || gone == std::ssize(meant));
    }
  });
}
