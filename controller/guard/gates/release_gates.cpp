#include "guard/gates/release_gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/text.hpp"
#include "guard/check_status.hpp"
#include "guard/check_text.hpp"
#include "guard/cluster_fault.hpp"
#include "guard/established.hpp"
#include "guard/failure_log.hpp"
#include "guard/group/member.hpp"
#include "guard/known_before.hpp"
#include "guard/manual_request.hpp"
#include "guard/preflight.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard::gates {

using api::CheckStatus;

namespace {

// The name of a Rollback has the generation of the Deployment. Scaling changes the generation. So
// if the name differs, the revision and the time of the decision are compared.
bool is_of_this_release(const api::Rollback& rollback, const Inputs& inputs,
                        const api::GuardStatus& guard) {
  if (rollback.spec.deployment_uid != inputs.deployment.meta.uid) return false;
  if (rollback::has_name_of_generation(rollback, inputs.deployment)) return true;
  const bool is_of_this_evaluation = guard.evaluation_started && rollback.spec.detected &&
                                     *rollback.spec.detected >= *guard.evaluation_started;
  return guard.current && rollback.spec.from.hash == guard.current->hash && is_of_this_evaluation;
}

bool is_forced(const Inputs& inputs, const api::GuardStatus& guard) {
  const api::Rollback* rollback = rollback::named_by(guard, inputs.rollback);
  return rollback && rollback->spec.force && api::is_manual(rollback->spec);
}

constexpr std::string_view how_the_hold_ends =
    "The release is rolled back when the old pods pass and the new pods still fail. If no old pod "
    "is left, ship a release that works or create a Rollback";

// When the baseline failed: before or since the first pod of the release.
enum class BaselineFailed : std::uint8_t { BeforeFirstPod, SinceFirstPod };

// The first confirmed breach, if its baseline failed at the time `failed`. Null if one of the
// confirmed breaches is actionable: its baseline does not fail, and the cluster is not its cause.
const CheckStatus* breach_of_baseline(const Inputs& inputs, const api::GuardStatus& guard,
                                      BaselineFailed failed, Time now) {
  const api::PolicySpec& spec = inputs.policy.spec;
  if (actionable_breach(guard.checks, spec, now)) return nullptr;
  const CheckStatus* breach = confirmed_breach(guard.checks, spec, now);
  const bool before = failed == BaselineFailed::BeforeFirstPod;
  return breach && breach->baseline && breach->baseline->before == before ? breach : nullptr;
}

// The baseline passed when the check of the release failed.
bool passed_for_baseline(const CheckStatus& check) {
  constexpr std::chrono::seconds tolerance{30};
  const auto& baseline = check.baseline;
  return baseline && baseline->result == api::MeasurementResult::Pass && baseline->at &&
         *baseline->at + tolerance >= *check.first_failure;
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t max_names = 5;
  std::string list;
  for (const std::string& name : names | std::views::take(max_names))
    list += (list.empty() ? "" : ", ") + name;
  return names.size() <= max_names ? list
                                   : fmt::format("{} and {} more", list, names.size() - max_names);
}

}  // namespace

MaybeHold declined(const Inputs&, const api::GuardStatus& guard, Time) {
  if (!guard.declined) return {};
  return Hold{
      .reason = Reason::Declined,
      .message = fmt::format("A user deleted Rollback {} of this release while it waited, "
                             "so the release stays. Ship a new release or create a Rollback",
                             guard.declined->rollback)};
}

MaybeHold already_rolled_back(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const auto& rollback = inputs.rollback;
  if (!rollback || !api::finished(rollback->status.phase) || rollback::changed_nothing(*rollback))
    return {};
  if (!is_of_this_release(*rollback, inputs, guard)) return {};
  const std::string& message = rollback->status.message;
  return Hold{
      .reason = Reason::AlreadyRolledBack,
      .message = fmt::format("A release is rolled back at most once, and Rollback {} of "
                             "this release ended as {}{}{}. Ship a new release or create a "
                             "Rollback",
                             rollback->meta.key.name, api::to_string(rollback->status.phase),
                             message.empty() ? "" : ": ", message)};
}

MaybeHold no_last_good(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const TargetChoice target = choose_target(guard);
  if (target.revision || target.is_past_mark) return {};
  const CheckStatus* breach = breached(guard.checks);  // null for some members of a group
  const std::string doubt =
      breach && may_be_wrong(guard, *breach)
          ? fmt::format(
                ". The check has not passed for any revision. If it is wrong, correct it "
                "in {}",
                inputs.policy.name)
          : "";
  return Hold{.reason = Reason::NoLastGood,
              .message = fmt::format(
                  "{}There is no revision to roll back to: {}. Ship a release that "
                  "works{}",
                  breach ? as_sentence(breach_text(*breach)) + ". " : "", target.why_not, doubt)};
}

