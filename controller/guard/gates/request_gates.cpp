#include "guard/gates/request_gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "guard/gates/gate.hpp"
#include "guard/preflight.hpp"
#include "rollback/record.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

using MaybeRefusal = std::optional<Refusal>;

const Revision* asked_for(const World& world, const api::GuardStatus& guard) {
  const auto& number = world.request->spec.to_revision;
  if (!number) return nullptr;
  const auto found = std::ranges::find(guard.revisions, *number, &Revision::number);
  return found == guard.revisions.end() ? nullptr : &*found;
}

std::string numbers_kept(const api::GuardStatus& guard) {
  std::string numbers;
  for (const Revision& revision : guard.revisions) {
    if (!revision.kept_as.empty()) numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", revision.number);
  }
  return numbers.empty() ? "none" : numbers;
}

MaybeRefusal not_guarded(const World& world, const api::GuardStatus&, Time) {
  if (world.guarding.governs()) return {};
  return Refusal{
      .reason = "NotGuarded",
      .message = fmt::format("No policy that can be used governs the Deployment ({}), so nothing of it is kept; opt in first",
                             world.guarding.reason.empty() ? "not opted in" : world.guarding.message)};
}

MaybeRefusal deleting(const World& world, const api::GuardStatus&, Time) {
  if (!world.deployment.meta.deleting) return {};
  return Refusal{.reason = "Deleting", .message = "The Deployment is being deleted"};
}

MaybeRefusal deployment_paused(const World& world, const api::GuardStatus&, Time) {
  if (!world.deployment.paused) return {};
  return Refusal{.reason = "DeploymentPaused", .message = "The Deployment is paused; resume it first (kubectl rollout resume)"};
}

MaybeRefusal scaled_to_zero(const World& world, const api::GuardStatus&, Time) {
  if (world.deployment.replicas != 0) return {};
  return Refusal{.reason = "ScaledToZero", .message = "The Deployment is scaled to zero: whether it helped could not be seen"};
}

MaybeRefusal busy(const World& world, const api::GuardStatus& guard, Time) {
  if (!rollback::is_open(world.rollback, world.deployment) || !rollback::is_seen_through(guard, world.rollback)) return {};
  return Refusal{.reason = "Busy",
                 .message = fmt::format("Rollback {} is not over yet ({}): wait for its end, approve it if it waits for "
                                        "that, or delete it while nothing is touched",
                                        world.rollback->meta.key.name, guard.reason)};
}

MaybeRefusal not_recognised(const World& world, const api::GuardStatus& guard, Time) {
  if (guard.current && guard.template_digest == world.deployment.template_digest) return {};
  return Refusal{.reason = "WaitingForReplicaSet",
                 .message = "The ReplicaSet of the present template does not exist yet",
                 .is_passing = true};
}

MaybeRefusal no_such_revision(const World& world, const api::GuardStatus& guard, Time) {
  const auto& number = world.request->spec.to_revision;
  if (!number || asked_for(world, guard)) return {};
  return Refusal{.reason = "NoSuchRevision",
                 .message = fmt::format("Revision {} of the Deployment is not known; kept are {}", *number, numbers_kept(guard))};
}

MaybeRefusal already_there(const World& world, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(world, guard);
  if (!revision || !guard.current || revision->hash != guard.current->hash) return {};
  return Refusal{.reason = "AlreadyThere", .message = fmt::format("Revision {} is the present one", revision->number)};
}

MaybeRefusal not_kept(const World& world, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(world, guard);
  if (!revision || !revision->kept_as.empty()) return {};
  return Refusal{.reason = "NotKept",
                 .message = fmt::format("The template of revision {} is not kept; kept are {}. It can still be brought back by "
                                        "kubectl rollout undo --to-revision={}",
                                        revision->number, numbers_kept(guard), revision->number)};
}

MaybeRefusal no_last_good(const World& world, const api::GuardStatus& guard, Time) {
  const Target target = choose_target(guard);
  if (world.request->spec.to_revision || target.revision || target.is_past_mark) return {};
  return Refusal{.reason = "NoLastGood", .message = fmt::format("There is nothing to go back to: {}", target.why_not)};
}

MaybeRefusal quarantined(const World& world, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(world, guard);
  if (!revision || revision->verdict != RevisionVerdict::RolledBack) return {};
  return Refusal{.reason = "Quarantined", .message = fmt::format("Revision {} was rolled back itself", revision->number)};
}

MaybeRefusal not_proven(const World& world, const api::GuardStatus& guard, Time) {
  const Revision* revision = asked_for(world, guard);
  if (!revision || is_proven(*revision) || revision->verdict == RevisionVerdict::RolledBack) return {};
  return Refusal{.reason = "NotProven",
                 .message = fmt::format("Revision {} is not proven good: its last verdict is {}", revision->number,
                                        api::to_string(revision->verdict))};
}

