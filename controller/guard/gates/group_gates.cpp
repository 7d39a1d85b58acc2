// The rules of a group: whether all of it can go back, who waits for whom, and what a change of mind does to a call.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "guard/group/member.hpp"
#include "guard/gates/release_gates.hpp"

namespace lastgood::guard::restraint {

namespace {

// As many as the record has room for.
constexpr std::size_t most_members = 64;

constexpr std::chrono::seconds in_a_moment{1};

Hold blocked_by(const World& world, const GroupMember& member, Time now) {
  constexpr std::chrono::seconds in_a_while{5};
  return {.reason = "GroupBlocked",
          .message = fmt::format("Group {} goes back together or not at all, and {} cannot: {}", world.guarding.group,
                                 member.deployment, member.cannot),
          .until = now + in_a_while};
}

std::optional<Hold> not_looked_at_yet(const World& world, Time now) {
  const GroupMember* unseen = unseen_member(world);
  if (!unseen) return {};
  return Hold{.reason = "GroupBlocked",
              .message = fmt::format("In group {} {} has not been looked at yet", world.guarding.group, unseen->deployment),
              .until = now + in_a_moment};
}

// Those whose turn is before that of the Deployment, by name. The call says it; where that is gone, the annotations do.
std::vector<std::string> whose_turn_is_before(const World& world, const api::Rollback& rollback, const api::Rollback* call) {
  const std::string& self = world.deployment.meta.key.name;
  if (call && !call->spec.group) return {};
  if (call) {
    const auto& members = call->spec.group->members;
    return {members.begin(), std::ranges::find(members, self)};
  }
  std::vector<std::string> found;
  for (const GroupMember& member : world.group) {
    const bool is_called = member.rollback && member.rollback->spec.caused_by == rollback.spec.caused_by;
    const bool is_before = std::tie(member.order, member.deployment) < std::tie(world.guarding.group_order, self);
    if (is_called && is_before) found.push_back(member.deployment);
  }
  return found;
}

}  // namespace

MaybeHold group_blocked(const World& world, const api::GuardStatus& guard, Time now) {
  if (auto held = not_looked_at_yet(world, now)) return held;
  if (const GroupMember* member = ungoverned_member(world)) return blocked_by(world, *member, now);
  const auto called = of_same_window(world, guard);
  if (called.size() >= most_members) {
    return Hold{.reason = "GroupBlocked",
                .message = fmt::format("Group {} has {} Deployments to put back; at most {} go back together",
                                       world.guarding.group, called.size() + 1, most_members)};
  }
  for (const GroupMember* member : called) {
    if (const auto busy = busy_with(*member); !busy.empty()) {
      return Hold{.reason = "GroupBlocked",
                  .message = fmt::format("In group {} {}; that has to end first", world.guarding.group, busy),
                  .until = now + in_a_moment};
    }
    if (!member->cannot.empty()) return blocked_by(world, *member, now);
  }
  return {};
}

MaybeHold group_still_able(const World& world, const api::GuardStatus& guard, Time now) {
  const api::Rollback* call = world.rollback ? caller_of(world, *world.rollback) : nullptr;
  if (!call) return {};
  for (const GroupMember& member : world.group) {
    // Put back by another call of the group, it is where it was to go.
    if (!calls(*call, member.deployment) || has_moved_on(member, *call) || was_put_back(member)) continue;
    if (member.guard.policy.empty() || !member.cannot.empty()) return blocked_by(world, member, now);
  }
  if (!world.rollback->spec.caused_by.empty()) return {};
  // What could be called too is: the call is made anew. What cannot go back holds it as it is.
  const GroupMember* other = newcomer(world, *call, guard.watch_started);
  return other && !other->cannot.empty() ? MaybeHold(blocked_by(world, *other, now)) : MaybeHold();
}

MaybeHold caller_held(const World& world, const api::GuardStatus&, Time now) {
  const auto& rollback = world.rollback;
  if (!rollback || rollback->spec.caused_by.empty()) return {};
  const std::string& call = rollback->spec.caused_by;
  const auto leader = std::ranges::find_if(
      world.group, [&](const GroupMember& member) { return member.rollback && member.rollback->meta.key.name == call; });
  const bool is_known = leader != world.group.end();
  const GroupMember* other = is_known ? newcomer(world, *leader->rollback, leader->guard.watch_started) : nullptr;
  if (is_known && is_under_way(*leader) && !other) return {};
  std::string what = "its Deployment is not in the group any more";
  if (is_known)
    what = fmt::format("{} is {} ({})", leader->deployment, api::to_string(leader->guard.state), leader->guard.reason);
  if (other) what = fmt::format("{} was released since, and is not called yet", other->deployment);
  return Hold{
      .reason = "GroupBlocked",
      .message = fmt::format("In group {} Rollback {}, which calls it back, has not begun: {}", world.guarding.group, call, what),
      .until = now + in_a_moment};
}

MaybeHold group_unseen(const World& world, const api::GuardStatus&, Time now) {
  const auto& rollback = world.rollback;
  if (!rollback || (rollback->spec.caused_by.empty() && !rollback->spec.group)) return {};
  return not_looked_at_yet(world, now);
}

MaybeHold group_order(const World& world, const api::GuardStatus&, Time now) {
  if (!world.rollback) return {};
  const api::Rollback* call = caller_of(world, *world.rollback);
  for (const std::string& before : whose_turn_is_before(world, *world.rollback, call)) {
    const auto member = std::ranges::find(world.group, before, &GroupMember::deployment);
    // One that has left the group, or was deleted, is not waited for.
    if (member == world.group.end() || has_gone_back(*member, call_of(*world.rollback))) continue;
    if (call && is_called_no_more(*member, *call)) continue;
    return Hold{.reason = "GroupOrder",
                .message = fmt::format("In group {} {} goes back first; it is {} ({}): {}", world.guarding.group, before,
                                       api::to_string(member->guard.state), member->guard.reason, member->guard.message),
                .until = now + in_a_moment};
  }
  return {};
}

}  // namespace lastgood::guard::restraint
