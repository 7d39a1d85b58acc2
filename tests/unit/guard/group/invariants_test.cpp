// Invariants of group rollbacks over random histories of three Deployments.
#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/guard/group/group_harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// `check` adds to `applied` each time that the invariant applies. An invariant that never applies
// tests nothing.
template <typename Check>
void check_group_invariant(Check check) {
  constexpr int min_applied = 20;
  int applied = 0;
  const bool passed = rc::check([&] {
    for (const GroupHistory& history : *group_histories()) {
      GroupHarness group;
      check(group, history, applied);
    }
  });
  CAPTURE(applied);
  CHECK(passed);
  CHECK(applied > min_applied);
}

// The group rollback still runs, or it restored at least one member before it ended.
bool is_in_force(const GroupHarness& group, const GroupRollbackRecord& record) {
  const api::Rollback& rollback = group.members[record.initiator].stored_rollbacks.at(record.name);
  return !api::finished(rollback.status.phase) ||
         std::ranges::find(group.restorations, record.name, &Restoration::group_rollback) !=
             group.restorations.end();
}

// The members that no user has shipped, or taken out of the group, since the group rollback began.
std::vector<std::size_t> remaining_members(const GroupHarness& group,
                                           const GroupRollbackRecord& record) {
  std::vector<std::size_t> members = record.members;
  std::erase_if(members,
                [&](std::size_t member) { return group.has_newer_choice(member, record.at); });
  return members;
}

// The member runs a release that is not good yet, or that became good at `released` or later.
bool is_released_since(const UserActions& actions, Time released) {
  return actions.runs_users_template && (!actions.good || *actions.good >= released);
}

}  // namespace

TEST_CASE("Invariant: a group rollback starts only if each member can be rolled back",
          "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    group.on_group_rollback = [&](const GroupRollbackRecord& record) {
      applied += 1;
      for (const std::size_t member : record.members) RC_ASSERT(group.can_roll_back(member));
    };
    run_history(group, history);
  });
}

TEST_CASE(
    "Invariant: a group rollback has exactly the members released with the initiator or later",
    "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    group.on_group_rollback = [&](const GroupRollbackRecord& record) {
      applied += 1;
      for (std::size_t member = 0; member < group_size; ++member) {
        const bool is_expected = group.is_in_group(member) &&
                                 is_released_since(group.user_actions[member], record.released);
        const bool is_member = std::ranges::find(record.members, member) != record.members.end();
        RC_ASSERT(is_member == is_expected);
      }
    };
    run_history(group, history);
  });
}

TEST_CASE(
    "Invariant: the first restoration leaves out no member released with the initiator or later",
    "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    group.on_restoration = [&](const Restoration& restoration) {
      const bool is_first =
          std::ranges::find(group.restorations, restoration.group_rollback,
                            &Restoration::group_rollback) == group.restorations.end();
      const GroupRollbackRecord* record = group.find_group_rollback(restoration.group_rollback);
      const Time released =
          record ? record->released : restoration.rollback.spec.released.value_or(restoration.at);
      if (!is_first || !group.is_in_group(restoration.member)) return;
      if (record && !group.is_in_group(record->initiator)) return;
      for (std::size_t member = 0; member < group_size; ++member) {
        const UserActions& actions = group.user_actions[member];
        if (member == restoration.member || !group.is_in_group(member)) continue;
        if (!is_released_since(actions, released)) continue;
        applied += 1;
        RC_ASSERT(record && std::ranges::find(record->members, member) != record->members.end());
        // The member still runs the release that the group rollback includes.
        RC_ASSERT(actions.shipped <= record->at);
      }
    };
    run_history(group, history);
  });
}

TEST_CASE("Invariant: in mode Approve a member is rolled back only after an approval",
          "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    group.on_restoration = [&](const Restoration& restoration) {
      if (group.members[restoration.member].policy.spec.mode != api::Mode::Approve) return;
      applied += 1;
      const GroupRollbackRecord* record = group.find_group_rollback(restoration.group_rollback);
      const auto& initiator = record ? group.members[record->initiator].rollback : std::nullopt;
      const bool is_group_approved = initiator &&
                                     initiator->meta.key.name == restoration.group_rollback &&
                                     initiator->spec.approved;
      RC_ASSERT(restoration.rollback.spec.approved || is_group_approved);
    };
    run_history(group, history);
    // Then all policies have mode Approve, and a user approves the pending Rollbacks.
    group.unblock_all();
    for (DeploymentHarness& harness : group.members) harness.policy.spec.mode = api::Mode::Approve;
    group.settle();
    for (DeploymentHarness& harness : group.members) harness.approve();
    group.settle();
  });
}

TEST_CASE("Invariant: a group rollback changes a template at most once for each release",
          "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    group.on_restoration = [&](const Restoration& restoration) {
      applied += 1;
      RC_ASSERT(group.user_actions[restoration.member].runs_users_template);
    };
    run_history(group, history);
    group.unblock_all();
    group.settle();
  });
}

