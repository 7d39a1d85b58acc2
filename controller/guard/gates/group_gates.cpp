#include "guard/gates/group_gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "guard/group/member.hpp"

namespace lastgood::guard::gates {

using MaybeHold = std::optional<Hold>;

namespace {

// The maximum length of spec.group.members of a Rollback.
constexpr std::size_t max_members = 64;

constexpr std::chrono::seconds in_a_moment{1};
constexpr std::chrono::seconds in_a_while{5};

Hold held_by_member(const Inputs& inputs, const GroupMember& member, Time now) {
  return {.reason = Reason::GroupBlocked,
          .blocked_by = member.deployment,
          .message = fmt::format("Group {} is rolled back as a whole or not at all, and {} cannot "
                                 "be rolled back: {}",
                                 inputs.policy.group, member.deployment, member.blocked_because),
          .until = now + in_a_while};
}

MaybeHold held_by_unreconciled_member(const Inputs& inputs, Time now) {
  const GroupMember* member = member_not_reconciled(inputs);
  if (!member) return {};
  return Hold{.reason = Reason::GroupBlocked,
              .blocked_by = member->deployment,
              .message = fmt::format("{} of group {} has not been reconciled yet since the "
                                     "controller started",
                                     member->deployment, inputs.policy.group),
              .until = now + in_a_moment};
}

// The members that are rolled back before this Deployment. The initiator's Rollback has the order.
// If that Rollback no longer exists, the annotations of the Deployments have the order.
std::vector<std::string> earlier_members(const Inputs& inputs, const api::Rollback& rollback,
                                         const api::Rollback* initiator) {
  const std::string& self = inputs.deployment.meta.key.name;
  if (initiator && !initiator->spec.group) return {};
  if (initiator) {
    const auto& members = initiator->spec.group->members;
    return {members.begin(), std::ranges::find(members, self)};
  }
  std::vector<std::string> found;
  for (const GroupMember& member : inputs.group) {
    const bool is_included =
        member.rollback && member.rollback->spec.caused_by == rollback.spec.caused_by;
    const bool is_earlier =
        std::tie(member.order, member.deployment) < std::tie(inputs.policy.group_order, self);
    if (is_included && is_earlier) found.push_back(member.deployment);
  }
  return found;
}

}  // namespace

MaybeHold group_blocked(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (auto hold = held_by_unreconciled_member(inputs, now)) return hold;
  if (const GroupMember* member = member_without_policy(inputs))
    return held_by_member(inputs, *member, now);
  const auto together = members_released_together(inputs, guard);
  if (together.size() >= max_members) {
    return Hold{.reason = Reason::GroupBlocked,
                .message = fmt::format(
                    "Group {} has {} Deployments to roll back. At most {} are rolled back together",
                    inputs.policy.group, together.size() + 1, max_members)};
  }
  for (const GroupMember* member : together) {
    if (const auto other = other_rollback_of(*member); !other.empty()) {
      return Hold{.reason = Reason::GroupBlocked,
                  .blocked_by = member->deployment,
                  .message = fmt::format("Group {} waits until another rollback has ended: {}",
                                         inputs.policy.group, other),
                  .until = now + in_a_moment};
    }
    if (!member->blocked_because.empty()) return held_by_member(inputs, *member, now);
  }
  return {};
}

MaybeHold group_members_ready(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (!inputs.rollback) return {};
  const api::Rollback* initiator = initiator_of(inputs, *inputs.rollback);
  if (!initiator) return {};
  for (const GroupMember& member : inputs.group) {
    // A member that another rollback has restored needs no rollback.
    if (!includes(*initiator, member.deployment) || has_moved_on(member, *initiator) ||
        runs_restored_revision(member))
      continue;
    if (member.guard.policy.empty() || !member.blocked_because.empty())
      return held_by_member(inputs, member, now);
  }
  if (!inputs.rollback->spec.caused_by.empty()) return {};
  // A newly released member that can be rolled back cancels this Rollback, so that the group is
  // planned again. One that cannot be rolled back blocks it.
  const GroupMember* new_member =
      newly_released_member(inputs, *initiator, guard.evaluation_started);
  if (!new_member || new_member->blocked_because.empty()) return {};
  return held_by_member(inputs, *new_member, now);
}

MaybeHold initiator_held(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& rollback = inputs.rollback;
  if (!rollback || rollback->spec.caused_by.empty()) return {};
  const std::string& name = rollback->spec.caused_by;
  const auto initiator = std::ranges::find_if(inputs.group, [&](const GroupMember& member) {
    return member.rollback && member.rollback->meta.key.name == name;
  });
  const bool is_in_group = initiator != inputs.group.end();
  const GroupMember* new_member =
      is_in_group
          ? newly_released_member(inputs, *initiator->rollback, initiator->guard.evaluation_started)
          : nullptr;
  if (is_in_group && has_initiated(*initiator) && !new_member) return {};
  std::string why = "its Deployment is no longer in the group";
  if (is_in_group)
    why = fmt::format("{} is {} ({})", initiator->deployment,
                      api::to_string(initiator->guard.state), initiator->guard.reason);
  if (new_member)
    why = fmt::format("{} was released meanwhile and is not included yet", new_member->deployment);
  std::string blocked_by = is_in_group ? initiator->deployment : "";
  if (new_member) blocked_by = new_member->deployment;
  return Hold{.reason = Reason::GroupBlocked,
              .blocked_by = std::move(blocked_by),
              .message = fmt::format("Group {}: Rollback {}, which initiates the group rollback, "
                                     "has not started: {}",
                                     inputs.policy.group, name, why),
              .until = now + in_a_moment};
}

MaybeHold group_known(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& rollback = inputs.rollback;
  if (!rollback || (rollback->spec.caused_by.empty() && !rollback->spec.group)) return {};
  return held_by_unreconciled_member(inputs, now);
}

MaybeHold group_order(const Inputs& inputs, const api::GuardStatus&, Time now) {
  if (!inputs.rollback) return {};
  const api::Rollback* initiator = initiator_of(inputs, *inputs.rollback);
  for (const std::string& earlier : earlier_members(inputs, *inputs.rollback, initiator)) {
    const auto member = std::ranges::find(inputs.group, earlier, &GroupMember::deployment);
    // Do not wait for a Deployment that left the group or was deleted.
    if (member == inputs.group.end()) continue;
    if (is_rolled_back(*member, group_rollback_name(*inputs.rollback))) continue;
    if (initiator && needs_no_rollback(*member, *initiator)) continue;
    return Hold{
        .reason = Reason::GroupOrder,
        .blocked_by = earlier,
        .message = fmt::format("Group {}: {} is rolled back first. It is {} ({}): {}",
                               inputs.policy.group, earlier, api::to_string(member->guard.state),
                               member->guard.reason, member->guard.message),
        .until = now + in_a_moment};
  }
  return {};
}

}  // namespace lastgood::guard::gates
