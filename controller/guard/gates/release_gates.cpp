// Whether a rollback may begin: what the release, the fleet, the limits and the policy say. What a group says is in
// group_rules.cpp.
#include "guard/gates/release_gates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/group/member.hpp"
#include "guard/preflight.hpp"
#include "rollback/record.hpp"
#include "guard/gates/request_gates.hpp"
#include "guard/check_status.hpp"
#include "guard/target.hpp"

namespace lastgood::guard::restraint {

using api::CheckStatus;

namespace {

// By name, and by what is judged: scaling gives the same release another generation, and so another name.
bool is_of_this_release(const api::Rollback& rollback, const World& world, const api::GuardStatus& guard) {
  if (rollback.spec.deployment_uid != world.deployment.meta.uid) return false;
  if (rollback::is_named_after(world.deployment, rollback)) return true;
  const bool since_it_is_watched =
      guard.watch_started && rollback.spec.detected && *rollback.spec.detected >= *guard.watch_started;
  return guard.current && rollback.spec.from.hash == guard.current->hash && since_it_is_watched;
}

// What is recorded is what a person wants, whatever stands in its way.
bool is_forced(const World& world, const api::GuardStatus& guard) {
  const api::Rollback* rollback = rollback::named_by(guard, world.rollback);
  return rollback && rollback->spec.force && api::is_by_hand(rollback->spec);
}

constexpr std::string_view what_ends_it =
    "It is put back when the old pods pass and the new ones still fail; where none of the old is left, ship a release that "
    "works, or make a Rollback by hand";

// The first confirmed breach, when the same check fails for the other revision too, and so was no reason to act.
const CheckStatus* not_its_own(const World& world, const api::GuardStatus& guard, bool before, Time now) {
  const api::PolicySpec& spec = world.guarding.spec;
  if (actionable_breach(guard.checks, spec, now)) return nullptr;
  const CheckStatus* breach = confirmed_breach(guard.checks, spec, now);
  return breach && breach->comparison && breach->comparison->before == before ? breach : nullptr;
}

}  // namespace

MaybeHold declined(const World&, const api::GuardStatus& guard, Time) {
  if (!guard.declined) return {};
  return Hold{
      .reason = "Declined",
      .message = fmt::format("A person deleted Rollback {} of this release while it waited, so the release stays. Ship a new "
                             "one, or make a Rollback by hand",
                             guard.declined->rollback)};
}

MaybeHold one_per_release(const World& world, const api::GuardStatus& guard, Time) {
  const auto& rollback = world.rollback;
  if (!rollback || !api::finished(rollback->status.phase) || rollback::came_to_nothing(*rollback)) return {};
  if (!is_of_this_release(*rollback, world, guard)) return {};
  const std::string& words = rollback->status.message;
  return Hold{
      .reason = "AlreadyRolledBack",
      .message = fmt::format("Rollback {} of this release ended as {}{}{}; a release is rolled back once at "
                             "most. Ship a new one, or make a Rollback by hand",
                             rollback->meta.key.name, api::to_string(rollback->status.phase), words.empty() ? "" : ": ", words)};
}

MaybeHold no_target(const World&, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (target.revision || target.is_past_mark) return {};
  return Hold{.reason = "NoLastGood",
              .message = fmt::format("There is nothing to go back to: {}. Ship a release that works", target.why_not)};
}

MaybeHold no_rollback_past(const World&, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (!target.is_past_mark) return {};
  return Hold{.reason = "NoRollbackPast",
              .message = fmt::format(
                  "Going back would do harm: {}. Ship a release that mends it, or roll back by hand with force", target.why_not)};
}

// While nobody looked the release may have got well: after a restart, a suspension or a silence it must be seen to fail again.
MaybeHold unconfirmed(const World& world, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = breached(guard.checks);
  if (!breach || confirmed_breach(guard.checks, world.guarding.spec, now)) return {};
  return Hold{
      .reason = "Unconfirmed",
      .message = fmt::format("Check {} was breached, but has not failed lately ({}); it is acted upon when it fails again",
                             breach->name, breach->reason)};
}

MaybeHold already_failing(const World& world, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = not_its_own(world, guard, true, now);
  if (!breach) return {};
  return Hold{.reason = "AlreadyFailing",
              .message = fmt::format(
                  "Check {} failed before the new revision had a pod, so the release is not its cause. Then, {}: "
                  "{}. Now: {}. {}",
                  breach->name, breach->comparison->revision, breach->comparison->message, breach->message, what_ends_it)};
}

MaybeHold shared_cause(const World& world, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = not_its_own(world, guard, false, now);
  if (!breach) return {};
  return Hold{
      .reason = "SharedCause",
      .message = fmt::format("Check {} fails just the same for {}, so going back to it would not help. The old revision, at {}: "
                             "{}. The new one: {}. {}",
                             breach->name, breach->comparison->revision, format_rfc3339(breach->comparison->at.value_or(now)),
                             breach->comparison->message, breach->message, what_ends_it)};
}

MaybeHold breaker_open(const World& world, const api::GuardStatus&, Time) {
  if (!world.breaker.is_open) return {};
  return Hold{.reason = "BreakerOpen", .message = world.breaker.message};
}

MaybeHold limit_reached(const World& world, const api::GuardStatus& guard, Time now) {
  const api::RollbackLimit& limit = world.guarding.spec.limit;
  const auto counts = [&](const api::PastRollback& past) { return past.at <= now && now - past.at < limit.within; };
  const auto done = std::ranges::count_if(guard.rollbacks, counts);
  if (done < limit.count) return {};
  return Hold{.reason = "LimitReached",
              .message = fmt::format("It was rolled back {} times within {} (limit {}), so another time would not help", done,
                                     format_duration(limit.within), limit.count),
              .freezes = true};
}

MaybeHold cooldown(const World& world, const api::GuardStatus& guard, Time now) {
  if (guard.rollbacks.empty()) return {};
  const Time until = guard.rollbacks.front().at + world.guarding.spec.cooldown;
  if (until <= now) return {};
  return Hold{.reason = "Cooldown",
              .message = fmt::format("It was rolled back {} ago; the next rollback is due at {} (cooldown {})",
                                     format_duration(std::chrono::floor<std::chrono::seconds>(now - guard.rollbacks.front().at)),
                                     format_rfc3339(until), format_duration(world.guarding.spec.cooldown)),
              .until = until};
}

// Nothing is begun that is known not to work, nor before that is known.
MaybeHold preflight(const World& world, const api::GuardStatus& guard, Time now) {
  constexpr std::chrono::milliseconds at_once{50};
  constexpr std::chrono::seconds in_a_while{5};
  const auto target = due_target(world, guard);
  if (!target) return {};
  if (!is_fresh(world.preflight, world.deployment, *target, now)) {
    return Hold{.reason = "CheckingRollback",
                .message = "Whether the rollback would work is being found out",
                .until = now + at_once,
                .is_quiet = true};
  }
  const api::Preflight& found = *world.preflight;
  if (found.ready == api::Truth::True) return {};
  if (found.reason == "MissingReference" && is_forced(world, guard)) return {};
  return Hold{.reason = found.reason, .message = found.message, .until = now + in_a_while};
}

MaybeHold observing(const World& world, const api::GuardStatus& guard, Time) {
  if (world.guarding.spec.mode != api::Mode::Observe) return {};
  const Target target = choose_target(guard);
  return Hold{
      .reason = "Observing",
      .message = fmt::format("{} has mode Observe: it would be put back to {} now, but nothing is touched", world.guarding.name,
                             target.revision ? fmt::format("revision {}", target.revision->number) : "nothing")};
}

Hold waits_for_approval(const api::Rollback& rollback) {
  return {.reason = "AwaitingApproval",
          .message = fmt::format("Rollback {0} waits for approval: kubectl patch rollback {0} -n {1} --type=merge -p "
                                 "'{{\"spec\":{{\"approved\":true}}}}', or kubectl annotate deployment {2} -n {1} "
                                 "lastgood.dev/approve={0} --overwrite",
                                 rollback.meta.key.name, rollback.meta.key.namespace_, rollback.spec.deployment)};
}

namespace {

bool needs_approval(const World& world) {
  const auto& rollback = world.rollback;
  if (!rollback || api::is_by_hand(rollback->spec)) return false;
  // What was recorded before a policy asked for approval needs it too.
  const auto asks = [&](const GroupMember& member) {
    return member.mode == api::Mode::Approve && calls(*rollback, member.deployment);
  };
  return rollback->spec.mode == api::Mode::Approve || world.guarding.spec.mode == api::Mode::Approve ||
         (std::ranges::any_of(world.group, asks) && !has_begun(world, call_of(*rollback)));
}

}  // namespace

bool was_approved(const api::Rollback& call) { return call.spec.mode == api::Mode::Approve || rollback::is_noted_as_approved(call); }

std::string approval_of(const World& world) {
  if (!needs_approval(world)) return {};
  const api::Rollback& rollback = *world.rollback;
  if (rollback.spec.approved) return fmt::format("{}, by spec.approved of the Rollback", rollback::approved_words);
  if (world.guarding.approve == rollback.meta.key.name)
    return fmt::format("{}, by lastgood.dev/approve on the Deployment", rollback::approved_words);
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* call = caller_of(world, rollback);
  // Where that is gone, what was noted of it stands.
  const bool is_approved = call ? was_approved(*call) : rollback::is_noted_as_approved(rollback);
  return is_approved ? fmt::format("{} with its group, by Rollback {}", rollback::approved_words, rollback.spec.caused_by) : "";
}

MaybeHold awaiting_approval(const World& world, const api::GuardStatus&, Time) {
  if (!needs_approval(world) || !approval_of(world).empty()) return {};
  Hold hold = waits_for_approval(*world.rollback);
  const std::string& other = world.guarding.approve;
  if (!other.empty()) hold.message += fmt::format(". At present lastgood.dev/approve names {}, which is not it", other);
  return hold;
}

}  // namespace lastgood::guard::restraint
