// What the present template is: nothing new, a release, or the revision that we have just put back.
// Identity is the ReplicaSet's pod-template-hash; the digest of the template only tells when to
// look.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "guard/states/step.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// Asked only where the present template is the one that was to be replaced.
bool bad_template_is_back(const Step& step) {
  const auto& rollback = step.inputs.rollback;
  if (rollback::is_back_unseen(step.out.guard, rollback)) return true;
  return rollback::is_open(rollback, step.deployment()) &&
         rollback->status.template_restored.has_value();
}

// As the Deployment controller does where two have the same template: the oldest, then by name.
const api::ReplicaSet* current_of(const std::vector<api::ReplicaSet>& sets) {
  const api::ReplicaSet* found = nullptr;
  for (const api::ReplicaSet& set : sets) {
    if (!set.is_current || set.hash.empty()) continue;
    const auto age = [](const api::ReplicaSet& one) {
      return std::tie(one.meta.created, one.meta.key.name);
    };
    if (!found || age(set) < age(*found)) found = &set;
  }
  return found;
}

// Where the target's ReplicaSet had been collected, the one that is made anew may get another hash
// for the same template (the hash depends on collisions and on Kubernetes' version). Our patch
// moves the generation by exactly one.
bool is_under_another_hash(Step& step, const api::Rollback& rollback, const api::ReplicaSet& set) {
  return set.hash != rollback.spec.from.hash && rollback.status.template_restored &&
         step.deployment().meta.generation == rollback.spec.generation + 1;
}

bool is_our_restoration(Step& step, const api::ReplicaSet& set) {
  const State state = step.guard().state;
  const api::Rollback* rollback = rollback::named_by(step.guard(), step.inputs.rollback);
  const bool is_under_way = state == State::RollingBack || state == State::Verifying ||
                            rollback::is_seen_through(step.guard(), step.inputs.rollback);
  return rollback && is_under_way && rollback->status.phase != RollbackPhase::Superseded &&
         rollback::is_marked_by(step.deployment(), *rollback) &&
         (rollback->spec.to.hash == set.hash || is_under_another_hash(step, *rollback, set));
}

// What was proven stays proven until the revision is judged otherwise: the list keeps it, `current`
// says how it stands in this watch. Chosen again by a person it is their newest choice, and so what
// a worse one goes back to. Its template is kept anew when it is proven again, since what was kept
// may have been tidied away.
Revision remember(Step& step, const api::ReplicaSet& set, RevisionVerdict verdict) {
  api::GuardStatus& guard = step.guard();
  const Revision seen{.hash = set.hash,
                      .replica_set = set.meta.uid,
                      .number = set.revision,
                      .verdict = verdict,
                      .since = step.now,
                      .snapshot = {},
                      .no_rollback_past = set.no_rollback_past,
                      .released_by = step.inputs.author ? step.inputs.author->name : ""};
  Revision listed = seen;
  if (const Revision* known = find_revision(guard, set.hash)) {
    if (is_proven(*known)) {
      listed.verdict = known->verdict;
      listed.snapshot = known->snapshot;
    }
    std::erase_if(guard.revisions, [&](const Revision& other) { return other.hash == set.hash; });
  }
  guard.revisions.insert(guard.revisions.begin(), listed);
  forget_oldest(guard);
  return seen;
}

void begin_evaluation(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  guard.current = remember(step, set, RevisionVerdict::Evaluating);
  guard.evaluation_started = step.now;
  // Whoever rolled this very template back may have had a clock that goes before ours: this watch
  // is later all the same.
  const auto& last = step.inputs.rollback;
  if (last && last->spec.from.hash == set.hash && last->status.template_restored)
    guard.evaluation_started = std::max(step.now, *last->status.template_restored);
  guard.rolled_out.reset();
  guard.checks.clear();
  guard.declined.reset();
  guard.pending.clear();
  step.enter(
      State::Evaluating, Reason::RollingOut,
      fmt::format("{} is being rolled out", rollback::name_of(step.deployment(), *guard.current)));
}

void supersede_rollback(Step& step) {
  if (rollback::is_back_unseen(step.out.guard, step.inputs.rollback))
    quarantine(step, *step.inputs.rollback);
  if (!rollback::is_open(step.inputs.rollback, step.deployment())) return;
  if (step.inputs.rollback->status.template_restored) quarantine(step, *step.inputs.rollback);
  step.out.rollback =
      rollback::advance(step.inputs.rollback->status, RollbackPhase::Superseded,
                        "A newer template came before the rollback was finished", step.now);
}

void take_release(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  if (guard.current && guard.current->verdict == RevisionVerdict::Evaluating &&
      guard.current->hash != set.hash) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Superseded, step.now);
  }
  if (guard.current && guard.current->verdict == RevisionVerdict::Breached &&
      guard.current->hash != set.hash) {
    step.emit(EventType::Normal, Reason::ReleaseSuperseded, EventAction::None,
              fmt::format("{} was breached and has been replaced by a newer template",
                          rollback::name_of(step.deployment(), *guard.current)));
  }
  supersede_rollback(step);
  const Revision* known = find_revision(guard, set.hash);
  const bool was_rolled_back = known && known->verdict == RevisionVerdict::RolledBack;
  const bool is_first = !guard.current;
  Contest contest = was_rolled_back ? count_contest(step) : Contest{};
  // A machine that puts it back ends no freeze: only a person does.
  if (guard.state == State::Frozen && !contest.by.empty()) contest.is_over_limit = true;
  begin_evaluation(step, set);
  if (contest.is_over_limit) {
    set_verdict(guard, set.hash, RevisionVerdict::RolledBack, step.now);
    return freeze_contested(step, contest);
  }
  const std::string again =
      contest.by.empty()
          ? "; its template was rolled back before and is judged afresh"
          : fmt::format("; its template was rolled back before and is judged afresh: {}",
                        contest.words);
  step.emit(EventType::Normal, Reason::ReleaseSeen, EventAction::Evaluate,
            fmt::format("{} {} and is being judged{}",
                        rollback::name_of(step.deployment(), *guard.current),
                        is_first ? "was not proven when first seen" : "is a new release",
                        was_rolled_back ? again : ""));
}

