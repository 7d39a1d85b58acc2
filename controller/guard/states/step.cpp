#include "guard/states/step.hpp"

#include <algorithm>

#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

std::string Step::current_name() const {
  return rollback::name_of(inputs.deployment, *plan.guard.current);
}

void Step::emit(EventType type, Reason reason, EventAction action, std::string note) {
  plan.events.push_back(
      {.type = type, .reason = reason, .action = action, .note = std::move(note)});
}

void Step::enter(api::State state, Reason reason, std::string message) {
  api::GuardStatus& g = guard();
  if (g.state != state || !g.state_since) g.state_since = now;
  g.state = state;
  g.reason = reason;
  g.blocked_by.clear();
  g.message = std::move(message);
  if (state != api::State::Frozen) {
    g.freeze.reset();
  } else {
    g.freeze = api::Freeze{.reason = g.reason, .message = g.message, .since = g.state_since};
  }
}

void Step::requeue_at(Time when) {
  plan.requeue_at = std::min(plan.requeue_at.value_or(when), when);
}

std::span<const api::Measurement> Step::measurements() const {
  const auto& before = inputs.guard;
  const auto& after = plan.guard;
  const bool same_revision =
      before.current && after.current && before.current->hash == after.current->hash;
  if (!same_revision || before.evaluation_started != after.evaluation_started) return {};
  return inputs.measurements;
}

api::Revision* find_revision(api::GuardStatus& guard, const TemplateHash& hash) {
  const auto found = std::ranges::find(guard.revisions, hash, &api::Revision::hash);
  return found == guard.revisions.end() ? nullptr : &*found;
}

namespace {

// All revisions, the most valuable first:
// 1. the two proven ones with a snapshot and the newest verdicts: the targets of rollbacks
// 2. the revisions before the first target in the list: the releases that a rollback would undo
// 3. the other proven ones with a snapshot
// 4. the others
std::vector<const api::Revision*> by_value(const api::GuardStatus& guard) {
  constexpr std::size_t targets = 2;
  std::vector<const api::Revision*> proven = proven_with_snapshot(guard);
  const std::size_t kept = std::min(proven.size(), targets);
  std::vector<const api::Revision*> found(proven.begin(),
                                          proven.begin() + static_cast<std::ptrdiff_t>(kept));
  const auto add = [&](const api::Revision& one) {
    if (std::ranges::find(found, &one) == found.end()) found.push_back(&one);
  };
  for (const api::Revision& one : guard.revisions) {
    if (kept == 0 || &one == proven.front()) break;
    add(one);
  }
  for (const api::Revision* one : proven) add(*one);
  for (const api::Revision& one : guard.revisions) add(one);
  return found;
}

}  // namespace

void trim_revisions(api::GuardStatus& guard) {
  constexpr std::size_t max_revisions = 20;
  while (guard.revisions.size() > max_revisions) {
    // The newest mark is enough: a rollback past an older mark would be past the newest one too.
    const auto mark = std::ranges::find(guard.revisions, true, &api::Revision::no_rollback_past);
    const auto is_kept = [&](const api::Revision* one) {
      const auto index = one - guard.revisions.data();
      const bool is_current = guard.current && one->hash == guard.current->hash;
      return index == 0 || is_current || index == mark - guard.revisions.begin();
    };
    std::vector<const api::Revision*> removable = by_value(guard);
    std::erase_if(removable, is_kept);
    guard.revisions.erase(guard.revisions.begin() + (removable.back() - guard.revisions.data()));
  }
}

void set_verdict(api::GuardStatus& guard, const TemplateHash& hash, api::RevisionVerdict verdict,
                 Time now) {
  const auto set = [&](api::Revision& revision) {
    revision.verdict = verdict;
    revision.since = now;
  };
  const bool has_no_result =
      verdict == api::RevisionVerdict::Superseded || verdict == api::RevisionVerdict::Inconclusive;
  if (api::Revision* listed = find_revision(guard, hash);
      listed && !(has_no_result && is_proven(*listed)))
    set(*listed);
  if (guard.current && guard.current->hash == hash) set(*guard.current);
}

}  // namespace lastgood::guard