MaybeRefusal no_rollback_past(const World& world, const api::GuardStatus& guard, Time) {
  const Revision* asked = asked_for(world, guard);
  const auto kept = proven_and_kept(guard);
  const auto last = std::ranges::find_if(kept, [&](const Revision* one) { return one->hash != guard.current->hash; });
  if (!asked && last != kept.end()) asked = *last;
  const Revision* mark = asked ? mark_before(guard, *asked) : nullptr;
  if (!mark) return {};
  return Refusal{
      .reason = "NoRollbackPast",
      .message = fmt::format("Going back would do harm: revision {} is marked lastgood.dev/no-rollback-past", mark->number)};
}

MaybeRefusal suspended(const World& world, const api::GuardStatus&, Time) {
  if (!world.guarding.spec.suspend) return {};
  return Refusal{.reason = "Suspended",
                 .message = fmt::format("{} is suspended; set spec.suspend to false", world.guarding.name)};
}

MaybeRefusal paused_until(const World& world, const api::GuardStatus&, Time now) {
  const auto& until = world.guarding.pause_until;
  if (!until || *until <= now) return {};
  return Refusal{.reason = "PausedUntil",
                 .message = fmt::format("lastgood.dev/pause-until says to leave it alone until {}; take it away to end that",
                                        format_rfc3339(*until))};
}

MaybeRefusal not_checked(const World& world, const api::GuardStatus& guard, Time now) {
  const auto target = wanted_target(world, guard);
  if (!target) return {};
  const bool is_known = is_fresh(world.preflight, world.deployment, *target, now);
  if (is_known && world.preflight->ready != api::Truth::Unknown) return {};
  // What the server would not say is not known a moment later.
  const bool is_unsaid = world.preflight && world.preflight->ready == api::Truth::Unknown;
  return Refusal{.reason = "CheckingRollback",
                 .message = fmt::format("Whether the rollback would work is being found out{}{}", is_unsaid ? ": " : "",
                                        is_unsaid ? world.preflight->message : ""),
                 .is_passing = true,
                 .is_brief = !is_unsaid};
}

// Whether the rollback would work is what a drill is to find out: the next two are for those that act.
MaybeRefusal missing_reference(const World& world, const api::GuardStatus&, Time) {
  if (world.request->spec.drill || !world.preflight || world.preflight->reason != "MissingReference") return {};
  return Refusal{.reason = "MissingReference", .message = world.preflight->message};
}

MaybeRefusal would_fail(const World& world, const api::GuardStatus&, Time) {
  if (world.request->spec.drill || !world.preflight || world.preflight->ready == api::Truth::True) return {};
  if (world.preflight->reason == "MissingReference") return {};
  return Refusal{.reason = world.preflight->reason, .message = world.preflight->message};
}

// Those about the Deployment, about what is asked for, about harm, and last what only the server knows.
constexpr std::array rules{
    RequestRule{.name = "NotGuarded", .refuses = not_guarded},
    RequestRule{.name = "Deleting", .refuses = deleting},
    RequestRule{.name = "DeploymentPaused", .refuses = deployment_paused},
    RequestRule{.name = "ScaledToZero", .refuses = scaled_to_zero},
    RequestRule{.name = "Busy", .refuses = busy},
    RequestRule{.name = "WaitingForReplicaSet", .refuses = not_recognised},
    RequestRule{.name = "NoSuchRevision", .refuses = no_such_revision},
    RequestRule{.name = "AlreadyThere", .refuses = already_there},
    RequestRule{.name = "NotKept", .refuses = not_kept},
    RequestRule{.name = "NoLastGood", .refuses = no_last_good},
    RequestRule{.name = "Quarantined", .refuses = quarantined, .yields_to_force = true},
    RequestRule{.name = "NotProven", .refuses = not_proven, .yields_to_force = true},
    RequestRule{.name = "NoRollbackPast", .refuses = no_rollback_past, .yields_to_force = true},
    RequestRule{.name = "Suspended", .refuses = suspended, .yields_to_force = true},
    RequestRule{.name = "PausedUntil", .refuses = paused_until, .yields_to_force = true},
    RequestRule{.name = "CheckingRollback", .refuses = not_checked},
    RequestRule{.name = "MissingReference", .refuses = missing_reference, .yields_to_force = true},
    RequestRule{.name = "WouldFail", .refuses = would_fail},
};

}  // namespace

std::span<const RequestRule> request_rules() { return rules; }

