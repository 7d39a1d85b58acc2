#include "decide/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "decide/preflight.hpp"
#include "decide/record.hpp"
#include "decide/restraint.hpp"
#include "decide/step.hpp"
#include "decide/target.hpp"

namespace lastgood::decide {

using api::Revision;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// As many as the record has room for.
constexpr std::size_t most_members = 64;

// What runs there was put back, and so is no release.
bool was_put_back(const GroupMember& member, const Revision& current) {
  return member.rollback && member.rollback->status.template_restored && member.rollback->spec.to.hash == current.hash;
}

// Still being judged when this release came, or come since.
bool is_of_same_window(const GroupMember& member, const api::GuardStatus& mine) {
  const auto& current = member.guard.current;
  if (!current || !mine.watch_started || was_put_back(member, *current)) return false;
  switch (current->verdict) {
    case RevisionVerdict::Watching:
    case RevisionVerdict::Breached: return true;
    case RevisionVerdict::Good:
    case RevisionVerdict::Unjudged: return member.guard.watch_started && current->since >= mine.watch_started;
    case RevisionVerdict::PresumedGood:
    case RevisionVerdict::Superseded:
    case RevisionVerdict::RolledBack: break;
  }
  return false;
}

std::vector<const GroupMember*> of_same_window(const World& world, const api::GuardStatus& guard) {
  std::vector<const GroupMember*> found;
  for (const GroupMember& member : world.group) {
    if (is_of_same_window(member, guard)) found.push_back(&member);
  }
  return found;
}

bool calls(const api::Rollback& rollback, const std::string& deployment) {
  const auto& group = rollback.spec.group;
  return group && std::ranges::find(group->members, deployment) != group->members.end();
}

// It has begun, or would but for those that go before it; one that is held back for another reason calls nobody.
bool is_under_way(const GroupMember& leader) {
  const api::Rollback& rollback = *leader.rollback;
  switch (rollback.status.phase) {
    case RollbackPhase::Pending:
      return leader.guard.rollback == rollback.meta.key.name &&
             (leader.guard.reason == "GroupOrder" ||
              (leader.guard.state == State::RollingBack && (rollback.spec.mode != api::Mode::Approve || rollback.spec.approved)));
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying:
    case RollbackPhase::Succeeded: return true;
    case RollbackPhase::Failed: return rollback.status.template_restored.has_value();
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Refused: break;
  }
  return false;
}

// Another call of the same group: being written, or waiting for something. Empty when there is none.
std::string busy_with(const GroupMember& member, const std::string& deployment) {
  const auto& rollback = member.rollback;
  const bool is_known = rollback && rollback->meta.key.name == member.guard.rollback;
  if (member.guard.state == State::RollingBack && !is_known)
    return fmt::format("{} is just beginning Rollback {}", member.deployment, member.guard.rollback);
  if (is_known && !api::finished(rollback->status.phase) && calls(*rollback, deployment))
    return fmt::format("Rollback {} of {} is {} ({})", rollback->meta.key.name, member.deployment,
                       api::to_string(member.guard.state), member.guard.reason);
  return {};
}

const std::string& call_of(const api::Rollback& rollback) {
  return rollback.spec.caused_by.empty() ? rollback.meta.key.name : rollback.spec.caused_by;
}

// Another member has been put back already for the call of that name.
bool has_begun(const World& world, const std::string& call) {
  const auto is_back = [&](const std::optional<api::Rollback>& other) {
    return other && call_of(*other) == call && other->status.template_restored;
  };
  return is_back(world.call) || std::ranges::any_of(world.group, is_back, &GroupMember::rollback);
}

// What it was called back from has been replaced by a newer choice.
bool has_released_since(const GroupMember& member, const api::Rollback& call) {
  return member.guard.watch_started > call.spec.detected;
}

// Nothing more will come of it: besides that, a person may have said no to it, or opted it out.
bool is_called_no_more(const GroupMember& member, const api::Rollback& call) {
  const bool has_opted_out = member.guard.policy.empty() && member.guard.reason == "NotOptedIn";
  return has_released_since(member, call) || member.guard.declined || has_opted_out;
}

// Its place in the order is over: rolled out again, or nothing more will come of it.
bool has_gone_back(const GroupMember& member, const std::string& call) {
  const auto& rollback = member.rollback;
  if (!rollback) return false;
  // Put back by another call of the group, it is where it was to go.
  const bool is_there = member.guard.current && was_put_back(member, *member.guard.current);
  if (!is_there && rollback->meta.key.name != call && rollback->spec.caused_by != call) return false;
  return rollback->status.phase == RollbackPhase::Verifying || api::finished(rollback->status.phase);
}

}  // namespace

