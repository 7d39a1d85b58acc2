#include "guard/gates/gate.hpp"

#include <fmt/format.h>

#include <array>

#include "guard/gates/release_gates.hpp"

namespace lastgood::guard {

namespace {

using MaybeHold = std::optional<Hold>;

MaybeHold deleting(const World& world, const api::GuardStatus&, Time) {
  if (!world.deployment.meta.deleting) return {};
  return Hold{.reason = "Deleting", .message = "The Deployment is being deleted"};
}

MaybeHold suspended(const World& world, const api::GuardStatus&, Time) {
  if (!world.guarding.spec.suspend) return {};
  return Hold{.reason = "Suspended",
              .message = fmt::format("{} is suspended; set spec.suspend to false to let it act", world.guarding.name)};
}

MaybeHold deployment_paused(const World& world, const api::GuardStatus&, Time) {
  if (!world.deployment.paused) return {};
  return Hold{.reason = "DeploymentPaused",
              .message = "The Deployment is paused; it is left alone until it is resumed (kubectl rollout resume)"};
}

MaybeHold scaled_to_zero(const World& world, const api::GuardStatus&, Time) {
  if (world.deployment.replicas != 0) return {};
  return Hold{.reason = "ScaledToZero",
              .message = "The Deployment is scaled to zero: there is nothing to judge until it is scaled up"};
}

MaybeHold paused_until(const World& world, const api::GuardStatus&, Time now) {
  const auto& until = world.guarding.pause_until;
  if (!until || *until <= now) return {};
  return Hold{.reason = "PausedUntil",
              .message = fmt::format("lastgood.dev/pause-until says to leave it alone until {}; take it away to end that",
                                     format_rfc3339(*until)),
              .until = until};
}

constexpr std::array judge{
    HoldRule{.name = "Deleting", .holds = deleting},
    HoldRule{.name = "Suspended", .holds = suspended},
    HoldRule{.name = "DeploymentPaused", .holds = deployment_paused},
    HoldRule{.name = "ScaledToZero", .holds = scaled_to_zero},
};

constexpr std::array touch{
    judge[0], judge[1], judge[2], judge[3], HoldRule{.name = "PausedUntil", .holds = paused_until},
};

// What a person has forced is not held back by what the policy or an annotation says.
constexpr std::array forced{judge[0], judge[2], judge[3]};

// Evidence first, so that what is said is about the release; then what may be done; last what is done once all else allows it.
constexpr std::array begin{
    HoldRule{.name = "Declined", .holds = restraint::declined},
    HoldRule{.name = "AlreadyRolledBack", .holds = restraint::one_per_release},
    HoldRule{.name = "NoRollbackPast", .holds = restraint::no_rollback_past},
    HoldRule{.name = "NoLastGood", .holds = restraint::no_target},
    HoldRule{.name = "Unconfirmed", .holds = restraint::unconfirmed},
    HoldRule{.name = "AlreadyFailing", .holds = restraint::already_failing},
    HoldRule{.name = "SharedCause", .holds = restraint::shared_cause},
    HoldRule{.name = "BreakerOpen", .holds = restraint::breaker_open},
    HoldRule{.name = "LimitReached", .holds = restraint::limit_reached},
    HoldRule{.name = "Cooldown", .holds = restraint::cooldown},
    HoldRule{.name = "Preflight", .holds = restraint::preflight},
    HoldRule{.name = "GroupBlocked", .holds = restraint::group_blocked},
    HoldRule{.name = "Observing", .holds = restraint::observing},
};

constexpr std::array pending{
    HoldRule{.name = "Observing", .holds = restraint::observing},
    HoldRule{.name = "AwaitingApproval", .holds = restraint::awaiting_approval},
    HoldRule{.name = "AlreadyFailing", .holds = restraint::already_failing},
    HoldRule{.name = "SharedCause", .holds = restraint::shared_cause},
    HoldRule{.name = "BreakerOpen", .holds = restraint::breaker_open},
    HoldRule{.name = "CallerHeld", .holds = restraint::caller_held},
    HoldRule{.name = "GroupStillAble", .holds = restraint::group_still_able},
    HoldRule{.name = "GroupOrder", .holds = restraint::group_order},
    HoldRule{.name = "Preflight", .holds = restraint::preflight},
};

constexpr std::array group{pending[0], pending[1], pending[7], pending[8]};

// Before anything is said of a Rollback that belongs to a group.
constexpr std::array unseen{HoldRule{.name = "GroupUnseen", .holds = restraint::group_unseen}};

constexpr std::array by_hand{
    HoldRule{.name = "Preflight", .holds = restraint::preflight},
};

}  // namespace

std::span<const HoldRule> judge_rules() { return judge; }
std::span<const HoldRule> touch_rules() { return touch; }
std::span<const HoldRule> forced_rules() { return forced; }
std::span<const HoldRule> begin_rules() { return begin; }
std::span<const HoldRule> pending_rules() { return pending; }
std::span<const HoldRule> group_rules() { return group; }
std::span<const HoldRule> unseen_rules() { return unseen; }
std::span<const HoldRule> by_hand_rules() { return by_hand; }

std::optional<Hold> first_hold(std::span<const HoldRule> rules, const World& world, const api::GuardStatus& guard, Time now) {
  for (const HoldRule& rule : rules) {
    if (auto hold = rule.holds(world, guard, now)) return hold;
  }
  return {};
}

}  // namespace lastgood::guard
