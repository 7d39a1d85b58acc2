#include "guard/group/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "guard/gates/release_gates.hpp"
#include "guard/group/member.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;
using api::State;

std::optional<api::GroupRollback> call_group(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto called = of_same_window(inputs, guard);
  if (called.empty()) return {};
  std::vector<std::tuple<int, std::string>> places{
      {inputs.policy.group_order, inputs.deployment.meta.key.name}};
  for (const GroupMember* member : called) places.emplace_back(member->order, member->deployment);
  std::ranges::sort(places);
  api::GroupRollback call{.name = inputs.policy.group};
  for (const auto& [order, deployment] : places) call.members.push_back(deployment);
  return call;
}

api::Mode mode_of_call(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto asks = [](const GroupMember* member) { return member->mode == api::Mode::Approve; };
  return std::ranges::any_of(of_same_window(inputs, guard), asks) ? api::Mode::Approve
                                                                  : inputs.policy.spec.mode;
}

const api::Rollback* called_back_by(const Inputs& inputs, const api::GuardStatus& guard) {
  // One that could not be recorded is not under way.
  const bool is_busy =
      guard.state == State::Verifying ||
      (guard.state == State::RollingBack && rollback::named_by(guard, inputs.rollback));
  if (!guard.current || !guard.evaluation_started || is_busy) return nullptr;
  // What was put back already, by whomever, is no release that could be called back.
  const auto& last = inputs.rollback;
  if (last && last->status.template_restored && last->spec.to.hash == guard.current->hash)
    return nullptr;
  for (const GroupMember& member : inputs.group) {
    const auto& rollback = member.rollback;
    if (!rollback || !calls(*rollback, inputs.deployment.meta.key.name)) continue;
    // What has begun is finished, whatever has become of the one that called.
    if (!is_under_way(member) && !has_begun(inputs, rollback->meta.key.name)) continue;
    const bool is_followed =
        inputs.rollback && inputs.rollback->spec.caused_by == rollback->meta.key.name;
    // What was released after the call is a newer choice.
    const bool is_meant =
        rollback->spec.detected && *guard.evaluation_started <= *rollback->spec.detected;
    const bool was_released = guard.current->verdict != RevisionVerdict::PresumedGood;
    if (!is_followed && is_meant && was_released) return &*rollback;
  }
  return nullptr;
}

const api::Rollback* call_to_follow(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const api::Rollback* call = called_back_by(inputs, guard);
  const bool is_done =
      call && (gates::declined(inputs, guard, now) || gates::one_per_release(inputs, guard, now));
  return is_done ? nullptr : call;
}

bool has_group_begun(const Inputs& inputs, const api::Rollback& rollback) {
  return has_begun(inputs, call_of(rollback));
}

std::string why_called_off(const Inputs& inputs, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* call = caller_of(inputs, rollback);
  // Once others have gone back, it follows them, whatever becomes of the call.
  if (!call && has_group_begun(inputs, rollback)) return {};
  if (!call)
    return fmt::format("Rollback {}, which called it back, is not there any more",
                       rollback.spec.caused_by);
  if (call->spec.group && call->spec.group->name != inputs.policy.group)
    return fmt::format("it is in group {} no longer, which Rollback {} called back",
                       call->spec.group->name, rollback.spec.caused_by);
  const bool is_over = api::finished(call->status.phase) && !call->status.template_restored;
  return is_over && !has_group_begun(inputs, rollback)
             ? fmt::format("Rollback {}, which called its group back, was called off",
                           rollback.spec.caused_by)
             : "";
}

namespace {

// What holds a member back that was called; only the group's own checks have spoken.
std::optional<Hold> held_in_group(const Step& step) {
  const Inputs& inputs = step.inputs;
  const api::GuardStatus& guard = step.out.guard;
  if (auto held = first_hold(write_gates(), inputs, guard, step.now)) return held;
  if (auto held = gates::no_rollback_past(inputs, guard, step.now)) return held;
  if (auto held = gates::no_target(inputs, guard, step.now)) return held;
  if (auto held = gates::observing(inputs, guard, step.now)) return held;
  return gates::preflight(inputs, guard, step.now);
}

}  // namespace

bool follow_group(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* call = call_to_follow(step.inputs, guard, step.now);
  if (!call) return false;
  const std::string bad = rollback::name_of(step.deployment(), *guard.current);
  if (const auto held = held_in_group(step)) {
    hold_back(step, *held, bad);
    return true;
  }
  // The record that has just ended is written first; then there is room for another.
  if (step.out.rollback) {
    step.requeue_at(step.now);
    return false;
  }
  const Revision target = *choose_target(guard).revision;
  api::Rollback record =
      rollback::new_rollback(step.deployment(), step.inputs.rollback, guard, {}, target, step.now);
  record.spec.reason = Reason::GroupRolledBack;
  record.spec.message = fmt::format("Group {} is put back: {} {}", call->spec.group->name,
                                    call->spec.deployment, rollback::why(call->spec));
  record.spec.caused_by = call->meta.key.name;
  record.spec.policy = guard.policy;
  // Who approved of the call approved of the whole group; where nobody was asked, this policy still
  // is.
  record.spec.mode = gates::was_approved(*call) ? api::Mode::Enforce : step.inputs.policy.spec.mode;
  // Tried again after the record could not be written, it is the same event.
  const bool is_told = guard.rollback == record.meta.key.name;
  guard.rollback = record.meta.key.name;
  const bool needs_approval = record.spec.mode == api::Mode::Approve;
  if (needs_approval) {
    hold_back(step, gates::waits_for_approval(record), bad);
  } else {
    step.enter(State::RollingBack, record.spec.reason, record.spec.message);
  }
  if (!is_told && !needs_approval) {
    step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
              fmt::format("{} is put back to {} {}: Rollback {}", bad,
                          rollback::name_of(step.deployment(), target), rollback::why(record.spec),
                          guard.rollback));
  }
  step.requeue_at(step.now + std::chrono::seconds(1));
  // Those that go before it may still be at it.
  step.out.action = StartRollback{.record = std::move(record), .carry_out = false};
  return true;
}

}  // namespace lastgood::guard