MaybeHold too_far_back(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const TargetChoice target = choose_target(guard);
  if (!target.revision) return {};
  const std::vector<api::Revision> undone = rollback::undone_releases(guard, *target.revision);
  const int limit = inputs.policy.spec.max_revisions_back;
  if (std::ssize(undone) <= limit) return {};
  const std::string& name = inputs.deployment.meta.key.name;
  return Hold{
      .reason = Reason::TooFarBack,
      .message = fmt::format(
          "The last good revision is {}. A rollback to it would undo {} releases (limit {}): {}. "
          "Ship a release that works, raise spec.rollback.maxRevisionsBack of {}, or create a "
          "Rollback",
          rollback::name_of(name, *target.revision), undone.size(), limit,
          rollback::names_of(name, undone), inputs.policy.name)};
}

MaybeHold no_rollback_past(const Inputs&, const api::GuardStatus& guard, Time) {
  const TargetChoice target = choose_target(guard);
  if (!target.is_past_mark) return {};
  return Hold{.reason = Reason::NoRollbackPast,
              .message = fmt::format("A rollback would do harm: {}. Ship a release that works, or "
                                     "create a Rollback with spec.force",
                                     target.why_not)};
}

// After a restart, a suspension or a time without results, the check has to fail again: the release
// may have recovered meanwhile.
MaybeHold unconfirmed(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = breached(guard.checks);
  if (!breach || confirmed_breach(guard.checks, inputs.policy.spec, now)) return {};
  return Hold{.reason = Reason::Unconfirmed,
              .message = fmt::format("Check {} was breached but has not failed recently ({}). The "
                                     "release is rolled back when it fails again",
                                     breach->name, breach->reason),
              // A check that flaps fails again soon: each pass is no news.
              .is_quiet = breach->result == api::MeasurementResult::Pass};
}

MaybeHold already_failing(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach =
      breach_of_baseline(inputs, guard, BaselineFailed::BeforeFirstPod, now);
  if (!breach) return {};
  return Hold{
      .reason = Reason::AlreadyFailing,
      .message = fmt::format("Check {} failed before the release had a pod, so the release "
                             "is not the cause. Before, {}: {}. Now: {}. {}",
                             breach->name, breach->baseline->revision, breach->baseline->message,
                             breach->message, how_the_hold_ends)};
}

MaybeHold shared_cause(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = breach_of_baseline(inputs, guard, BaselineFailed::SinceFirstPod, now);
  if (!breach) return {};
  return Hold{
      .reason = Reason::SharedCause,
      .message = fmt::format("Check {} fails for {} too, so a rollback would not help. Old "
                             "revision, measured at {}: {}. New revision: {}. {}",
                             breach->name, breach->baseline->revision,
                             format_rfc3339(breach->baseline->at.value_or(now)),
                             breach->baseline->message, breach->message, how_the_hold_ends)};
}

namespace {

// The other Deployments that began to fail together with the release. If the check never passed for
// the release, the release failed from its start. Then it may be the cause of failures that began
// later, for example of Deployments that need it.
std::vector<std::string> failed_together(const Inputs& inputs, const CheckStatus& breach) {
  const Time first = *breach.first_failure - together;
  const Time last = breach.passed_once ? *breach.first_failure + together : *breach.first_failure;
  std::vector<std::string> others;
  for (const OtherFailure& other : inputs.other_failures)
    if (other.began >= first && other.began <= last) others.push_back(other.deployment.str());
  return others;
}

// When the rollbacks that count for the limit began, the newest first.
std::vector<Time> counted_rollbacks(const api::GuardStatus& guard, Duration within, Time now) {
  std::vector<Time> times;
  for (const api::PastRollback& past : guard.rollbacks)
    if (past.at <= now && now - past.at < within) times.push_back(past.at);
  std::ranges::sort(times, std::ranges::greater{});
  return times;
}

}  // namespace

