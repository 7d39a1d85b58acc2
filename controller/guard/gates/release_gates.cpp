// Whether a rollback may begin: what the release, the fleet, the limits and the policy say. What a
// group says is in group_resume_gates.cpp.
#include "guard/gates/release_gates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/gates/request_gates.hpp"
#include "guard/group/member.hpp"
#include "guard/preflight.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard::gates {

using api::CheckStatus;

namespace {

// By name, and by what is judged: scaling gives the same release another generation, and so another
// name.
bool is_of_this_release(const api::Rollback& rollback, const Inputs& inputs,
                        const api::GuardStatus& guard) {
  if (rollback.spec.deployment_uid != inputs.deployment.meta.uid) return false;
  if (rollback::is_named_after(inputs.deployment, rollback)) return true;
  const bool since_it_is_watched = guard.evaluation_started && rollback.spec.detected &&
                                   *rollback.spec.detected >= *guard.evaluation_started;
  return guard.current && rollback.spec.from.hash == guard.current->hash && since_it_is_watched;
}

// What is recorded is what a person wants, whatever stands in its way.
bool is_forced(const Inputs& inputs, const api::GuardStatus& guard) {
  const api::Rollback* rollback = rollback::named_by(guard, inputs.rollback);
  return rollback && rollback->spec.force && api::is_manual(rollback->spec);
}

constexpr std::string_view what_ends_it =
    "It is put back when the old pods pass and the new ones still fail; where none of the old is "
    "left, ship a release that "
    "works, or make a Rollback by hand";

// The first confirmed breach, when the same check fails for the other revision too, and so was no
// reason to action.
const CheckStatus* not_its_own(const Inputs& inputs, const api::GuardStatus& guard, bool before,
                               Time now) {
  const api::PolicySpec& spec = inputs.policy.spec;
  if (actionable_breach(guard.checks, spec, now)) return nullptr;
  const CheckStatus* breach = confirmed_breach(guard.checks, spec, now);
  return breach && breach->baseline && breach->baseline->before == before ? breach : nullptr;
}

}  // namespace

MaybeHold declined(const Inputs&, const api::GuardStatus& guard, Time) {
  if (!guard.declined) return {};
  return Hold{.reason = Reason::Declined,
              .message = fmt::format("A person deleted Rollback {} of this release while it "
                                     "waited, so the release stays. Ship a new "
                                     "one, or make a Rollback by hand",
                                     guard.declined->rollback)};
}

MaybeHold one_per_release(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const auto& rollback = inputs.rollback;
  if (!rollback || !api::finished(rollback->status.phase) || rollback::came_to_nothing(*rollback))
    return {};
  if (!is_of_this_release(*rollback, inputs, guard)) return {};
  const std::string& words = rollback->status.message;
  return Hold{.reason = Reason::AlreadyRolledBack,
              .message = fmt::format(
                  "Rollback {} of this release ended as {}{}{}; a release is rolled back once at "
                  "most. Ship a new one, or make a Rollback by hand",
                  rollback->meta.key.name, api::to_string(rollback->status.phase),
                  words.empty() ? "" : ": ", words)};
}

MaybeHold no_target(const Inputs&, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (target.revision || target.is_past_mark) return {};
  return Hold{.reason = Reason::NoLastGood,
              .message = fmt::format(
                  "There is nothing to go back to: {}. Ship a release that works", target.why_not)};
}

MaybeHold no_rollback_past(const Inputs&, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (!target.is_past_mark) return {};
  return Hold{.reason = Reason::NoRollbackPast,
              .message = fmt::format("Going back would do harm: {}. Ship a release that mends it, "
                                     "or roll back by hand with force",
                                     target.why_not)};
}

// While nobody looked the release may have got well: after a restart, a suspension or a silence it
// must be seen to fail again.
MaybeHold unconfirmed(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = breached(guard.checks);
  if (!breach || confirmed_breach(guard.checks, inputs.policy.spec, now)) return {};
  return Hold{.reason = Reason::Unconfirmed,
              .message = fmt::format("Check {} was breached, but has not failed lately ({}); it is "
                                     "acted upon when it fails again",
                                     breach->name, breach->reason)};
}

MaybeHold already_failing(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = not_its_own(inputs, guard, true, now);
  if (!breach) return {};
  return Hold{.reason = Reason::AlreadyFailing,
              .message = fmt::format("Check {} failed before the new revision had a pod, so the "
                                     "release is not its cause. Then, {}: "
                                     "{}. Now: {}. {}",
                                     breach->name, breach->baseline->revision,
                                     breach->baseline->message, breach->message, what_ends_it)};
}

MaybeHold shared_cause(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = not_its_own(inputs, guard, false, now);
  if (!breach) return {};
  return Hold{.reason = Reason::SharedCause,
              .message = fmt::format("Check {} fails just the same for {}, so going back to it "
                                     "would not help. The old revision, at {}: "
                                     "{}. The new one: {}. {}",
                                     breach->name, breach->baseline->revision,
                                     format_rfc3339(breach->baseline->at.value_or(now)),
                                     breach->baseline->message, breach->message, what_ends_it)};
}

