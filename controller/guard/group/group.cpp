#include "guard/group/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <tuple>
#include <vector>

#include "guard/gates/gate.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/group/member.hpp"
#include "guard/manual_request.hpp"
#include "guard/preflight.hpp"
#include "guard/states/restoration.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;
using api::State;

std::optional<api::GroupRollback> plan_group_rollback(const Inputs& inputs,
                                                      const api::GuardStatus& guard) {
  const auto together = members_released_together(inputs, guard);
  if (together.empty()) return {};
  std::vector<std::tuple<int, std::string>> order{
      {inputs.policy.group_order, inputs.deployment.meta.key.name}};
  for (const GroupMember* member : together) order.emplace_back(member->order, member->deployment);
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

// The first Rollback of another member that includes this Deployment now.
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
    // Once a member is restored, the others follow, whatever became of the initiator.
    if (!has_initiated(member) && !has_restored_member(inputs, rollback->meta.key.name)) continue;
    const bool is_followed =
        inputs.rollback && inputs.rollback->spec.caused_by == rollback->meta.key.name;
    // A release after the breach is a newer choice of a user.
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
  const bool is_done = initiator && (gates::declined(inputs, guard, now) ||
                                     gates::already_rolled_back(inputs, guard, now));
  return is_done ? nullptr : initiator;
}

bool has_group_started(const Inputs& inputs, const api::Rollback& rollback) {
  return has_restored_member(inputs, group_rollback_name(rollback));
}

std::string why_cancelled_with_group(const Inputs& inputs, const api::Rollback& rollback) {
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* initiator = initiator_of(inputs, rollback);
  // Once other members are restored, this one follows them, whatever became of the initiator.
  if (!initiator && has_group_started(inputs, rollback)) return {};
  if (!initiator)
    return fmt::format("Rollback {}, which initiated the group rollback, no longer exists",
                       rollback.spec.caused_by);
  if (initiator->spec.group && initiator->spec.group->name != inputs.policy.group)
    return fmt::format("the Deployment left group {}, which Rollback {} rolls back",
                       initiator->spec.group->name, rollback.spec.caused_by);
  const bool is_over =
      api::finished(initiator->status.phase) && !initiator->status.template_restored;
  if (!is_over || has_group_started(inputs, rollback)) return {};
  return fmt::format("Rollback {}, which initiated the group rollback, was cancelled",
                     rollback.spec.caused_by);
}

namespace {

// The target of a member, or the hold that blocks it. The checks of the initiator are the evidence,
// so the member's own checks are not asked.
std::expected<Revision, Hold> pass_member_gates(const Step& step) {
  const Inputs& inputs = step.inputs;
  const api::GuardStatus& guard = step.plan.guard;
  if (auto hold = first_hold(write_gates(), inputs, guard, step.now)) return std::unexpected(*hold);
  for (const auto gate :
       {gates::no_rollback_past, gates::no_last_good, gates::observing, gates::preflight}) {
    if (auto hold = gate(inputs, guard, step.now)) return std::unexpected(*hold);
  }
  auto target = choose_target(guard);
  if (target.revision) return std::move(*target.revision);
  return std::unexpected(Hold{.reason = Reason::NoLastGood, .message = target.why_not});
}

api::Rollback record_for_member(Step& step, const api::Rollback& initiator,
                                const Revision& target) {
  const api::GuardStatus& guard = step.guard();
  api::Rollback record =
      rollback::new_rollback(step.deployment(), step.inputs.rollback, guard, {}, target, step.now);
  record.spec.reason = Reason::GroupRolledBack;
  record.spec.message = fmt::format("Group {} is rolled back: {}, {}", initiator.spec.group->name,
                                    initiator.spec.deployment, rollback::why(initiator.spec));
  record.spec.caused_by = initiator.meta.key.name;
  record.spec.policy = guard.policy;
  // An approval of the initiator's Rollback counts for the group. Without one this policy decides.
  record.spec.mode =
      gates::was_approved(initiator) ? api::Mode::Enforce : step.inputs.policy.spec.mode;
  return record;
}

void start_member_rollback(Step& step, api::Rollback record) {
  api::GuardStatus& guard = step.guard();
  const std::string bad = rollback::name_of(step.deployment(), *guard.current);
  // After a failed write of the record the same rollback starts again: no second Event.
  const bool is_reported = guard.rollback == record.meta.key.name;
  guard.rollback = record.meta.key.name;
  if (record.spec.mode == api::Mode::Approve) {
    enter_hold(step, gates::waits_for_approval(record), bad);
  } else {
    step.enter(State::RollingBack, record.spec.reason, record.spec.message);
    if (!is_reported) {
      step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
                fmt::format("Rolling back {} to {}, {}: Rollback {}", bad,
                            rollback::name_of(step.deployment(), record.spec.to),
                            rollback::why(record.spec), guard.rollback));
    }
  }
  step.requeue_at(step.now + std::chrono::seconds(1));
  // Members with an earlier turn may not be restored yet.
  step.plan.action = StartRollback{.record = std::move(record), .execute = false};
}

}  // namespace

bool follow_group(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* initiator = group_rollback_to_follow(step.inputs, guard, step.now);
  if (!initiator) return false;
  const auto target = pass_member_gates(step);
  if (!target) {
    enter_hold(step, target.error(), rollback::name_of(step.deployment(), *guard.current));
    return true;
  }
  // The end of the previous Rollback is written first.
  if (step.plan.rollback) {
    step.requeue_at(step.now);
    return false;
  }
  start_member_rollback(step, record_for_member(step, *initiator, *target));
  return true;
}

std::string why_not_with_group(Step& step) {
  const Inputs& inputs = step.inputs;
  const api::GuardStatus& guard = step.plan.guard;
  if (inputs.policy.kind == EffectivePolicy::Kind::Broken) return inputs.policy.message;
  if (inputs.policy.kind == EffectivePolicy::Kind::None) return "no policy governs it";
  if (guard.state == State::Frozen) return fmt::format("it is frozen ({})", guard.reason);
  if (inputs.policy.spec.mode == api::Mode::Observe)
    return fmt::format("{} has mode Observe", inputs.policy.name);
  // The other members learn of the end of the hold at once.
  const auto until_it_ends = [&](const Hold& hold) {
    if (hold.until) step.requeue_at(*hold.until);
    return hold.message;
  };
  if (const auto hold = first_hold(write_gates(), inputs, guard, step.now))
    return until_it_ends(*hold);
  if (const auto hold = gates::declined(inputs, guard, step.now)) return hold->message;
  if (const auto hold = gates::already_rolled_back(inputs, guard, step.now)) return hold->message;
  const auto target = due_target(inputs, guard);
  if (!target) return choose_target(guard).why_not;
  if (const auto hold = gates::limit_reached(inputs, guard, step.now)) return hold->message;
  if (const auto hold = gates::cooldown(inputs, guard, step.now)) return until_it_ends(*hold);
  if (!is_about(inputs.preflight, inputs.deployment, *target))
    return "the preflight of its rollback is running";
  const bool is_ready = inputs.preflight->ready == api::ConditionStatus::True;
  return is_ready ? "" : inputs.preflight->message;
}

}  // namespace lastgood::guard
