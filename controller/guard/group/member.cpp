#include "guard/group/member.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::guard {

using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

bool was_put_back(const GroupMember& member) {
  const auto& current = member.guard.current;
  return current && member.rollback && member.rollback->status.template_restored &&
         member.rollback->spec.to.hash == current->hash;
}

bool is_of_same_window(const GroupMember& member, const std::optional<Time>& released) {
  const auto& current = member.guard.current;
  if (!current || !released || was_put_back(member)) return false;
  switch (current->verdict) {
    case RevisionVerdict::Evaluating:
    case RevisionVerdict::Breached: return true;
    case RevisionVerdict::Good:
    case RevisionVerdict::Inconclusive:
      return member.guard.evaluation_started && current->since >= released;
    case RevisionVerdict::PresumedGood:
    case RevisionVerdict::Superseded:
    case RevisionVerdict::RolledBack: break;
  }
  return false;
}

std::vector<const GroupMember*> of_same_window(const Inputs& inputs,
                                               const api::GuardStatus& guard) {
  std::vector<const GroupMember*> found;
  for (const GroupMember& member : inputs.group) {
    if (is_of_same_window(member, guard.evaluation_started)) found.push_back(&member);
  }
  return found;
}

bool calls(const api::Rollback& rollback, const std::string& deployment) {
  const auto& group = rollback.spec.group;
  return group && std::ranges::find(group->members, deployment) != group->members.end();
}

const std::string& call_of(const api::Rollback& rollback) {
  return rollback.spec.caused_by.empty() ? rollback.meta.key.name : rollback.spec.caused_by;
}

const api::Rollback* caller_of(const Inputs& inputs, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return &rollback;
  const auto is_meant = [&](const std::optional<api::Rollback>& one) {
    return one && one->meta.key.name == rollback.spec.caused_by;
  };
  for (const GroupMember& member : inputs.group) {
    if (is_meant(member.rollback)) return &*member.rollback;
  }
  return is_meant(inputs.call) ? &*inputs.call : nullptr;
}

bool is_under_way(const GroupMember& leader) {
  const api::Rollback& rollback = *leader.rollback;
  switch (rollback.status.phase) {
    // One that is held back for another reason than its turn calls nobody.
    case RollbackPhase::Pending:
      return leader.guard.rollback == rollback.meta.key.name &&
             (leader.guard.reason == Reason::GroupOrder ||
              leader.guard.state == State::RollingBack);
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

std::string busy_with(const GroupMember& member) {
  const auto& rollback = member.rollback;
  const api::GuardStatus& guard = member.guard;
  const bool is_known = rollback && rollback->meta.key.name == guard.rollback;
  const bool names_one =
      guard.state == State::RollingBack || guard.reason == Reason::AwaitingApproval;
  if (names_one && !is_known)
    return fmt::format("{} is just beginning Rollback {}", member.deployment, guard.rollback);
  if (is_known && !api::finished(rollback->status.phase))
    return fmt::format("Rollback {} of {} is {} ({})", guard.rollback, member.deployment,
                       api::to_string(guard.state), guard.reason);
  return {};
}

bool has_begun(const Inputs& inputs, const std::string& call) {
  const auto is_back = [&](const std::optional<api::Rollback>& other) {
    return other && call_of(*other) == call && other->status.template_restored;
  };
  return is_back(inputs.call) || std::ranges::any_of(inputs.group, is_back, &GroupMember::rollback);
}

bool has_released_since(const GroupMember& member, const api::Rollback& call) {
  return member.guard.evaluation_started > call.spec.detected;
}

bool has_moved_on(const GroupMember& member, const api::Rollback& call) {
  const auto& current = member.guard.current;
  const bool is_made_anew =
      current && current->verdict == RevisionVerdict::PresumedGood && !member.rollback;
  return has_released_since(member, call) || is_made_anew;
}

bool is_called_no_more(const GroupMember& member, const api::Rollback& call) {
  const bool is_unguarded =
      member.guard.policy.empty() && member.guard.reason == Reason::NotOptedIn;
  return has_moved_on(member, call) || member.guard.declined || is_unguarded;
}

bool has_gone_back(const GroupMember& member, const std::string& call) {
  const auto& rollback = member.rollback;
  if (!rollback) return false;
  // Put back by another call of the group, it is where it was to go.
  if (!was_put_back(member) && rollback->meta.key.name != call && rollback->spec.caused_by != call)
    return false;
  return rollback->status.phase == RollbackPhase::Verifying ||
         api::finished(rollback->status.phase);
}

bool is_waited_for(const Inputs& inputs, const api::GuardStatus& guard) {
  const GroupMember self{
      .deployment = inputs.deployment.meta.key.name, .guard = guard, .rollback = inputs.rollback};
  return std::ranges::any_of(inputs.group, [&](const GroupMember& member) {
    const bool is_blocked =
        member.guard.state == State::Held && member.guard.reason == Reason::GroupBlocked;
    return is_blocked && is_of_same_window(self, member.guard.evaluation_started);
  });
}

const GroupMember* newcomer(const Inputs& inputs, const api::Rollback& call,
                            const std::optional<Time>& released) {
  const auto found = std::ranges::find_if(inputs.group, [&](const GroupMember& member) {
    const bool is_caller = member.deployment == call.spec.deployment;
    const bool is_called = calls(call, member.deployment) && !has_released_since(member, call);
    return !is_caller && !is_called && is_of_same_window(member, released);
  });
  return found == inputs.group.end() ? nullptr : &*found;
}

const GroupMember* unseen_member(const Inputs& inputs) {
  const auto unseen = std::ranges::find_if(
      inputs.group, [](const GroupMember& member) { return member.guard.deployment_uid.empty(); });
  return unseen == inputs.group.end() ? nullptr : &*unseen;
}

const GroupMember* ungoverned_member(const Inputs& inputs) {
  const auto found = std::ranges::find_if(
      inputs.group, [](const GroupMember& member) { return member.guard.policy.empty(); });
  return found == inputs.group.end() ? nullptr : &*found;
}

}  // namespace lastgood::guard
