#include "guard/states/release.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <tuple>

#include "guard/bake.hpp"
#include "guard/baselines.hpp"
#include "guard/idle_checks.hpp"
#include "guard/states/contest.hpp"
#include "guard/states/opt_out.hpp"
#include "guard/states/restoration.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// The template that a Rollback replaced was applied again. Precondition: guard.current has the
// present template, and is_our_restoration() is false.
bool is_bad_template_back(const Step& step) {
  const auto& rollback = step.inputs.rollback;
  if (rollback::was_applied_again(step.plan.guard, rollback)) return true;
  return rollback::is_open(rollback, step.deployment()) &&
         rollback->status.template_restored.has_value();
}

// Two ReplicaSets may have the same template. The Deployment controller takes the oldest, then the
// first by name.
const api::ReplicaSet* current_of(const std::vector<api::ReplicaSet>& sets) {
  const auto has_present_template = [](const api::ReplicaSet& set) {
    return set.is_current && !set.hash.empty();
  };
  const auto age_and_name = [](const api::ReplicaSet& set) {
    return std::tie(set.meta.created, set.meta.key.name);
  };
  auto candidates = sets | std::views::filter(has_present_template);
  const auto first = std::ranges::min_element(candidates, {}, age_and_name);
  return first == candidates.end() ? nullptr : &*first;
}

// If the target's ReplicaSet was garbage collected, the new one may have another hash for the same
// template: the hash depends on collisions and on the Kubernetes version.
bool is_under_another_hash(Step& step, const api::Rollback& rollback, const api::ReplicaSet& set) {
  return set.hash != rollback.spec.from.hash && rollback.status.template_restored &&
         step.deployment().meta.generation == rollback::patched_generation(rollback);
}

bool is_our_restoration(Step& step, const api::ReplicaSet& set) {
  const api::Rollback* rollback = rollback::named_by(step.guard(), step.inputs.rollback);
  return rollback && rollback::is_in_progress(step.guard(), step.inputs.rollback) &&
         rollback->status.phase != RollbackPhase::Superseded &&
         rollback::is_marked_by(step.deployment(), *rollback) &&
         (rollback->spec.to.hash == set.hash || is_under_another_hash(step, *rollback, set));
}

// Puts the revision at the front of the list, and returns it for `guard.current`. In the list a
// proven revision keeps its verdict and its snapshot until a new evaluation ends. The returned
// revision has `verdict` and no snapshot. So a new snapshot is created when the revision is proven
// again: the old one may have been garbage collected.
Revision put_at_front(Step& step, const api::ReplicaSet& set, RevisionVerdict verdict) {
  api::GuardStatus& guard = step.guard();
  const Revision seen{.hash = set.hash,
                      .replica_set = set.meta.uid,
                      .number = set.revision,
                      .verdict = verdict,
                      .since = step.now,
                      .snapshot = {},
                      .no_rollback_past = set.no_rollback_past,
                      .released_by = step.inputs.author ? step.inputs.author->name : ""};
  Revision new_entry = seen;
  if (const Revision* listed = find_revision(guard, set.hash)) {
    if (is_proven(*listed)) {
      new_entry.verdict = listed->verdict;
      new_entry.snapshot = listed->snapshot;
      new_entry.images = listed->images;
    }
    std::erase_if(guard.revisions, [&](const Revision& other) { return other.hash == set.hash; });
  }
  guard.revisions.insert(guard.revisions.begin(), new_entry);
  trim_revisions(guard);
  return seen;
}

void begin_evaluation(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  std::vector<api::CheckStatus> inherited;
  if (guard.current && guard.current->hash != set.hash)
    inherited = inherited_checks(guard, step.inputs.policy.spec, step.current_name(), step.now);
  guard.current = put_at_front(step, set, RevisionVerdict::Evaluating);
  guard.evaluation_started = step.now;
  // The replica that rolled this template back may have a clock that is ahead of this one. Even
  // then the evaluation starts after the rollback.
  const auto& last = step.inputs.rollback;
  if (last && last->spec.from.hash == set.hash && last->status.template_restored)
    guard.evaluation_started = std::max(step.now, *last->status.template_restored);
  guard.rolled_out.reset();
  guard.bake.reset();
  guard.checks = std::move(inherited);
  guard.declined.reset();
  guard.pending.clear();
  step.enter(State::Evaluating, Reason::RollingOut,
             fmt::format("{} is rolling out", step.current_name()));
}

void supersede_rollback(Step& step) {
  if (rollback::was_applied_again(step.plan.guard, step.inputs.rollback))
    quarantine(step, *step.inputs.rollback);
  if (!rollback::is_open(step.inputs.rollback, step.deployment())) return;
  if (step.inputs.rollback->status.template_restored) quarantine(step, *step.inputs.rollback);
  step.plan.rollback =
      rollback::advance(step.inputs.rollback->status, RollbackPhase::Superseded,
                        "A newer template was applied before the rollback finished", step.now);
}