std::optional<Refusal> first_refusal(std::span<const RequestRule> asked, const World& world, const api::GuardStatus& guard,
                                     Time now) {
  for (const RequestRule& rule : asked) {
    if (rule.yields_to_force && world.request->spec.force) continue;
    auto refusal = rule.refuses(world, guard, now);
    if (refusal && rule.yields_to_force && !world.request->spec.drill) refusal->message += force_hint;
    if (refusal) return refusal;
  }
  return {};
}

namespace {

const api::Rollback* recorded(const World& world, const api::GuardStatus& guard) {
  const api::Rollback* rollback = rollback::named_by(guard, world.rollback);
  return rollback && rollback->status.phase == RollbackPhase::Pending ? rollback : nullptr;
}

}  // namespace

std::optional<Revision> due_target(const World& world, const api::GuardStatus& guard) {
  if (const api::Rollback* rollback = recorded(world, guard)) return rollback->spec.to;
  return choose_target(guard).revision;
}

std::optional<Revision> wanted_target(const World& world, const api::GuardStatus& guard) {
  if (!world.request || recorded(world, guard)) return due_target(world, guard);
  if (world.request->spec.to_revision) {
    const Revision* revision = asked_for(world, guard);
    return revision && !revision->kept_as.empty() ? std::optional(*revision) : std::nullopt;
  }
  const Target target = choose_target(guard);
  if (target.revision || !target.is_past_mark || !world.request->spec.force) return target.revision;
  for (const Revision* proven : proven_and_kept(guard)) {
    if (!guard.current || proven->hash != guard.current->hash) return *proven;
  }
  return {};
}

api::RollbackStatus refuse_unguarded(const api::Rollback& request, bool exists, Time now) {
  const std::string& name = request.spec.deployment;
  const std::string message =
      exists ? fmt::format("NotGuarded: Deployment {} is not guarded by Lastgood, so nothing of it is kept; opt in first", name)
             : fmt::format("NoSuchDeployment: there is no Deployment {} in this namespace", name);
  return rollback::advance(request.status, RollbackPhase::Refused, message, now);
}

namespace {

void bind(Step& step, const Revision& target) {
  api::GuardStatus& guard = step.guard();
  api::Rollback record = *step.world.request;
  record.spec.deployment_uid = step.deployment().meta.uid;
  record.spec.generation = step.deployment().meta.generation;
  record.spec.from = *guard.current;
  record.spec.to = target;
  record.spec.reason = "RequestedByHand";
  record.spec.detected = step.now;
  record.spec.policy = guard.policy;
  record.spec.released_by = guard.current->released_by;
  record.spec.released = guard.watch_started;
  record.status.evidence = guard.checks;
  record.status =
      rollback::advance(std::move(record.status), RollbackPhase::Pending, "Accepted; the Deployment is not touched yet", step.now);
  guard.rollback = record.meta.key.name;
  const std::string what = fmt::format("{} is put back to {} {}", rollback::name_of(step.deployment(), *guard.current),
                                       rollback::name_of(step.deployment(), target), rollback::why(record.spec));
  step.enter(State::RollingBack, record.spec.reason, what);
  step.fact(false, "RollbackStarted", "Rollback", fmt::format("{}: Rollback {}", what, guard.rollback));
  step.look_again(step.now);
  step.out.act = BindRequest{.record = std::move(record)};
}

}  // namespace

namespace {

// Not refused, and not begun either: the record says why, once.
void wait_for_answer(Step& step, const Refusal& refusal) {
  constexpr std::chrono::milliseconds in_a_moment{50};
  constexpr std::chrono::seconds in_a_while{5};
  if (refusal.is_brief) return step.look_again(step.now + in_a_moment);
  step.look_again(step.now + in_a_while);
  const std::string message = "It waits. " + refusal.message;
  if (step.world.request->status.message == message) return;
  step.out.request = rollback::advance(step.world.request->status, RollbackPhase::Pending, message, step.now);
}

}  // namespace

void take_request(Step& step) {
  const auto& request = step.world.request;
  if (!request) return;
  const auto refusal = first_refusal(request_rules(), step.world, step.guard(), step.now);
  if (refusal && refusal->is_passing) return wait_for_answer(step, *refusal);
  const auto target = wanted_target(step.world, step.guard());
  if (refusal || !target) {
    const std::string message =
        refusal ? fmt::format("{}: {}", refusal->reason, refusal->message) : "NoLastGood: nothing is kept";
    step.out.request = rollback::advance(request->status, RollbackPhase::Refused, message, step.now);
    step.fact(true, "RollbackRefused", "None", fmt::format("Rollback {} is refused, {}", request->meta.key.name, message));
    return;
  }
  if (!request->spec.drill) return bind(step, *target);
  api::Rollback drill = *request;
  drill.spec.from = *step.guard().current;
  drill.spec.to = *target;
  step.out.act = RunDrill{.record = std::move(drill)};
}

}  // namespace lastgood::guard