std::optional<api::GroupCall> call_group(const World& world, const api::GuardStatus& guard) {
  const auto called = of_same_window(world, guard);
  if (called.empty()) return {};
  std::vector<std::tuple<int, std::string>> places{{world.guarding.group_order, world.deployment.meta.key.name}};
  for (const GroupMember* member : called) places.emplace_back(member->order, member->deployment);
  std::ranges::sort(places);
  api::GroupCall call{.name = world.guarding.group};
  for (const auto& [order, deployment] : places) call.members.push_back(deployment);
  return call;
}

api::Mode mode_of_call(const World& world, const api::GuardStatus& guard) {
  const auto asks = [](const GroupMember* member) { return member->mode == api::Mode::Approve; };
  return std::ranges::any_of(of_same_window(world, guard), asks) ? api::Mode::Approve : world.guarding.spec.mode;
}

const api::Rollback* called_back_by(const World& world, const api::GuardStatus& guard) {
  // One that could not be recorded is not under way.
  const bool is_busy = guard.state == State::Verifying || (guard.state == State::RollingBack && named_by(guard, world.rollback));
  if (!guard.current || !guard.watch_started || is_busy) return nullptr;
  // What was put back already, by whomever, is no release that could be called back.
  const auto& last = world.rollback;
  if (last && last->status.template_restored && last->spec.to.hash == guard.current->hash) return nullptr;
  for (const GroupMember& member : world.group) {
    const auto& rollback = member.rollback;
    if (!rollback || !calls(*rollback, world.deployment.meta.key.name)) continue;
    // What has begun is finished, whatever has become of the one that called.
    if (!is_under_way(member) && !has_begun(world, rollback->meta.key.name)) continue;
    const bool is_followed = world.rollback && world.rollback->spec.caused_by == rollback->meta.key.name;
    // What was released after the call is a newer choice.
    const bool is_meant = rollback->spec.detected && *guard.watch_started <= *rollback->spec.detected;
    const bool was_released = guard.current->verdict != RevisionVerdict::PresumedGood;
    if (!is_followed && is_meant && was_released) return &*rollback;
  }
  return nullptr;
}

namespace {

// The Rollback that called: a member knows it better than the watch, but may have another one since. Null: it is gone.
const api::Rollback* caller_of(const World& world, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return &rollback;
  const auto is_meant = [&](const std::optional<api::Rollback>& one) {
    return one && one->meta.key.name == rollback.spec.caused_by;
  };
  for (const GroupMember& member : world.group) {
    if (is_meant(member.rollback)) return &*member.rollback;
  }
  return is_meant(world.call) ? &*world.call : nullptr;
}

const GroupMember* unseen_member(const World& world) {
  const auto unseen =
      std::ranges::find_if(world.group, [](const GroupMember& member) { return member.guard.deployment_uid.empty(); });
  return unseen == world.group.end() ? nullptr : &*unseen;
}

// What was released of it is not known, nor what it could go back to.
const GroupMember* ungoverned_member(const World& world) {
  const auto found = std::ranges::find_if(world.group, [](const GroupMember& member) { return member.guard.policy.empty(); });
  return found == world.group.end() ? nullptr : &*found;
}

}  // namespace

bool has_group_begun(const World& world, const api::Rollback& rollback) { return has_begun(world, call_of(rollback)); }

std::string why_called_off(const World& world, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* call = caller_of(world, rollback);
  if (!call) return fmt::format("Rollback {}, which called it back, is not there any more", rollback.spec.caused_by);
  if (call->spec.group && call->spec.group->name != world.guarding.group)
    return fmt::format("it is in group {} no longer, which Rollback {} called back", call->spec.group->name,
                       rollback.spec.caused_by);
  const bool is_over = api::finished(call->status.phase) && !call->status.template_restored;
  return is_over && !has_group_begun(world, rollback)
             ? fmt::format("Rollback {}, which called its group back, was called off", rollback.spec.caused_by)
             : "";
}

namespace {

// What holds a member back that was called; only the group's own checks have spoken.
std::optional<Hold> held_in_group(const Step& step) {
  const World& world = step.world;
  const api::GuardStatus& guard = step.out.guard;
  if (auto held = first_hold(touch_rules(), world, guard, step.now)) return held;
  if (auto held = restraint::no_rollback_past(world, guard, step.now)) return held;
  if (auto held = restraint::no_target(world, guard, step.now)) return held;
  if (auto held = restraint::observing(world, guard, step.now)) return held;
  return restraint::preflight(world, guard, step.now);
}

}  // namespace

