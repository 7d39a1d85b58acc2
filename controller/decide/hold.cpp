#include "decide/hold.hpp"

#include <fmt/format.h>

#include <array>

#include "decide/record.hpp"
#include "decide/samples.hpp"
#include "decide/target.hpp"

namespace lastgood::decide {

namespace {

using MaybeHold = std::optional<Hold>;

MaybeHold deleting(const World& world, const api::GuardStatus&, Time) {
  if (!world.deployment.meta.deleting) return {};
  return Hold{.reason = "Deleting", .message = "The Deployment is being deleted"};
}

MaybeHold suspended(const World& world, const api::GuardStatus&, Time) {
  if (!world.guarding.spec.suspend) return {};
  return Hold{.reason = "Suspended",
              .message = fmt::format("{} is suspended; set spec.suspend to false to let it act", world.guarding.policy)};
}

MaybeHold deployment_paused(const World& world, const api::GuardStatus&, Time) {
  if (!world.deployment.paused) return {};
  return Hold{.reason = "DeploymentPaused",
              .message = "The Deployment is paused; it is left alone until it is resumed (kubectl rollout resume)"};
}

MaybeHold scaled_to_zero(const World& world, const api::GuardStatus&, Time) {
  if (world.deployment.replicas != 0) return {};
  return Hold{.reason = "ScaledToZero", .message = "The Deployment is scaled to zero: there is nothing to judge"};
}

MaybeHold paused_until(const World& world, const api::GuardStatus&, Time now) {
  const auto& until = world.guarding.pause_until;
  if (!until || *until <= now) return {};
  return Hold{.reason = "PausedUntil",
              .message = fmt::format("lastgood.dev/pause-until says to leave it alone until {}", format_rfc3339(*until)),
              .until = until};
}

// By name, and by what is judged: scaling gives the same release another generation, and so another name.
bool is_of_this_release(const api::Rollback& rollback, const World& world, const api::GuardStatus& guard) {
  if (rollback.spec.deployment_uid != world.deployment.meta.uid) return false;
  if (rollback.meta.key.name == rollback_name(world.deployment)) return true;
  const bool since_it_is_watched =
      guard.watch_started && rollback.spec.detected && *rollback.spec.detected >= *guard.watch_started;
  return guard.current && rollback.spec.from.hash == guard.current->hash && since_it_is_watched;
}

MaybeHold one_per_release(const World& world, const api::GuardStatus& guard, Time) {
  const auto& rollback = world.rollback;
  if (!rollback || !api::finished(rollback->status.phase) || !is_of_this_release(*rollback, world, guard)) return {};
  return Hold{.reason = "AlreadyRolledBack",
              .message = fmt::format("Rollback {} of this release ended as {}; a release is rolled back once at most",
                                     rollback->meta.key.name, api::to_string(rollback->status.phase))};
}

// While nobody looked the release may have got well: after a restart, a suspension or a silence it must be seen to fail again.
MaybeHold unconfirmed(const World& world, const api::GuardStatus& guard, Time now) {
  const api::CheckStatus* breach = breached(guard.checks);
  if (!breach || confirmed_breach(guard.checks, world.guarding.spec, now)) return {};
  return Hold{
      .reason = "Unconfirmed",
      .message = fmt::format("Check {} was breached, but has not failed lately ({}); it is acted upon when it fails again",
                             breach->name, breach->reason)};
}

MaybeHold no_last_good(const World&, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (target.revision) return {};
  return Hold{.reason = "NoLastGood", .message = fmt::format("There is nothing to go back to: {}", target.why_not)};
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

constexpr std::array begin{
    HoldRule{.name = "AlreadyRolledBack", .holds = one_per_release},
    HoldRule{.name = "NoLastGood", .holds = no_last_good},
    HoldRule{.name = "Unconfirmed", .holds = unconfirmed},
};

}  // namespace

std::span<const HoldRule> judge_rules() { return judge; }
std::span<const HoldRule> touch_rules() { return touch; }
std::span<const HoldRule> begin_rules() { return begin; }

std::optional<Hold> first_hold(std::span<const HoldRule> rules, const World& world, const api::GuardStatus& guard, Time now) {
  for (const HoldRule& rule : rules) {
    if (auto hold = rule.holds(world, guard, now)) return hold;
  }
  return {};
}

}  // namespace lastgood::decide