// The verdict of a release that a newer one replaces while it is evaluated. After minimumBake it is
// good, so that teams who ship faster than they bake have a near rollback target.
void end_replaced_evaluation(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Revision& replaced = *guard.current;
  const api::PolicySpec& spec = step.inputs.policy.spec;
  if (replaced.snapshot.empty() || !has_minimum_bake(guard, spec)) {
    set_verdict(guard, replaced.hash, RevisionVerdict::Superseded, step.now);
    return;
  }
  step.emit(
      EventType::Normal, Reason::ReleaseGood, EventAction::None,
      fmt::format("{} was replaced during its bake, after {} without a failing check "
                  "(minimumBake {}): it is good",
                  step.current_name(),
                  format_duration(std::chrono::floor<std::chrono::seconds>(guard.bake->observed)),
                  format_duration(minimum_bake_of(spec))));
  set_verdict(guard, replaced.hash, RevisionVerdict::Good, step.now);
}

void start_release(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  // The last results of the idle revision may have arrived together with the new template.
  if (guard.state == State::Idle && guard.current)
    apply_idle_measurements(guard, step.measurements(), step.inputs.policy.spec, step.now);
  if (guard.current && guard.current->hash != set.hash) {
    if (guard.current->verdict == RevisionVerdict::Evaluating) end_replaced_evaluation(step);
    if (guard.current->verdict == RevisionVerdict::Breached)
      step.emit(
          EventType::Normal, Reason::ReleaseSuperseded, EventAction::None,
          fmt::format("{} was breached, and a newer template replaced it", step.current_name()));
    // Nothing showed that the replaced revision is bad, so it may serve as a baseline.
    if (guard.current->verdict == RevisionVerdict::Breached && fails_for_shared_cause(guard))
      set_verdict(guard, guard.current->hash, RevisionVerdict::Superseded, step.now);
  }
  supersede_rollback(step);
  const Revision* listed = find_revision(guard, set.hash);
  const bool was_rolled_back = listed && listed->verdict == RevisionVerdict::RolledBack;
  const bool is_first = !guard.current;
  const ContestOutcome contest = was_rolled_back ? count_contest(step, set) : ContestOutcome{};
  if (contest.tool.empty()) forget_contests(guard);
  // A tool that applies a rolled back template does not end a freeze: only a user does.
  const bool stays_frozen = guard.state == State::Frozen && !contest.tool.empty();
  begin_evaluation(step, set);
  if (stays_frozen || contest.has_reached_limit) {
    set_verdict(guard, set.hash, RevisionVerdict::RolledBack, step.now);
    return freeze_contested(step, contest);
  }
  const std::string again =
      contest.tool.empty()
          ? ". Its template was rolled back before and is evaluated again"
          : fmt::format(". Its template was rolled back before and is evaluated again: {}",
                        contest.message);
  const char* why = is_first ? "was not complete when first seen" : "is a new release";
  if (is_first && came_with_lost_opt_in(step)) why = "came while the opt-in was lost";
  step.emit(EventType::Normal, Reason::ReleaseSeen, EventAction::Evaluate,
            fmt::format("{} {} and is evaluated{}", step.current_name(), why,
                        was_rolled_back ? again : ""));
}

// The first reconcile of the Deployment, or the first after an opt-in. A complete revision is
// accepted without an evaluation, unless the list has it with a verdict that is not proven, or it
// came with the write that ended the opt-in.
void handle_first_template(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  const Revision* listed = find_revision(guard, set.hash);
  const bool is_acceptable = listed ? is_proven(*listed) : !came_with_lost_opt_in(step);
  const bool is_accepted = api::rollout_complete(step.deployment()) && is_acceptable;
  if (!is_accepted) return start_release(step, set);
  const std::optional<Revision> proven = listed ? std::optional(*listed) : std::nullopt;
  guard.current = put_at_front(step, set, RevisionVerdict::PresumedGood);
  if (proven) {
    guard.current->verdict = proven->verdict;
  }
  const std::string name = step.current_name();
  if (proven)
    return step.enter(State::Idle, Reason::Good,
                      fmt::format("{} was good before and still runs", name));
  step.enter(State::Idle, Reason::PresumedGood,
             fmt::format("{} was completely available when first seen", name));
  step.emit(EventType::Normal, Reason::PresumedGood, EventAction::None,
            fmt::format("{} is completely available and is presumed good", name));
}

void accept_restoration(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  const Revision& target = step.inputs.rollback->spec.to;
  const Revision* listed = find_revision(guard, target.hash);
  Revision restored = listed ? *listed : target;
  if (target.hash != set.hash) {
    std::erase_if(guard.revisions,
                  [&](const Revision& other) { return other.hash == target.hash; });
    // The snapshot has the old hash, so a new snapshot is created.
    restored.hash = set.hash;
    restored.snapshot.clear();
  }
  // The old ReplicaSet may have been garbage collected.
  restored.replica_set = set.meta.uid;
  std::erase_if(guard.revisions, [&](const Revision& other) { return other.hash == set.hash; });
  guard.revisions.insert(guard.revisions.begin(), restored);
  guard.current = restored;
  trim_revisions(guard);
  guard.rolled_out.reset();
  guard.bake.reset();
  guard.checks.clear();
}