// Without a result of the baseline, the other Deployments show whether the cause is shared.
MaybeHold shared_with_fleet(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const CheckStatus* breach = actionable_breach(guard.checks, inputs.policy.spec, now);
  if (!breach || !breach->first_failure || is_fault_of_template(breach->reason)) return {};
  // The pass of an external metric is from before the release: it is older than the failure.
  if (passed_for_baseline(*breach) && !is_external_metric(inputs.policy.spec, breach->name))
    return {};
  const Time began = *breach->first_failure;
  const std::vector<std::string> others = failed_together(inputs, *breach);
  if (inputs.min_other_failures == 0 || others.size() < inputs.min_other_failures) return {};
  return Hold{.reason = Reason::SharedCause,
              .message = fmt::format(
                  "Check {} began to fail at {}, and no old pod passed it then. {} other "
                  "guarded Deployments (limit {}) began to fail within {} of that: {}. So a shared "
                  "cause is likely, and a rollback would not help. If this check still fails {} "
                  "after the others have recovered, the release is rolled back. If the release is "
                  "the cause, create a Rollback. {}",
                  breach->name, format_rfc3339(began), others.size(), inputs.min_other_failures,
                  format_duration(together), list_of(others), format_duration(failure_memory),
                  breach->message)};
}

// Does not block if another check has an actionable breach.
MaybeHold cluster_fault(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const api::PolicySpec& spec = inputs.policy.spec;
  if (actionable_breach(guard.checks, spec, now)) return {};
  const CheckStatus* breach = confirmed_breach(guard.checks, spec, now);
  if (!breach || !is_cluster_fault(breach->reason)) return {};
  return Hold{
      .reason = Reason::ClusterFault,
      .message = fmt::format("The cluster prevents the rollout, so a rollback would not help. {}: "
                             "{}. Remove the cause: the hold ends when the rollout continues",
                             breach->reason, breach->message)};
}

MaybeHold breaker_open(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!inputs.breaker.is_open) return {};
  return Hold{.reason = Reason::BreakerOpen, .message = inputs.breaker.message};
}

MaybeHold limit_reached(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const api::RollbackLimit& limit = inputs.policy.spec.limit;
  const auto count = std::ssize(counted_rollbacks(guard, limit.within, now));
  if (count < limit.count) return {};
  return Hold{
      .reason = Reason::LimitReached,
      .message = fmt::format("The Deployment had {} rollback{} within {} (limit {})", count,
                             count == 1 ? "" : "s", format_duration(limit.within), limit.count),
      .freezes = true};
}

std::optional<Time> end_of_limit(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  const api::RollbackLimit& limit = inputs.policy.spec.limit;
  const std::vector<Time> counted = counted_rollbacks(guard, limit.within, now);
  if (std::ssize(counted) < limit.count) return {};
  // When this one is too old to count, fewer than the limit are left.
  return counted[static_cast<std::size_t>(limit.count) - 1] + limit.within;
}

MaybeHold cooldown(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  if (guard.rollbacks.empty()) return {};
  const Time last = guard.rollbacks.front().at;
  const Time until = last + inputs.policy.spec.cooldown;
  if (until <= now) return {};
  const bool has_field = inputs.policy.kind == EffectivePolicy::Kind::RollbackPolicy;
  return Hold{
      .reason = Reason::Cooldown,
      .message = fmt::format(
          "The last rollback began at {}. The next one may start at {} "
          "(cooldown {}). To roll back earlier, create a Rollback{}",
          format_rfc3339(last), format_rfc3339(until), format_duration(inputs.policy.spec.cooldown),
          has_field ? fmt::format(", or shorten spec.rollback.cooldown of {}", inputs.policy.name)
                    : ""),
      .until = until};
}

// Blocks a rollback that would fail, or whose preflight has no result yet.
MaybeHold preflight(const Inputs& inputs, const api::GuardStatus& guard, Time now) {
  constexpr std::chrono::milliseconds retry_while_running{50};
  constexpr std::chrono::seconds retry_after_failure{5};
  const auto target = pending_or_last_good_target(inputs, guard);
  if (!target) return {};
  if (!is_fresh(inputs.preflight, inputs.deployment, *target, now)) {
    // If the watch is behind, its next event causes a reconcile, so no frequent retry is needed.
    const bool is_behind = is_watch_behind(inputs.preflight, inputs.deployment);
    return Hold{.reason = Reason::CheckingRollback,
                .message = "The preflight of the rollback is running",
                .until = now + (is_behind ? retry_after_failure : retry_while_running),
                .is_quiet = true};
  }
  const api::Preflight& found = *inputs.preflight;
  if (found.ready == api::ConditionStatus::True) return {};
  if (found.reason == Reason::MissingReference && is_forced(inputs, guard)) return {};
  return Hold{.reason = found.reason, .message = found.message, .until = now + retry_after_failure};
}

