// What the present template is: nothing new, a release, or the revision that we have just put back.
// Identity is the ReplicaSet's pod-template-hash; the digest of the template only tells when to look.
#include <fmt/format.h>

#include <algorithm>

#include "decide/record.hpp"
#include "decide/step.hpp"

namespace lastgood::decide {

using api::Revision;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

constexpr std::size_t most_revisions = 20;
constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

bool template_was_restored(const std::optional<api::Rollback>& rollback) {
  return rollback && !api::finished(rollback->status.phase) && rollback->status.template_restored.has_value();
}

// As the Deployment controller does where two have the same template: the oldest.
const api::ReplicaSet* current_of(const std::vector<api::ReplicaSet>& sets) {
  const api::ReplicaSet* found = nullptr;
  for (const api::ReplicaSet& set : sets) {
    if (!set.is_current || set.hash.empty()) continue;
    if (!found || set.meta.created < found->meta.created) found = &set;
  }
  return found;
}

bool is_our_restoration(const World& world, const api::ReplicaSet& set) {
  if (!world.rollback || api::finished(world.rollback->status.phase) || world.rollback->spec.to.hash != set.hash) return false;
  const auto mark = world.deployment.meta.annotations.find(rolled_back_by);
  return mark != world.deployment.meta.annotations.end() && mark->second == world.rollback->meta.key.name;
}

void forget_oldest(api::GuardStatus& guard) {
  while (guard.revisions.size() > most_revisions) {
    // What may still be put back is forgotten last.
    auto last = std::ranges::find_if(guard.revisions.rbegin(), guard.revisions.rend(),
                                     [](const Revision& revision) { return revision.kept_as.empty(); });
    if (last == guard.revisions.rend()) last = guard.revisions.rbegin();
    guard.revisions.erase(std::next(last).base());
  }
}

Revision remember(api::GuardStatus& guard, const api::ReplicaSet& set, RevisionVerdict verdict, Time now) {
  Revision revision{
      .hash = set.hash, .replica_set = set.meta.uid, .number = set.revision, .verdict = verdict, .since = now, .kept_as = {}};
  if (const Revision* known = find_revision(guard, set.hash)) {
    revision.kept_as = known->kept_as;
    std::erase_if(guard.revisions, [&](const Revision& other) { return other.hash == set.hash; });
  }
  guard.revisions.insert(guard.revisions.begin(), revision);
  forget_oldest(guard);
  return revision;
}

void begin_watch(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  guard.current = remember(guard, set, RevisionVerdict::Watching, step.now);
  guard.watch_started = step.now;
  guard.rolled_out.reset();
  guard.checks.clear();
  step.enter(State::Watching, "RollingOut", fmt::format("{} is being rolled out", name_of(step.deployment(), *guard.current)));
}

void supersede_rollback(Step& step) {
  if (!step.world.rollback || api::finished(step.world.rollback->status.phase)) return;
  step.out.rollback = advance(step.world.rollback->status, RollbackPhase::Superseded,
                              "A newer template came before the rollback was finished", step.now);
}

void take_release(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  if (guard.current && guard.current->verdict == RevisionVerdict::Watching && guard.current->hash != set.hash) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Superseded, step.now);
  }
  if (guard.current && guard.current->verdict == RevisionVerdict::Breached && guard.current->hash != set.hash) {
    step.fact(
        false, "ReleaseSuperseded", "None",
        fmt::format("{} was breached and has been replaced by a newer template", name_of(step.deployment(), *guard.current)));
  }
  supersede_rollback(step);
  const Revision* known = find_revision(guard, set.hash);
  const bool was_rolled_back = known && known->verdict == RevisionVerdict::RolledBack;
  begin_watch(step, set);
  step.fact(false, "ReleaseSeen", "Watch",
            fmt::format("{} is a new release and is being judged{}", name_of(step.deployment(), *guard.current),
                        was_rolled_back ? "; its template was rolled back before and is judged afresh" : ""));
}

void take_first_sight(Step& step, const api::ReplicaSet& set) {
  if (!api::rollout_complete(step.deployment())) {
    take_release(step, set);
    return;
  }
  api::GuardStatus& guard = step.guard();
  guard.current = remember(guard, set, RevisionVerdict::PresumedGood, step.now);
  step.enter(State::Idle, "PresumedGood",
             fmt::format("{} ran completely available when first seen", name_of(step.deployment(), *guard.current)));
  step.fact(false, "PresumedGood", "None",
            fmt::format("{} runs completely available and is presumed good", name_of(step.deployment(), *guard.current)));
}

void take_restoration(Step& step, const api::ReplicaSet& set) {
  api::GuardStatus& guard = step.guard();
  const Revision* known = find_revision(guard, set.hash);
  // The number has moved, and where the ReplicaSet had been collected its uid too; the verdict has not.
  Revision restored = known ? *known : step.world.rollback->spec.to;
  restored.replica_set = set.meta.uid;
  restored.number = set.revision;
  std::erase_if(guard.revisions, [&](const Revision& other) { return other.hash == set.hash; });
  guard.revisions.insert(guard.revisions.begin(), restored);
  guard.current = restored;
  guard.rolled_out.reset();
  guard.checks.clear();
}

void refresh_numbers(api::GuardStatus& guard, const api::ReplicaSet& set) {
  guard.current->replica_set = set.meta.uid;
  guard.current->number = set.revision;
  if (Revision* known = find_revision(guard, set.hash)) {
    known->replica_set = set.meta.uid;
    known->number = set.revision;
  }
}

}  // namespace

bool recognise_template(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (!step.world.replica_sets) return guard.current.has_value() && guard.template_digest == step.deployment().template_digest;
  const api::ReplicaSet* set = current_of(*step.world.replica_sets);
  if (!set) {
    if (guard.state != State::RollingBack && guard.state != State::Frozen) {
      step.enter(guard.state == State::Held ? State::Watching : guard.state, "WaitingForReplicaSet",
                 "The ReplicaSet of the present template does not exist yet");
    }
    // A paused Deployment makes none; resuming it is an event of its own.
    if (!step.deployment().paused) step.look_again(step.now + std::chrono::seconds(1));
    return false;
  }
  // Opting in by annotation moves the generation, and until the Deployment controller has seen that, its status says nothing
  // about whether what runs is complete.
  if (!guard.current && step.deployment().observed_generation < step.deployment().meta.generation) {
    step.enter(State::Idle, "WaitingForStatus", "The Deployment controller has not yet seen the present generation");
    step.look_again(step.now + std::chrono::seconds(1));
    return false;
  }
  guard.template_digest = step.deployment().template_digest;
  if (!guard.current) {
    take_first_sight(step, *set);
  } else if (is_our_restoration(step.world, *set)) {
    if (guard.current->hash != set->hash) take_restoration(step, *set);
    refresh_numbers(guard, *set);
  } else if (guard.current->hash != set->hash || template_was_restored(step.world.rollback)) {
    take_release(step, *set);
  } else {
    refresh_numbers(guard, *set);
  }
  return true;
}

}  // namespace lastgood::decide