// Kubernetes gives a revision a new number when its template is applied again.
void refresh_numbers(api::GuardStatus& guard, const std::vector<api::ReplicaSet>& sets) {
  for (const api::ReplicaSet& set : sets) {
    Revision* listed = find_revision(guard, set.hash);
    if (!listed || set.revision == 0) continue;
    listed->replica_set = set.meta.uid;
    listed->number = set.revision;
    if (!guard.current || guard.current->hash != set.hash) continue;
    guard.current->replica_set = set.meta.uid;
    guard.current->number = set.revision;
  }
}

// Adds the revisions with the mark no-rollback-past that came and went while no controller ran. The
// number of a revision gives its place in the list.
void list_unseen_marked_revisions(Step& step, const std::vector<api::ReplicaSet>& sets) {
  api::GuardStatus& guard = step.guard();
  for (const api::ReplicaSet& set : sets) {
    if (set.hash.empty() || !set.no_rollback_past || find_revision(guard, set.hash)) continue;
    const auto place = std::ranges::find_if(
        guard.revisions, [&](const Revision& one) { return one.number < set.revision; });
    guard.revisions.insert(place, Revision{.hash = set.hash,
                                           .replica_set = set.meta.uid,
                                           .number = set.revision,
                                           .verdict = RevisionVerdict::Superseded,
                                           .since = step.now,
                                           .snapshot = {},
                                           .no_rollback_past = true,
                                           .released_by = {}});
    trim_revisions(guard);
  }
}

// The Rollback that the guard names has not changed the template yet.
bool is_before_patch(Step& step) {
  const api::Rollback* named = rollback::named_by(step.guard(), step.inputs.rollback);
  return named && named->status.phase == RollbackPhase::Pending &&
         !rollback::is_marked_by(step.deployment(), *named);
}

// The state while the revision of the present template is not known. A recorded Rollback may be
// about this revision, so the Rollback is not cancelled: the state is Held.
State state_while_waiting(Step& step) {
  const api::GuardStatus& guard = step.guard();
  if (guard.state == State::RollingBack) return State::Held;
  const bool is_recorded = rollback::is_in_progress(guard, step.inputs.rollback);
  return guard.state == State::Held && !is_recorded ? State::Evaluating : guard.state;
}

void wait_for_replica_set(Step& step) {
  const State state = state_while_waiting(step);
  if (step.deployment().paused) {
    return step.enter(
        state, Reason::DeploymentPaused,
        fmt::format(
            "The Deployment is paused, so its new template has no ReplicaSet and is no "
            "release yet. It is evaluated after: kubectl rollout resume deployment/{} -n {}",
            step.deployment().meta.key.name, step.deployment().meta.key.namespace_));
  }
  step.enter(state, Reason::WaitingForReplicaSet, "The present template has no ReplicaSet yet");
}

}  // namespace

bool recognize_template(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (!step.inputs.replica_sets) {
    const bool is_known =
        guard.current && guard.template_digest == step.deployment().template_digest;
    if (!is_known) step.requeue_at(step.now + std::chrono::seconds(1));
    return is_known;
  }
  const api::ReplicaSet* set = current_of(*step.inputs.replica_sets);
  if (!set) {
    // Frozen and, after the patch, RollingBack already say what they wait for.
    const bool is_described = guard.state == State::Frozen ||
                              (guard.state == State::RollingBack && !is_before_patch(step));
    if (!is_described) wait_for_replica_set(step);
    // When a user resumes a paused Deployment, the watch causes a reconcile.
    if (!step.deployment().paused) step.requeue_at(step.now + std::chrono::seconds(1));
    return false;
  }
  // The annotation of the opt-in changes the generation too. Until the Deployment controller has
  // observed it, the status does not say whether the running revision is complete.
  if (!guard.current && step.deployment().observed_generation < step.deployment().meta.generation) {
    step.enter(State::Idle, Reason::WaitingForStatus,
               "The Deployment controller has not observed the present generation yet");
    step.requeue_at(step.now + std::chrono::seconds(1));
    return false;
  }
  guard.template_digest = step.deployment().template_digest;
  if (!step.inputs.template_problem.empty())
    step.emit(EventType::Warning, Reason::InvalidAnnotation, EventAction::None,
              step.inputs.template_problem);
  if (!guard.current) {
    handle_first_template(step, *set);
  } else if (is_our_restoration(step, *set)) {
    if (guard.current->hash != set->hash) accept_restoration(step, *set);
  } else if (guard.current->hash != set->hash || is_bad_template_back(step)) {
    start_release(step, *set);
  }
  refresh_numbers(guard, *step.inputs.replica_sets);
  list_unseen_marked_revisions(step, *step.inputs.replica_sets);
  return true;
}

}  // namespace lastgood::guard
