#include "guard/group/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "guard/gates/release_gates.hpp"
#include "guard/group/member.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RevisionVerdict;
using api::State;

std::optional<api::GroupRollback> plan_group_rollback(const Inputs& inputs,
                                                      const api::GuardStatus& guard) {
  const auto members = members_released_together(inputs, guard);
  if (members.empty()) return {};
  std::vector<std::tuple<int, std::string>> order{
      {inputs.policy.group_order, inputs.deployment.meta.key.name}};
  for (const GroupMember* member : members) order.emplace_back(member->order, member->deployment);
  std::ranges::sort(order);
  api::GroupRollback group{.name = inputs.policy.group};
  for (const auto& [position, deployment] : order) group.members.push_back(deployment);
  return group;
}

api::Mode group_mode(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto requires_approval = [](const GroupMember* member) {
    return member->mode == api::Mode::Approve;
  };
  return std::ranges::any_of(members_released_together(inputs, guard), requires_approval)
             ? api::Mode::Approve
             : inputs.policy.spec.mode;
}

namespace {

// The first group rollback of another member that has started and includes this release.
const api::Rollback* group_rollback_for(const Inputs& inputs, const api::GuardStatus& guard) {
  // A Rollback that could not be recorded is not in progress.
  const bool is_busy =
      guard.state == State::Verifying ||
      (guard.state == State::RollingBack && rollback::named_by(guard, inputs.rollback));
  if (!guard.current || !guard.evaluation_started || is_busy) return nullptr;
  // A restored revision is not a release.
  const auto& last = inputs.rollback;
  if (last && last->status.template_restored && last->spec.to.hash == guard.current->hash)
    return nullptr;
  for (const GroupMember& member : inputs.group) {
    const auto& rollback = member.rollback;
    if (!rollback || !includes(*rollback, inputs.deployment.meta.key.name)) continue;
    // Once a member is restored, the others follow, even if the initiator's Rollback was cancelled.
    if (!has_initiated(member) && !has_restored_member(inputs, rollback->meta.key.name)) continue;
    const bool is_followed =
        inputs.rollback && inputs.rollback->spec.caused_by == rollback->meta.key.name;
    // A release after the breach is a newer choice of a user, and is not included.
    const bool is_included_release =
        rollback->spec.detected && *guard.evaluation_started <= *rollback->spec.detected;
    const bool was_released = guard.current->verdict != RevisionVerdict::PresumedGood;
    if (!is_followed && is_included_release && was_released) return &*rollback;
  }
  return nullptr;
}

}  // namespace

const api::Rollback* group_rollback_to_follow(const Inputs& inputs, const api::GuardStatus& guard,
                                              Time now) {
  const api::Rollback* initiator = group_rollback_for(inputs, guard);
  const bool is_done =
      gates::declined(inputs, guard, now) || gates::already_rolled_back(inputs, guard, now);
  return is_done ? nullptr : initiator;
}

bool has_group_started(const Inputs& inputs, const api::Rollback& rollback) {
  return has_restored_member(inputs, group_rollback_name(rollback));
}

std::string why_cancelled_with_group(const Inputs& inputs, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* initiator = initiator_of(inputs, rollback);
  // Once another member is restored, this member follows, even if the initiator's Rollback no
  // longer exists.
  if (!initiator && has_group_started(inputs, rollback)) return {};
  if (!initiator)
    return fmt::format("Rollback {}, which initiated the group rollback, no longer exists",
                       rollback.spec.caused_by);
  if (initiator->spec.group && initiator->spec.group->name != inputs.policy.group)
    return fmt::format("the Deployment left group {}, which Rollback {} rolls back",
                       initiator->spec.group->name, rollback.spec.caused_by);
  if (!api::finished(initiator->status.phase) || has_group_started(inputs, rollback)) return {};
  return fmt::format("Rollback {}, which initiated the group rollback, was cancelled",
                     rollback.spec.caused_by);
}

}  // namespace lastgood::guard
