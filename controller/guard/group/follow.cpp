#include "guard/group/follow.hpp"

#include <fmt/format.h>

#include <expected>

#include "guard/gates/chains.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/group/group.hpp"
#include "guard/manual_request.hpp"
#include "guard/preflight.hpp"
#include "guard/states/restoration.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::State;

namespace {

// The target of the member's rollback, or the hold that blocks the rollback. The checks of the
// initiator are the evidence, so the member's own checks do not block.
std::expected<Revision, Hold> pass_member_gates(const Step& step) {
  const Inputs& inputs = step.inputs;
  const api::GuardStatus& guard = step.plan.guard;
  if (auto hold = first_hold(write_gates(), inputs, guard, step.now)) return std::unexpected(*hold);
  for (const auto gate : {gates::no_rollback_past, gates::no_last_good, gates::too_far_back,
                          gates::observing, gates::preflight}) {
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
  record.spec.message =
      fmt::format("Group {} is rolled back: {}, {}", initiator.spec.group->name,
                  initiator.spec.deployment, rollback::cause_text(initiator.spec));
  record.spec.caused_by = initiator.meta.key.name;
  record.spec.policy = guard.policy;
  // An approval of the initiator's Rollback counts for the group. Without it, the mode of this
  // member's policy applies.
  record.spec.mode =
      gates::was_approved(initiator) ? api::Mode::Enforce : step.inputs.policy.spec.mode;
  return record;
}

void start_member_rollback(Step& step, api::Rollback record) {
  api::GuardStatus& guard = step.guard();
  const std::string bad = step.current_name();
  // If the record could not be written, the same rollback starts again without a second Event.
  const bool is_reported = guard.rollback == record.meta.key.name;
  guard.rollback = record.meta.key.name;
  if (record.spec.mode == api::Mode::Approve) {
    enter_hold(step, gates::approval_hold(record), bad);
  } else {
    step.enter(State::RollingBack, record.spec.reason, record.spec.message);
    if (!is_reported) {
      step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
                fmt::format("Rolling back {} to {}, {}{}. Record: Rollback {}", bad,
                            rollback::name_of(step.deployment(), record.spec.to),
                            rollback::cause_text(record.spec), rollback::undone_text(record.spec),
                            guard.rollback));
    }
  }
  step.requeue_at(step.now + std::chrono::seconds(1));
  // The Rollback is only recorded: members before this one in the order may not be restored yet.
  step.plan.action = StartRollback{.record = std::move(record), .execute = false};
}

}  // namespace

bool follow_group(Step& step) {
  const api::GuardStatus& guard = step.guard();
  const api::Rollback* initiator = group_rollback_to_follow(step.inputs, guard, step.now);
  if (!initiator) return false;
  const auto target = pass_member_gates(step);
  if (!target) {
    enter_hold(step, target.error(), step.current_name());
    return true;
  }
  // Write the end of the previous Rollback first.
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
  // Reconcile when the hold ends, because the other members wait for the end of the hold.
  const auto requeue_and_explain = [&](const Hold& hold) {
    if (hold.until) step.requeue_at(*hold.until);
    return hold.message;
  };
  if (const auto hold = first_hold(write_gates(), inputs, guard, step.now))
    return requeue_and_explain(*hold);
  if (const auto hold = gates::declined(inputs, guard, step.now)) return hold->message;
  if (const auto hold = gates::already_rolled_back(inputs, guard, step.now)) return hold->message;
  const auto target = pending_or_last_good_target(inputs, guard);
  if (!target) return choose_target(guard).why_not;
  if (const auto hold = gates::too_far_back(inputs, guard, step.now)) return hold->message;
  if (const auto until = gates::end_of_limit(inputs, guard, step.now)) {
    step.requeue_at(*until);
    return fmt::format("{}. The next one may start at {}",
                       gates::limit_reached(inputs, guard, step.now)->message,
                       format_rfc3339(*until));
  }
  if (const auto hold = gates::cooldown(inputs, guard, step.now)) return requeue_and_explain(*hold);
  if (!is_about(inputs.preflight, inputs.deployment, *target))
    return "the preflight of its rollback is running";
  if (inputs.preflight->ready == api::ConditionStatus::True) return {};
  // An empty text would mean that the Deployment can be rolled back.
  if (inputs.preflight->message.empty())
    return fmt::format("the preflight of its rollback has the result {}", inputs.preflight->reason);
  return inputs.preflight->message;
}

}  // namespace lastgood::guard
