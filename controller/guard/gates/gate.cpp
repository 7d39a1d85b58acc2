#include "guard/gates/gate.hpp"

#include <fmt/format.h>

#include <array>

#include "guard/gates/release_gates.hpp"

namespace lastgood::guard {

namespace {

using MaybeHold = std::optional<Hold>;

MaybeHold deleting(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.meta.deleting) return {};
  return Hold{.reason = Reason::Deleting, .message = "The Deployment is being deleted"};
}

MaybeHold suspended(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.policy.spec.suspend) return {};
  return Hold{.reason = Reason::Suspended,
              .message = fmt::format("{} is suspended; set spec.suspend to false to let it action",
                                     inputs.policy.name)};
}

MaybeHold deployment_paused(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.paused) return {};
  return Hold{.reason = Reason::DeploymentPaused,
              .message =
                  "The Deployment is paused; it is left alone until it is resumed (kubectl rollout "
                  "resume)"};
}

MaybeHold scaled_to_zero(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.deployment.replicas != 0) return {};
  return Hold{
      .reason = Reason::ScaledToZero,
      .message =
          "The Deployment is scaled to zero: there is nothing to judge until it is scaled up"};
}

MaybeHold paused_until(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& until = inputs.policy.pause_until;
  if (!until || *until <= now) return {};
  return Hold{
      .reason = Reason::PausedUntil,
      .message = fmt::format(
          "lastgood.dev/pause-until says to leave it alone until {}; take it away to end that",
          format_rfc3339(*until)),
      .until = until};
}

constexpr std::array judge{
    Gate{.name = "Deleting", .blocks = deleting},
    Gate{.name = "Suspended", .blocks = suspended},
    Gate{.name = "DeploymentPaused", .blocks = deployment_paused},
    Gate{.name = "ScaledToZero", .blocks = scaled_to_zero},
};

constexpr std::array touch{
    judge[0], judge[1], judge[2], judge[3], Gate{.name = "PausedUntil", .blocks = paused_until},
};

// What a person has forced is not held back by what the policy or an annotation says.
constexpr std::array forced{judge[0], judge[2], judge[3]};

// Evidence first, so that what is said is about the release; then what may be done; last what is
// done once all else allows it.
constexpr std::array begin{
    Gate{.name = "Declined", .blocks = gates::declined},
    Gate{.name = "AlreadyRolledBack", .blocks = gates::one_per_release},
    Gate{.name = "NoRollbackPast", .blocks = gates::no_rollback_past},
    Gate{.name = "NoLastGood", .blocks = gates::no_target},
    Gate{.name = "Unconfirmed", .blocks = gates::unconfirmed},
    Gate{.name = "AlreadyFailing", .blocks = gates::already_failing},
    Gate{.name = "SharedCause", .blocks = gates::shared_cause},
    Gate{.name = "BreakerOpen", .blocks = gates::breaker_open},
    Gate{.name = "LimitReached", .blocks = gates::limit_reached},
    Gate{.name = "Cooldown", .blocks = gates::cooldown},
    Gate{.name = "Preflight", .blocks = gates::preflight},
    Gate{.name = "GroupBlocked", .blocks = gates::group_blocked},
    Gate{.name = "Observing", .blocks = gates::observing},
};

constexpr std::array pending{
    Gate{.name = "Observing", .blocks = gates::observing},
    Gate{.name = "AwaitingApproval", .blocks = gates::awaiting_approval},
    Gate{.name = "AlreadyFailing", .blocks = gates::already_failing},
    Gate{.name = "SharedCause", .blocks = gates::shared_cause},
    Gate{.name = "BreakerOpen", .blocks = gates::breaker_open},
    Gate{.name = "InitiatorHeld", .blocks = gates::caller_held},
    Gate{.name = "GroupStillAble", .blocks = gates::group_still_able},
    Gate{.name = "GroupOrder", .blocks = gates::group_order},
    Gate{.name = "Preflight", .blocks = gates::preflight},
};

constexpr std::array group{pending[0], pending[1], pending[7], pending[8]};

// Before anything is said of a Rollback that belongs to a group.
constexpr std::array unseen{Gate{.name = "GroupUnseen", .blocks = gates::group_unseen}};

constexpr std::array manual{
    Gate{.name = "Preflight", .blocks = gates::preflight},
};

}  // namespace

std::span<const Gate> evaluation_gates() { return judge; }
std::span<const Gate> write_gates() { return touch; }
std::span<const Gate> forced_write_gates() { return forced; }
std::span<const Gate> start_gates() { return begin; }
std::span<const Gate> resume_gates() { return pending; }
std::span<const Gate> group_resume_gates() { return group; }
std::span<const Gate> group_known_gates() { return unseen; }
std::span<const Gate> manual_gates() { return manual; }

std::optional<Hold> first_hold(std::span<const Gate> rules, const Inputs& inputs,
                               const api::GuardStatus& guard, Time now) {
  for (const Gate& gate : rules) {
    if (auto hold = gate.blocks(inputs, guard, now)) return hold;
  }
  return {};
}

}  // namespace lastgood::guard
