// The rules of a group: whether all of it can go back, who waits for whom, and what a change of
// mind does to a call.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "guard/gates/release_gates.hpp"
#include "guard/group/member.hpp"

namespace lastgood::guard::gates {

namespace {

// As many as the record has room for.
constexpr std::size_t max_members = 64;

constexpr std::chrono::seconds in_a_moment{1};

Hold blocked_by(const Inputs& inputs, const GroupMember& member, Time now) {
  constexpr std::chrono::seconds in_a_while{5};
  return {.reason = Reason::GroupBlocked,
          .message = fmt::format("Group {} goes back together or not at all, and {} cannot: {}",
                                 inputs.policy.group, member.deployment, member.cannot),
          .until = now + in_a_while};
}

std::optional<Hold> not_looked_at_yet(const Inputs& inputs, Time now) {
  const GroupMember* unseen = unseen_member(inputs);
  if (!unseen) return {};
  return Hold{.reason = Reason::GroupBlocked,
              .message = fmt::format("In group {} {} has not been looked at yet",
                                     inputs.policy.group, unseen->deployment),
              .until = now + in_a_moment};
}

// Those whose turn is before that of the Deployment, by name. The call says it; where that is gone,
// the annotations do.
std::vector<std::string> whose_turn_is_before(const Inputs& inputs, const api::Rollback& rollback,
                                              const api::Rollback* call) {
  const std::string& self = inputs.deployment.meta.key.name;
  if (call && !call->spec.group) return {};
  if (call) {
    const auto& members = call->spec.group->members;
    return {members.begin(), std::ranges::find(members, self)};
  }
  std::vector<std::string> found;
  for (const GroupMember& member : inputs.group) {
    const bool is_called =
        member.rollback && member.rollback->spec.caused_by == rollback.spec.caused_by;
    const bool is_before =
        std::tie(member.order, member.deployment) < std::tie(inputs.policy.group_order, self);
    if (is_called && is_before) found.push_back(member.deployment);
  }
  return found;
}

}  // namespace

MaybeHold group_blocked(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (auto held = not_looked_at_yet(inputs, now)) return held;
  if (const GroupMember* member = ungoverned_member(inputs))
    return blocked_by(inputs, *member, now);
  const auto called = of_same_window(inputs, guard);
  if (called.size() >= max_members) {
    return Hold{.reason = Reason::GroupBlocked,
                .message = fmt::format(
                    "Group {} has {} Deployments to put back; at most {} go back together",
                    inputs.policy.group, called.size() + 1, max_members)};
  }
  for (const GroupMember* member : called) {
    if (const auto busy = busy_with(*member); !busy.empty()) {
      return Hold{.reason = Reason::GroupBlocked,
                  .message = fmt::format("In group {} {}; that has to end first",
                                         inputs.policy.group, busy),
                  .until = now + in_a_moment};
    }
    if (!member->cannot.empty()) return blocked_by(inputs, *member, now);
  }
  return {};
}

MaybeHold group_still_able(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const api::Rollback* call = inputs.rollback ? caller_of(inputs, *inputs.rollback) : nullptr;
  if (!call) return {};
  for (const GroupMember& member : inputs.group) {
    // Put back by another call of the group, it is where it was to go.
    if (!calls(*call, member.deployment) || has_moved_on(member, *call) || was_put_back(member))
      continue;
    if (member.guard.policy.empty() || !member.cannot.empty())
      return blocked_by(inputs, member, now);
  }
  if (!inputs.rollback->spec.caused_by.empty()) return {};
  // What could be called too is: the call is made anew. What cannot go back holds it as it is.
  const GroupMember* other = newcomer(inputs, *call, guard.evaluation_started);
  return other && !other->cannot.empty() ? MaybeHold(blocked_by(inputs, *other, now)) : MaybeHold();
}

MaybeHold caller_held(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& rollback = inputs.rollback;
  if (!rollback || rollback->spec.caused_by.empty()) return {};
  const std::string& call = rollback->spec.caused_by;
  const auto leader = std::ranges::find_if(inputs.group, [&](const GroupMember& member) {
    return member.rollback && member.rollback->meta.key.name == call;
  });
  const bool is_known = leader != inputs.group.end();
  const GroupMember* other =
      is_known ? newcomer(inputs, *leader->rollback, leader->guard.evaluation_started) : nullptr;
  if (is_known && is_under_way(*leader) && !other) return {};
  std::string what = "its Deployment is not in the group any more";
  if (is_known)
    what = fmt::format("{} is {} ({})", leader->deployment, api::to_string(leader->guard.state),
                       leader->guard.reason);
  if (other) what = fmt::format("{} was released since, and is not called yet", other->deployment);
  return Hold{
      .reason = Reason::GroupBlocked,
      .message = fmt::format("In group {} Rollback {}, which calls it back, has not begun: {}",
                             inputs.policy.group, call, what),
      .until = now + in_a_moment};
}

MaybeHold group_unseen(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& rollback = inputs.rollback;
  if (!rollback || (rollback->spec.caused_by.empty() && !rollback->spec.group)) return {};
  return not_looked_at_yet(inputs, now);
}

MaybeHold group_order(const Inputs& inputs, const api::GuardStatus&, Time now) {
  if (!inputs.rollback) return {};
  const api::Rollback* call = caller_of(inputs, *inputs.rollback);
  for (const std::string& before : whose_turn_is_before(inputs, *inputs.rollback, call)) {
    const auto member = std::ranges::find(inputs.group, before, &GroupMember::deployment);
    // One that has left the group, or was deleted, is not waited for.
    if (member == inputs.group.end() || has_gone_back(*member, call_of(*inputs.rollback))) continue;
    if (call && is_called_no_more(*member, *call)) continue;
    return Hold{
        .reason = Reason::GroupOrder,
        .blocked_by = before,
        .message = fmt::format("In group {} {} goes back first; it is {} ({}): {}",
                               inputs.policy.group, before, api::to_string(member->guard.state),
                               member->guard.reason, member->guard.message),
        .until = now + in_a_moment};
  }
  return {};
}

}  // namespace lastgood::guard::gates
