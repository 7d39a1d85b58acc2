#include "guard/gates/chains.hpp"

#include <fmt/format.h>

#include <array>

#include "guard/gates/evidence_gates.hpp"
#include "guard/gates/group_gates.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/target.hpp"

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
              .message = fmt::format("{} is suspended. Set spec.suspend to false to end that",
                                     inputs.policy.name)};
}

MaybeHold deployment_paused(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.deployment.paused) return {};
  const Key& key = inputs.deployment.meta.key;
  return Hold{.reason = Reason::DeploymentPaused,
              .message = fmt::format("The Deployment is paused, so Lastgood does not change it. To "
                                     "continue, run: kubectl rollout resume deployment/{} -n {}",
                                     key.name, key.namespace_)};
}

MaybeHold scaled_to_zero(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (inputs.deployment.replicas != 0) return {};
  return Hold{.reason = Reason::ScaledToZero,
              .message = "The Deployment is scaled to zero, so no pod can be checked. Scale it up"};
}

MaybeHold paused_until(const Inputs& inputs, const api::GuardStatus&, Time now) {
  const auto& until = inputs.policy.pause_until;
  if (!until || *until <= now) return {};
  return Hold{.reason = Reason::PausedUntil,
              .message = fmt::format("The annotation lastgood.dev/pause-until forbids rollbacks "
                                     "until {}. Remove it to end that earlier",
                                     format_rfc3339(*until)),
              .until = until};
}

constexpr Gate deleting_gate{.name = "Deleting", .blocks = deleting};
constexpr Gate suspended_gate{.name = "Suspended", .blocks = suspended};
constexpr Gate deployment_paused_gate{.name = "DeploymentPaused", .blocks = deployment_paused};
constexpr Gate scaled_to_zero_gate{.name = "ScaledToZero", .blocks = scaled_to_zero};
constexpr Gate paused_until_gate{.name = "PausedUntil", .blocks = paused_until};
constexpr Gate observing_gate{.name = "Observing", .blocks = gates::observing};
constexpr Gate approval_gate{.name = "AwaitingApproval", .blocks = gates::awaiting_approval};
constexpr Gate group_order_gate{.name = "GroupOrder", .blocks = gates::group_order};
constexpr Gate preflight_gate{.name = "Preflight", .blocks = gates::preflight};

constexpr std::array evaluation_chain{deleting_gate, suspended_gate, deployment_paused_gate,
                                      scaled_to_zero_gate};

constexpr std::array write_chain{deleting_gate, suspended_gate, deployment_paused_gate,
                                 scaled_to_zero_gate, paused_until_gate};

// spec.force of a manual Rollback skips the gates Suspended and PausedUntil.
constexpr std::array forced_write_chain{deleting_gate, deployment_paused_gate, scaled_to_zero_gate};

// The order of the gates: the release and its target, the evidence, the limits, the preflight, the
// group. The mode is last: it blocks only a rollback that all other gates allow.
constexpr std::array start_chain{
    Gate{.name = "Declined", .blocks = gates::declined},
    Gate{.name = "AlreadyRolledBack", .blocks = gates::already_rolled_back},
    Gate{.name = "NoRollbackPast", .blocks = gates::no_rollback_past},
    Gate{.name = "NoLastGood", .blocks = gates::no_last_good},
    Gate{.name = "TooFarBack", .blocks = gates::too_far_back},
    Gate{.name = "Unconfirmed", .blocks = gates::unconfirmed},
    Gate{.name = "AlreadyFailing", .blocks = gates::already_failing},
    Gate{.name = "SharedCause", .blocks = gates::shared_cause},
    Gate{.name = "CheckNotEstablished", .blocks = gates::check_not_established},
    Gate{.name = "ClusterFault", .blocks = gates::cluster_fault},
    Gate{.name = "BreakerOpen", .blocks = gates::breaker_open},
    Gate{.name = "SharedWithFleet", .blocks = gates::shared_with_fleet},
    Gate{.name = "LimitReached", .blocks = gates::limit_reached},
    Gate{.name = "Cooldown", .blocks = gates::cooldown},
    preflight_gate,
    Gate{.name = "SameImage", .blocks = gates::same_image},
    Gate{.name = "GroupBlocked", .blocks = gates::group_blocked},
    observing_gate,
};

constexpr std::array resume_chain{
    observing_gate,
    approval_gate,
    Gate{.name = "AlreadyFailing", .blocks = gates::already_failing},
    Gate{.name = "SharedCause", .blocks = gates::shared_cause},
    Gate{.name = "CheckNotEstablished", .blocks = gates::check_not_established},
    Gate{.name = "ClusterFault", .blocks = gates::cluster_fault},
    Gate{.name = "BreakerOpen", .blocks = gates::breaker_open},
    Gate{.name = "SharedWithFleet", .blocks = gates::shared_with_fleet},
    Gate{.name = "InitiatorHeld", .blocks = gates::initiator_held},
    Gate{.name = "GroupMembersReady", .blocks = gates::group_members_ready},
    group_order_gate,
    preflight_gate,
    Gate{.name = "SameImage", .blocks = gates::same_image},
};

constexpr std::array group_resume_chain{observing_gate, approval_gate, group_order_gate,
                                        preflight_gate};

constexpr std::array group_states_known_chain{
    Gate{.name = "GroupKnown", .blocks = gates::group_known}};

constexpr std::array manual_chain{preflight_gate};

}  // namespace

std::span<const Gate> evaluation_gates() { return evaluation_chain; }
std::span<const Gate> write_gates() { return write_chain; }
std::span<const Gate> forced_write_gates() { return forced_write_chain; }
std::span<const Gate> start_gates() { return start_chain; }
std::span<const Gate> resume_gates() { return resume_chain; }
std::span<const Gate> group_resume_gates() { return group_resume_chain; }
std::span<const Gate> group_states_known_gates() { return group_states_known_chain; }
std::span<const Gate> manual_gates() { return manual_chain; }

std::optional<Hold> first_hold(std::span<const Gate> gates, const Inputs& inputs,
                               const api::GuardStatus& guard, Time now) {
  for (const Gate& gate : gates) {
    if (auto hold = gate.blocks(inputs, guard, now)) return hold;
  }
  return {};
}

std::optional<StartProof> start_proof_without_gates(const Inputs& inputs,
                                                    const api::GuardStatus& guard, Time now) {
  const api::CheckStatus* breach = gates::established_breach(guard, inputs.policy.spec, now);
  const auto target = choose_target(guard).revision;
  if (!breach || !target) return {};
  return StartProof{.breach = *breach, .target = *target};
}

std::expected<StartProof, Hold> pass_start_gates(const Inputs& inputs,
                                                 const api::GuardStatus& guard, Time now) {
  if (auto hold = first_hold(write_gates(), inputs, guard, now)) return std::unexpected(*hold);
  if (auto hold = first_hold(start_gates(), inputs, guard, now)) return std::unexpected(*hold);
  auto proof = start_proof_without_gates(inputs, guard, now);
  if (proof) return std::move(*proof);
  return std::unexpected(Hold{.reason = Reason::Unconfirmed,
                              .message = "The breach is not confirmed, or there is no target"});
}

}  // namespace lastgood::guard