bool follow_group(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* call = called_back_by(step.world, guard);
  // Of this release there is nothing more to be done; it is judged on as it is.
  if (!call || restraint::declined(step.world, guard, step.now) || restraint::one_per_release(step.world, guard, step.now))
    return false;
  const std::string bad = name_of(step.deployment(), *guard.current);
  if (const auto held = held_in_group(step)) {
    hold_back(step, *held, bad);
    return true;
  }
  // The record that has just ended is written first; then there is room for another.
  if (step.out.rollback) {
    step.look_again(step.now);
    return false;
  }
  const Revision target = *choose_target(guard).revision;
  api::Rollback record = write_intent(step.world, guard, {}, target, step.now);
  record.spec.reason = "GroupRolledBack";
  record.spec.message =
      fmt::format("Group {} is put back: {} {}", call->spec.group->name, call->spec.deployment, why(call->spec));
  record.spec.caused_by = call->meta.key.name;
  record.spec.policy = guard.policy;
  // Who approved of the call approved of the whole group; where nobody was asked, this policy still is.
  const bool is_approved = call->spec.mode == api::Mode::Approve;
  record.spec.mode = is_approved ? api::Mode::Enforce : step.world.guarding.spec.mode;
  // Tried again after the record could not be written, it is the same fact.
  const bool is_told = guard.rollback == record.meta.key.name;
  guard.rollback = record.meta.key.name;
  step.enter(State::RollingBack, record.spec.reason, record.spec.message);
  if (!is_told) {
    step.fact(true, "RollbackStarted", "Rollback",
              fmt::format("{} is put back to {} {}: Rollback {}", bad, name_of(step.deployment(), target), why(record.spec),
                          guard.rollback));
  }
  step.look_again(step.now + std::chrono::seconds(1));
  // Those that go before it may still be at it.
  step.out.act = StartRollback{.record = std::move(record), .carry_out = false};
  return true;
}

namespace {

Hold blocked_by(const World& world, const GroupMember& member, Time now) {
  constexpr std::chrono::seconds in_a_while{5};
  return {.reason = "GroupBlocked",
          .message = fmt::format("Group {} goes back together or not at all, and {} cannot: {}", world.guarding.group,
                                 member.deployment, member.cannot),
          .until = now + in_a_while};
}

std::optional<Hold> not_looked_at_yet(const World& world, const char* reason, Time now) {
  const GroupMember* unseen = unseen_member(world);
  if (!unseen) return {};
  return Hold{.reason = reason,
              .message = fmt::format("In group {} {} has not been looked at yet", world.guarding.group, unseen->deployment),
              .until = now + std::chrono::seconds(1)};
}

}  // namespace

namespace restraint {

MaybeHold group_blocked(const World& world, const api::GuardStatus& guard, Time now) {
  if (auto held = not_looked_at_yet(world, "GroupBlocked", now)) return held;
  if (const GroupMember* member = ungoverned_member(world)) return blocked_by(world, *member, now);
  const auto called = of_same_window(world, guard);
  if (called.size() >= most_members) {
    return Hold{.reason = "GroupBlocked",
                .message = fmt::format("Group {} has {} Deployments to put back; at most {} go back together",
                                       world.guarding.group, called.size() + 1, most_members)};
  }
  for (const GroupMember* member : called) {
    if (const auto busy = busy_with(*member, world.deployment.meta.key.name); !busy.empty()) {
      return Hold{.reason = "GroupBlocked",
                  .message = fmt::format("In group {} {}; two calls would wait for each other", world.guarding.group, busy),
                  .until = now + std::chrono::seconds(1)};
    }
    if (!member->cannot.empty()) return blocked_by(world, *member, now);
  }
  return {};
}

MaybeHold group_still_able(const World& world, const api::GuardStatus&, Time now) {
  const api::Rollback* call = world.rollback ? caller_of(world, *world.rollback) : nullptr;
  if (!call || !call->spec.group) return {};
  for (const GroupMember& member : world.group) {
    if (!calls(*call, member.deployment) || has_released_since(member, *call)) continue;
    // Put back by another call of the group, it is where it was to go.
    if (member.guard.current && was_put_back(member, *member.guard.current)) continue;
    if (member.guard.policy.empty() || !member.cannot.empty()) return blocked_by(world, member, now);
  }
  return {};
}

MaybeHold group_unseen(const World& world, const api::GuardStatus&, Time now) {
  const auto& rollback = world.rollback;
  if (!rollback || (rollback->spec.caused_by.empty() && !rollback->spec.group)) return {};
  return not_looked_at_yet(world, "GroupOrder", now);
}

MaybeHold group_order(const World& world, const api::GuardStatus&, Time now) {
  if (!world.rollback) return {};
  const std::string& call = call_of(*world.rollback);
  const api::Rollback* leader = caller_of(world, *world.rollback);
  if (!leader || !leader->spec.group) return {};
  for (const std::string& before : leader->spec.group->members) {
    if (before == world.deployment.meta.key.name) break;
    const auto member = std::ranges::find(world.group, before, &GroupMember::deployment);
    // One that has left the group, or was deleted, is not waited for.
    if (member == world.group.end() || has_gone_back(*member, call)) continue;
    if (is_called_no_more(*member, *leader)) continue;
    return Hold{.reason = "GroupOrder",
                .message = fmt::format("In group {} {} goes back first; it is {} ({}): {}", leader->spec.group->name, before,
                                       api::to_string(member->guard.state), member->guard.reason, member->guard.message),
                .until = now + std::chrono::seconds(1)};
  }
  return {};
}

}  // namespace restraint

}  // namespace lastgood::decide
