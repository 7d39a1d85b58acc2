#include "guard/states/frozen.hpp"

#include <fmt/format.h>

#include "rollback/record.hpp"

namespace lastgood::guard {

using api::RevisionVerdict;
using api::State;

namespace {

// True if a user ends the freeze now: status.freeze was removed, or the time in lastgood.dev/resume
// is reached. That time must not be before the freeze began. Users write whole seconds, so the
// start of the freeze is rounded down. If false, sets the message, and requeues at a time in the
// future.
bool is_resumed(Step& step) {
  // Not the freeze in the inputs: this step may have begun a new one.
  const auto freeze = step.guard().freeze;
  if (!freeze) return true;
  step.guard().message = freeze->message;
  const auto& resume = step.inputs.policy.resume;
  if (!resume || !freeze->since) return false;
  if (*resume < std::chrono::floor<std::chrono::seconds>(*freeze->since)) {
    step.guard().message = fmt::format(
        "lastgood.dev/resume has the time {}, which is before the freeze began ({}), so it has no "
        "effect. {}",
        format_rfc3339(*resume), format_rfc3339(*freeze->since), freeze->message);
    return false;
  }
  if (*resume <= step.now) return true;
  step.requeue_at(*resume);
  return false;
}

}  // namespace

void freeze(Step& step, Reason reason, const std::string& message, const std::string& advice,
            Reason event) {
  const Key& key = step.deployment().meta.key;
  const std::string text = fmt::format(
      "{}. {}. To evaluate this revision again: kubectl annotate --overwrite deployment {} -n {} "
      "lastgood.dev/resume=$(date -u +%FT%TZ)",
      message, advice, key.name, key.namespace_);
  step.emit(EventType::Warning, event == Reason::None ? reason : event, EventAction::Freeze, text);
  step.enter(State::Frozen, reason, text);
}

bool end_freeze(Step& step) {
  api::GuardStatus& guard = step.guard();
  const bool was_frozen = step.inputs.guard.state == State::Frozen && guard.state == State::Frozen;
  if (!was_frozen || !guard.current || !is_resumed(step)) return false;
  // A user has acted, so the limits count from zero.
  guard.rollbacks.clear();
  guard.contests.clear();
  guard.current->verdict = RevisionVerdict::Evaluating;
  guard.current->since = step.now;
  api::Revision* listed = find_revision(guard, guard.current->hash);
  if (listed && (listed->verdict == RevisionVerdict::RolledBack ||
                 listed->verdict == RevisionVerdict::Breached))
    listed->verdict = RevisionVerdict::Evaluating;
  guard.evaluation_started = step.now;
  // The rollout stays complete, so that pods which are not ready count.
  guard.bake.reset();
  guard.checks.clear();
  guard.declined.reset();
  guard.pending.clear();
  const std::string message =
      fmt::format("A user ended the freeze. {} is evaluated again", step.current_name());
  step.enter(State::Evaluating, Reason::Resumed, message);
  step.emit(EventType::Normal, Reason::Resumed, EventAction::Evaluate, message);
  step.requeue_at(step.now);
  return true;
}

}  // namespace lastgood::guard