TEST_CASE("Invariant: members are rolled back in order, each rolled out before the next",
          "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    group.on_restoration = [&](const Restoration& restoration) {
      const GroupRollbackRecord* record = group.find_group_rollback(restoration.group_rollback);
      if (!record || group.has_newer_choice(restoration.member, record->at)) return;
      for (const std::size_t before : record->members) {
        if (before == restoration.member) break;
        if (group.has_newer_choice(before, record->at)) continue;
        applied += 1;
        RC_ASSERT(!group.user_actions[before].runs_users_template);
        RC_ASSERT(api::rollout_complete(group.members[before].deployment));
      }
    };
    run_history(group, history);
    group.unblock_all();
    group.settle();
  });
}

namespace {

using Change = void (*)(GroupHarness&, std::size_t member);

// Each changes something that a group rollback depends on. The test below proves that their order
// does not change the result.
const std::vector<Change> changes = {
    [](GroupHarness& group, std::size_t member) {
      group.members[member].set_suspended(!group.members[member].policy.spec.suspend);
    },
    [](GroupHarness& group, std::size_t member) {
      group.members[member].set_paused(!group.members[member].deployment.paused);
    },
    [](GroupHarness& group, std::size_t member) { group.members[member].policy.group_order += 2; },
    [](GroupHarness& group, std::size_t member) { group.members[member].policy.group_order -= 2; },
    [](GroupHarness& group, std::size_t member) {
      group.is_in_group(member) ? group.leave_group(member) : group.join_group(member);
    },
    [](GroupHarness& group, std::size_t member) {
      auto& ready = group.members[member].preflight->ready;
      ready = ready == api::ConditionStatus::True ? api::ConditionStatus::False
                                                  : api::ConditionStatus::True;
    },
    [](GroupHarness& group, std::size_t member) { group.members[member].roll_out(); },
};

using Changes = std::vector<std::pair<Change, std::size_t>>;

// All members are released together, those in `bad` with a bad template. Then the changes follow.
GroupHarness group_after(const Changes& changes_of_users, const std::vector<bool>& bad,
                         std::size_t first_reconciled) {
  GroupHarness group;
  for (std::size_t member = 0; member < group_size; ++member) group.ship(member, !bad[member]);
  for (DeploymentHarness& harness : group.members) harness.roll_out();
  group.pass_time(10s, first_reconciled, Checks::Measured);
  for (const auto& [change, member] : changes_of_users) {
    change(group, member);
    group.reconcile(member, Checks::NotMeasured);
  }
  group.settle(first_reconciled);
  return group;
}

}  // namespace

TEST_CASE("Invariant: the order of changes in a group does not affect the final templates",
          "[property][group]") {
  int rolled_back = 0;
  int not_rolled_back = 0;
  const bool passed = rc::check([&] {
    for (int i = 0; i < 5; ++i) {
      const auto change =
          rc::gen::pair(rc::gen::elementOf(changes), rc::gen::inRange<std::size_t>(0, group_size));
      const auto in_order = *rc::gen::scale(0.1, rc::gen::container<Changes>(change));
      const auto bad =
          *rc::gen::container<std::vector<bool>>(group_size, rc::gen::arbitrary<bool>());
      auto reordered = in_order;
      std::ranges::reverse(reordered);
      std::ranges::rotate(reordered, reordered.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                                             0, std::ssize(reordered) + 1));
      const GroupHarness a = group_after(in_order, bad, 0);
      const GroupHarness b =
          group_after(reordered, bad, *rc::gen::inRange<std::size_t>(0, group_size));
      (a.restorations.empty() ? not_rolled_back : rolled_back) += 1;
      for (std::size_t member = 0; member < group_size; ++member) {
        RC_ASSERT(a.members[member].deployed_template() == b.members[member].deployed_template());
        RC_ASSERT(a.members[member].restorations == b.members[member].restorations);
      }
    }
  });
  CHECK(passed);
  CHECK(rolled_back > 50);
  CHECK(not_rolled_back > 50);
}

TEST_CASE("Invariant: all members are rolled back, or none", "[property][group]") {
  check_group_invariant([](GroupHarness& group, const GroupHistory& history, int& applied) {
    run_history(group, history);
    group.unblock_all();
    group.settle();
    for (const GroupRollbackRecord& record : group.group_rollbacks) {
      if (!is_in_force(group, record)) continue;
      const auto members = remaining_members(group, record);
      const auto restored = std::ranges::count_if(members, [&](std::size_t member) {
        return !group.user_actions[member].runs_users_template;
      });
      applied += restored > 1 ? 1 : 0;
      RC_ASSERT(restored == 0 || restored == std::ssize(members));
    }
  });
}