// Presumed good is only what was never seen before: what is remembered as bad, or as never judged,
// is judged.
void take_first_sight(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  const Revision* known = find_revision(guard, set.hash);
  const bool may_presume =
      api::rollout_complete(step.deployment()) && (!known || is_proven(*known));
  if (!may_presume) return take_release(step, set);
  const std::optional<Revision> proven = known ? std::optional(*known) : std::nullopt;
  guard.current = remember(step, set, RevisionVerdict::PresumedGood);
  if (proven) {
    guard.current->verdict = proven->verdict;
  }
  const std::string name = rollback::name_of(step.deployment(), *guard.current);
  if (proven)
    return step.enter(State::Idle, Reason::Good,
                      fmt::format("{} was good before, and still runs", name));
  step.enter(State::Idle, Reason::PresumedGood,
             fmt::format("{} ran completely available when first seen", name));
  step.emit(EventType::Normal, Reason::PresumedGood, EventAction::None,
            fmt::format("{} runs completely available and is presumed good", name));
}

void take_restoration(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  const Revision& target = step.inputs.rollback->spec.to;
  const Revision* known = find_revision(guard, target.hash);
  // The number has moved, and where the ReplicaSet had been collected its uid too; the verdict has
  // not.
  Revision restored = known ? *known : target;
  if (target.hash != set.hash) {
    std::erase_if(guard.revisions,
                  [&](const Revision& other) { return other.hash == target.hash; });
    // What is kept is kept under the old hash: it is kept anew.
    restored.hash = set.hash;
    restored.snapshot.clear();
  }
  restored.replica_set = set.meta.uid;
  restored.number = set.revision;
  std::erase_if(guard.revisions, [&](const Revision& other) { return other.hash == set.hash; });
  guard.revisions.insert(guard.revisions.begin(), restored);
  guard.current = restored;
  forget_oldest(guard);
  guard.rolled_out.reset();
  guard.checks.clear();
}

// Numbers move when a template comes back.
void refresh_numbers(api::GuardStatus& guard, const std::vector<api::ReplicaSet>& sets) {
  for (const api::ReplicaSet& set : sets) {
    Revision* known = find_revision(guard, set.hash);
    if (!known || set.hash.empty() || set.revision == 0) continue;
    known->replica_set = set.meta.uid;
    known->number = set.revision;
    if (!guard.current || guard.current->hash != set.hash) continue;
    guard.current->replica_set = set.meta.uid;
    guard.current->number = set.revision;
  }
}

// A marked revision that came and went while nobody looked must not be gone back past either. Its
// place is by its number.
void remember_marks(Step& step, const std::vector<api::ReplicaSet>& sets) {
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
    forget_oldest(guard);
  }
}

void wait_for_replica_set(Step& step) {
  // What is recorded and waits stays so: whether it is for this template is not known yet.
  const api::GuardStatus& guard = step.guard();
  const bool is_recorded = rollback::is_seen_through(guard, step.inputs.rollback);
  const State state = guard.state == State::Held && !is_recorded ? State::Evaluating : guard.state;
  if (step.deployment().paused) {
    return step.enter(state, Reason::DeploymentPaused,
                      "The Deployment is paused, so its new template has no ReplicaSet and is no "
                      "release yet; it is judged "
                      "after kubectl rollout resume");
  }
  step.enter(state, Reason::WaitingForReplicaSet,
             "The ReplicaSet of the present template does not exist yet");
}

}  // namespace

bool recognise_template(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (!step.inputs.replica_sets) {
    const bool is_known =
        guard.current && guard.template_digest == step.deployment().template_digest;
    if (!is_known) step.requeue_at(step.now + std::chrono::seconds(1));
    return is_known;
  }
  const api::ReplicaSet* set = current_of(*step.inputs.replica_sets);
  if (!set) {
    // What is under way says itself what it waits for.
    if (guard.state != State::RollingBack && guard.state != State::Frozen)
      wait_for_replica_set(step);
    // Resuming is an event of its own.
    if (!step.deployment().paused) step.requeue_at(step.now + std::chrono::seconds(1));
    return false;
  }
  // Opting in by annotation moves the generation, and until the Deployment controller has seen
  // that, its status says nothing about whether what runs is complete.
  if (!guard.current && step.deployment().observed_generation < step.deployment().meta.generation) {
    step.enter(State::Idle, Reason::WaitingForStatus,
               "The Deployment controller has not yet seen the present generation");
    step.requeue_at(step.now + std::chrono::seconds(1));
    return false;
  }
  guard.template_digest = step.deployment().template_digest;
  if (!step.inputs.template_problem.empty())
    step.emit(EventType::Warning, Reason::InvalidAnnotation, EventAction::None,
              step.inputs.template_problem);
  if (!guard.current) {
    take_first_sight(step, *set);
  } else if (is_our_restoration(step, *set)) {
    if (guard.current->hash != set->hash) take_restoration(step, *set);
  } else if (guard.current->hash != set->hash || bad_template_is_back(step)) {
    take_release(step, *set);
  }
  refresh_numbers(guard, *step.inputs.replica_sets);
  remember_marks(step, *step.inputs.replica_sets);
  return true;
}

}  // namespace lastgood::guard
