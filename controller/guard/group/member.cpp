#include "guard/group/member.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::guard {

using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

constexpr Duration max_breach_age = std::chrono::hours(1);

}  // namespace

bool runs_restored_revision(const GroupMember& member) {
  const auto& current = member.guard.current;
  return current && member.rollback && member.rollback->status.template_restored &&
         member.rollback->spec.to.hash == current->hash;
}

bool is_released_together(const GroupMember& member, const std::optional<Time>& released) {
  const auto& current = member.guard.current;
  if (!current || !released || runs_restored_revision(member)) return false;
  switch (current->verdict) {
    case RevisionVerdict::Evaluating: return true;
    // A member that has been breached for long neither blocks its group nor is restored with it.
    case RevisionVerdict::Breached:
      return current->since && *current->since + max_breach_age >= *released;
    case RevisionVerdict::Good:
    case RevisionVerdict::Inconclusive:
      return member.guard.evaluation_started && current->since >= released;
    case RevisionVerdict::PresumedGood:
    case RevisionVerdict::Superseded:
    case RevisionVerdict::RolledBack: break;
  }
  return false;
}

std::vector<const GroupMember*> members_released_together(const Inputs& inputs,
                                                          const api::GuardStatus& guard) {
  std::vector<const GroupMember*> found;
  for (const GroupMember& member : inputs.group) {
    if (is_released_together(member, guard.evaluation_started)) found.push_back(&member);
  }
  return found;
}

bool includes(const api::Rollback& rollback, const std::string& deployment) {
  const auto& group = rollback.spec.group;
  return group && std::ranges::find(group->members, deployment) != group->members.end();
}

const std::string& group_rollback_name(const api::Rollback& rollback) {
  return rollback.spec.caused_by.empty() ? rollback.meta.key.name : rollback.spec.caused_by;
}

const api::Rollback* initiator_of(const Inputs& inputs, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return &rollback;
  const auto is_initiator = [&](const std::optional<api::Rollback>& candidate) {
    return candidate && candidate->meta.key.name == rollback.spec.caused_by;
  };
  for (const GroupMember& member : inputs.group) {
    if (is_initiator(member.rollback)) return &*member.rollback;
  }
  return is_initiator(inputs.initiator) ? &*inputs.initiator : nullptr;
}

bool has_initiated(const GroupMember& initiator) {
  const api::Rollback& rollback = *initiator.rollback;
  switch (rollback.status.phase) {
    // A Rollback that is held for another reason than its turn initiates nothing.
    case RollbackPhase::Pending:
      return initiator.guard.rollback == rollback.meta.key.name &&
             (initiator.guard.reason == Reason::GroupOrder ||
              initiator.guard.state == State::RollingBack);
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying:
    case RollbackPhase::Succeeded: return true;
    case RollbackPhase::Failed: return rollback.status.template_restored.has_value();
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Rejected: break;
  }
  return false;
}

std::string other_rollback_of(const GroupMember& member) {
  const auto& rollback = member.rollback;
  const api::GuardStatus& guard = member.guard;
  const bool is_recorded = rollback && rollback->meta.key.name == guard.rollback;
  const bool announces_rollback =
      guard.state == State::RollingBack || guard.reason == Reason::AwaitingApproval;
  if (announces_rollback && !is_recorded)
    return fmt::format("{} is starting Rollback {}", member.deployment, guard.rollback);
  if (is_recorded && !api::finished(rollback->status.phase))
    return fmt::format("Rollback {} of {} is {} ({})", guard.rollback, member.deployment,
                       api::to_string(guard.state), guard.reason);
  return {};
}

bool has_restored_member(const Inputs& inputs, const std::string& group_rollback) {
  const auto is_of_group = [&](const std::optional<api::Rollback>& rollback) {
    return rollback && group_rollback_name(*rollback) == group_rollback;
  };
  // The status of the Rollback is written after the patch, so it may lag behind the Deployment.
  const auto is_restored = [&](const GroupMember& member) {
    return is_of_group(member.rollback) &&
           (member.is_patched || member.rollback->status.template_restored);
  };
  return (is_of_group(inputs.initiator) && inputs.initiator->status.template_restored) ||
         std::ranges::any_of(inputs.group, is_restored);
}

bool has_newer_release(const GroupMember& member, const api::Rollback& initiator) {
  return member.guard.evaluation_started > initiator.spec.detected;
}

bool has_moved_on(const GroupMember& member, const api::Rollback& initiator) {
  const auto& current = member.guard.current;
  const bool is_recreated =
      current && current->verdict == RevisionVerdict::PresumedGood && !member.rollback;
  return has_newer_release(member, initiator) || is_recreated;
}

bool needs_no_rollback(const GroupMember& member, const api::Rollback& initiator) {
  const bool is_unguarded =
      member.guard.policy.empty() && member.guard.reason == Reason::NotOptedIn;
  return has_moved_on(member, initiator) || member.guard.declined || is_unguarded;
}

bool is_rolled_back(const GroupMember& member, const std::string& group_rollback) {
  const auto& rollback = member.rollback;
  if (!rollback) return false;
  // A member that another rollback has restored needs no rollback.
  if (!runs_restored_revision(member) && rollback->meta.key.name != group_rollback &&
      rollback->spec.caused_by != group_rollback)
    return false;
  return rollback->status.phase == RollbackPhase::Verifying ||
         api::finished(rollback->status.phase);
}

bool is_awaited_by_group(const Inputs& inputs, const api::GuardStatus& guard) {
  if (inputs.group.empty()) return false;  // avoids the copy of the status below
  const GroupMember self{.guard = guard, .rollback = inputs.rollback};
  return std::ranges::any_of(inputs.group, [&](const GroupMember& member) {
    const bool is_blocked =
        member.guard.state == State::Held && member.guard.reason == Reason::GroupBlocked;
    return is_blocked && is_released_together(self, member.guard.evaluation_started);
  });
}

const GroupMember* newly_released_member(const Inputs& inputs, const api::Rollback& initiator,
                                         const std::optional<Time>& released) {
  const auto found = std::ranges::find_if(inputs.group, [&](const GroupMember& member) {
    const bool is_initiator = member.deployment == initiator.spec.deployment;
    const bool is_included =
        includes(initiator, member.deployment) && !has_newer_release(member, initiator);
    return !is_initiator && !is_included && is_released_together(member, released);
  });
  return found == inputs.group.end() ? nullptr : &*found;
}

const GroupMember* member_not_reconciled(const Inputs& inputs) {
  const auto found = std::ranges::find_if(
      inputs.group, [](const GroupMember& member) { return member.guard.deployment_uid.empty(); });
  return found == inputs.group.end() ? nullptr : &*found;
}

const GroupMember* member_without_policy(const Inputs& inputs) {
  const auto found = std::ranges::find_if(
      inputs.group, [](const GroupMember& member) { return member.guard.policy.empty(); });
  return found == inputs.group.end() ? nullptr : &*found;
}

}  // namespace lastgood::guard
