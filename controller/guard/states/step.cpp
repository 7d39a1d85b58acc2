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
  if (!plan.requeue_at || when < *plan.requeue_at) plan.requeue_at = when;
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

void trim_revisions(api::GuardStatus& guard) {
  constexpr std::size_t max_revisions = 20;
  constexpr std::size_t max_snapshots = 2;
  while (guard.revisions.size() > max_revisions) {
    const auto is_current = [&](const api::Revision& one) {
      return &one == &guard.revisions.front() || (guard.current && one.hash == guard.current->hash);
    };
    std::vector<const api::Revision*> proven = proven_with_snapshot(guard);
    std::erase_if(proven, [&](const api::Revision* one) { return is_current(*one); });
    const api::Revision* oldest = proven.size() > max_snapshots ? proven.back() : nullptr;
    // The newest mark is enough: a rollback that would go past an older one would go past it too.
    const auto mark = std::ranges::find_if(
        guard.revisions, [&](const api::Revision& one) { return one.no_rollback_past; });
    for (const api::Revision& one : guard.revisions) {
      const bool is_needed = mark != guard.revisions.end() && &one == &*mark && !proven.empty();
      if (!is_current(one) && !is_needed && std::ranges::find(proven, &one) == proven.end())
        oldest = &one;
    }
    guard.revisions.erase(guard.revisions.begin() + (oldest - guard.revisions.data()));
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