// Blocks a rollback that would run the image of the release again, because its tag has moved.
MaybeHold same_image(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  const auto target = pending_or_last_good_target(inputs, guard);
  if (!target || !guard.current || !is_about(inputs.preflight, inputs.deployment, *target) ||
      !inputs.preflight->same_images)
    return {};
  for (const auto& [name, id] : target->images) {
    const auto image_now = guard.current->images.find(name);
    if (image_now == guard.current->images.end() || image_now->second == id) continue;
    return Hold{
        .reason = Reason::SameImage,
        .message = fmt::format(
            "The release and revision {} name the same images, but {} was {} in revision {} and "
            "is {} now. A rollback would run the image of the release again. Ship a release "
            "with another tag or with a digest",
            target->number, name, id, target->number, image_now->second)};
  }
  return {};
}

MaybeHold observing(const Inputs& inputs, const api::GuardStatus& guard, Time) {
  if (inputs.policy.spec.mode != api::Mode::Observe) return {};
  const TargetChoice target = choose_target(guard);
  return Hold{
      .reason = Reason::Observing,
      .message = fmt::format(
          "{} has mode Observe, so nothing is changed. Mode Enforce would roll back to {} now",
          inputs.policy.name,
          target.revision ? fmt::format("revision {}", target.revision->number) : "no revision")};
}

// The message has only what the Rollback records, because it is written whenever it changes.
Hold approval_hold(const api::Rollback& rollback) {
  constexpr std::size_t max_cause_size = 300;  // bytes: an Event must have room for the commands
  const std::string cause = clip(rollback.spec.message, max_cause_size);
  return {.reason = Reason::AwaitingApproval,
          .message = fmt::format(
              "Rollback {0} waits for approval, {3}{4}. To approve it: kubectl patch rollback {0} "
              "-n {1} --type=merge -p '{{\"spec\":{{\"approved\":true}}}}', or: kubectl annotate "
              "deployment {2} -n {1} lastgood.dev/approve={0} --overwrite. To decline it, so that "
              "the release stays: kubectl delete rollback {0} -n {1}",
              rollback.meta.key.name, rollback.meta.key.namespace_, rollback.spec.deployment,
              rollback::cause_text(rollback.spec), cause.empty() ? "" : ": " + cause)};
}

namespace {

bool needs_approval(const Inputs& inputs) {
  const auto& rollback = inputs.rollback;
  if (!rollback || api::is_manual(rollback->spec)) return false;
  // A policy may have changed to mode Approve after the Rollback was recorded.
  const auto requires_approval = [&](const GroupMember& member) {
    return member.mode == api::Mode::Approve && includes(*rollback, member.deployment);
  };
  return rollback->spec.mode == api::Mode::Approve ||
         inputs.policy.spec.mode == api::Mode::Approve ||
         (std::ranges::any_of(inputs.group, requires_approval) &&
          !has_restored_member(inputs, group_rollback_name(*rollback)));
}

}  // namespace

bool was_approved(const api::Rollback& initiator_rollback) {
  return initiator_rollback.spec.mode == api::Mode::Approve ||
         !initiator_rollback.status.approved_by.empty();
}

std::string approval_of(const Inputs& inputs) {
  if (!needs_approval(inputs)) return {};
  const api::Rollback& rollback = *inputs.rollback;
  if (rollback.spec.approved) return "spec.approved of the Rollback";
  if (inputs.policy.approve == rollback.meta.key.name)
    return "lastgood.dev/approve on the Deployment";
  if (rollback.spec.caused_by.empty()) return {};
  const api::Rollback* initiator = initiator_of(inputs, rollback);
  // If the initiator's Rollback no longer exists, the approval that this Rollback recorded counts.
  const bool is_approved =
      initiator ? was_approved(*initiator) : !rollback.status.approved_by.empty();
  return is_approved
             ? fmt::format("the approval of its group, Rollback {}", rollback.spec.caused_by)
             : "";
}

MaybeHold awaiting_approval(const Inputs& inputs, const api::GuardStatus&, Time) {
  if (!needs_approval(inputs) || !approval_of(inputs).empty()) return {};
  Hold hold = approval_hold(*inputs.rollback);
  const std::string& other = inputs.policy.approve;
  if (!other.empty())
    hold.message +=
        fmt::format(". The annotation lastgood.dev/approve names {}, another Rollback", other);
  return hold;
}

}  // namespace lastgood::guard::gates