MaybeHold breaker_open(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.breaker.is_open) return {};
  return Hold{.reason = Reason::BreakerOpen, .message = inputs.breaker.message};
}

MaybeHold limit_reached(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const api::RollbackLimit& limit = inputs.policy.spec.limit;
  const auto counts = [&](const api::PastRollback& past) {
    return past.at <= now && now - past.at < limit.within;
  };
  const auto done = std::ranges::count_if(guard.rollbacks, counts);
  if (done < limit.count) return {};
  return Hold{
      .reason = Reason::LimitReached,
      .message = fmt::format(
          "It was rolled back {} times within {} (limit {}), so another time would not help", done,
          format_duration(limit.within), limit.count),
      .freezes = true};
}

MaybeHold cooldown(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (guard.rollbacks.empty()) return {};
  const Time until = guard.rollbacks.front().at + inputs.policy.spec.cooldown;
  if (until <= now) return {};
  return Hold{.reason = Reason::Cooldown,
              .message = fmt::format(
                  "It was rolled back {} ago; the next rollback is due at {} (cooldown {})",
                  format_duration(
                      std::chrono::floor<std::chrono::seconds>(now - guard.rollbacks.front().at)),
                  format_rfc3339(until), format_duration(inputs.policy.spec.cooldown)),
              .until = until};
}

// Nothing is begun that is known not to work, nor before that is known.
MaybeHold preflight(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  constexpr std::chrono::milliseconds at_once{50};
  constexpr std::chrono::seconds in_a_while{5};
  const auto target = due_target(inputs, guard);
  if (!target) return {};
  if (!is_fresh(inputs.preflight, inputs.deployment, *target, now)) {
    return Hold{.reason = Reason::CheckingRollback,
                .message = "Whether the rollback would work is being found out",
                .until = now + at_once,
                .is_quiet = true};
  }
  const api::Preflight& found = *inputs.preflight;
  if (found.ready == api::ConditionStatus::True) return {};
  if (found.reason == Reason::MissingReference && is_forced(inputs, guard)) return {};
  return Hold{.reason = found.reason, .message = found.message, .until = now + in_a_while};
}

MaybeHold observing(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  if (inputs.policy.spec.mode != api::Mode::Observe) return {};
  const Target target = choose_target(guard);
  return Hold{
      .reason = Reason::Observing,
      .message = fmt::format(
          "{} has mode Observe: it would be put back to {} now, but nothing is touched",
          inputs.policy.name,
          target.revision ? fmt::format("revision {}", target.revision->number) : "nothing")};
}

Hold waits_for_approval(const api::Rollback& rollback) {
  return {.reason = Reason::AwaitingApproval,
          .message = fmt::format(
              "Rollback {0} waits for approval: kubectl patch rollback {0} -n {1} --type=merge -p "
              "'{{\"spec\":{{\"approved\":true}}}}', or kubectl annotate deployment {2} -n {1} "
              "lastgood.dev/approve={0} --overwrite",
              rollback.meta.key.name, rollback.meta.key.namespace_, rollback.spec.deployment)};
}

namespace {

bool needs_approval(const Inputs& inputs) {
  const auto& rollback = inputs.rollback;
  if (!rollback || api::is_manual(rollback->spec)) return false;
  // What was recorded before a policy asked for approval needs it too.
  const auto asks = [&](const GroupMember& member) {
    return member.mode == api::Mode::Approve && calls(*rollback, member.deployment);
  };
  return rollback->spec.mode == api::Mode::Approve ||
         inputs.policy.spec.mode == api::Mode::Approve ||
         (std::ranges::any_of(inputs.group, asks) && !has_begun(inputs, call_of(*rollback)));
}

}  // namespace

bool was_approved(const api::Rollback& call) {
  return call.spec.mode == api::Mode::Approve || !call.status.approved_by.empty();
}

std::string approval_of(const Inputs& inputs) {
  if (!needs_approval(inputs)) return {};
  const api::Rollback& rollback = *inputs.rollback;
  if (rollback.spec.approved) return "spec.approved of the Rollback";
  if (inputs.policy.approve == rollback.meta.key.name)
    return "lastgood.dev/approve on the Deployment";
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* call = caller_of(inputs, rollback);
  // Where that is gone, what was noted of it stands.
  const bool is_approved = call ? was_approved(*call) : !rollback.status.approved_by.empty();
  return is_approved
             ? fmt::format("the approval of its group, in Rollback {}", rollback.spec.caused_by)
             : "";
}

MaybeHold awaiting_approval(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!needs_approval(inputs) || !approval_of(inputs).empty()) return {};
  Hold hold = waits_for_approval(*inputs.rollback);
  const std::string& other = inputs.policy.approve;
  if (!other.empty())
    hold.message +=
        fmt::format(". At present lastgood.dev/approve names {}, which is not it", other);
  return hold;
}

}  // namespace lastgood::guard::gates
