// Frozen: how a freeze begins, and how a person ends it.
#include <fmt/format.h>

#include "guard/states/step.hpp"

namespace lastgood::guard {

using api::RevisionVerdict;
using api::State;

namespace {

// The time says which freeze is meant: one that began before it, to the second, since that is how
// people write it. It ends at that time, not earlier.
bool is_resumed(Step& step) {
  // A copy of what holds now: another freeze may have taken the place of the one that was there.
  const auto freeze = step.guard().freeze;
  if (!freeze) return true;
  step.guard().message = freeze->message;
  const auto& resume = step.inputs.policy.resume;
  if (!resume || !freeze->since) return false;
  if (*resume < std::chrono::floor<std::chrono::seconds>(*freeze->since)) {
    step.guard().message = fmt::format(
        "lastgood.dev/resume says {}, which is before it froze at {}, and so ends nothing. {}",
        format_rfc3339(*resume), format_rfc3339(*freeze->since), freeze->message);
    return false;
  }
  if (*resume > step.now) step.requeue_at(*resume);
  return *resume <= step.now;
}

}  // namespace

void freeze(Step& step, Reason reason, const std::string& message, const std::string& what_to_do,
            Reason event) {
  const api::GuardStatus& guard = step.guard();
  const bool news = guard.state != State::Frozen || guard.reason != reason;
  const Key& key = step.deployment().meta.key;
  const std::string way_out = fmt::format(
      "{}. To have it judged again: kubectl annotate --overwrite deployment {} -n {} "
      "lastgood.dev/resume=$(date -u +%FT%TZ)",
      what_to_do, key.name, key.namespace_);
  if (news) {
    step.emit(EventType::Warning, event == Reason::None ? reason : event, EventAction::Freeze,
              fmt::format("{}. A person is needed. {}", message, way_out));
  }
  step.enter(State::Frozen, reason, fmt::format("{}. {}", message, way_out));
}

bool end_freeze(Step& step) {
  api::GuardStatus& guard = step.guard();
  const bool was_frozen = step.inputs.guard.state == State::Frozen && guard.state == State::Frozen;
  if (!was_frozen || !guard.current || !is_resumed(step)) return false;
  // Who resumes has looked at it: what was counted before does not count any more.
  guard.rollbacks.clear();
  guard.contests.clear();
  guard.current->verdict = RevisionVerdict::Evaluating;
  guard.current->since = step.now;
  api::Revision* listed = find_revision(guard, guard.current->hash);
  if (listed && (listed->verdict == RevisionVerdict::RolledBack ||
                 listed->verdict == RevisionVerdict::Breached))
    listed->verdict = RevisionVerdict::Evaluating;
  guard.evaluation_started = step.now;
  guard.rolled_out.reset();
  guard.checks.clear();
  guard.declined.reset();
  guard.pending.clear();
  const std::string name = rollback::name_of(step.deployment(), *guard.current);
  step.enter(State::Evaluating, Reason::Resumed,
             fmt::format("A person has resumed it; {} is judged afresh", name));
  step.emit(EventType::Normal, Reason::Resumed, EventAction::Evaluate,
            fmt::format("A person has resumed it; {} is judged afresh", name));
  step.requeue_at(step.now);
  return true;
}

}  // namespace lastgood::guard
