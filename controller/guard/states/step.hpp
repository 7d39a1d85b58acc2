// Shared by the functions of one call to decide(): the inputs, the time and the plan so far.
// Private to guard/.
#pragma once

#include <span>
#include <string>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct Step {
  const Inputs& inputs;
  Time now;
  Plan plan = {};

  [[nodiscard]] api::GuardStatus& guard() { return plan.guard; }
  [[nodiscard]] const api::Deployment& deployment() const { return inputs.deployment; }

  // Such as "revision 2 (web-6d4b75cb6d)". Requires a current revision.
  [[nodiscard]] std::string current_name() const;

  void emit(EventType type, Reason reason, EventAction action, std::string note);

  // Enters a state, or changes the reason of the present state. `state_since` moves only when the
  // state changes. `freeze` exists exactly while the state is Frozen.
  void enter(api::State state, Reason reason, std::string message);

  // Keeps the earliest of all times that are asked for.
  void requeue_at(Time when);

  // The measurements of this plan. Empty when another revision is evaluated now than the one that
  // they were taken from.
  [[nodiscard]] std::span<const api::Measurement> measurements() const;
};

// The revision in `guard.revisions` with that hash; null without one.
[[nodiscard]] api::Revision* find_revision(api::GuardStatus& guard, const TemplateHash& hash);

// Removes the oldest revisions until the list fits into the status. Never removed: the current
// revision, the two newest proven ones that have a snapshot, and the newest mark. Revisions that
// are not proven go before those that are.
void trim_revisions(api::GuardStatus& guard);

// Sets the verdict in the list and, for the current revision, in `guard.current`. A proven
// revision stays proven in the list when a later evaluation ends without a result (Superseded,
// Inconclusive).
void set_verdict(api::GuardStatus& guard, const TemplateHash& hash, api::RevisionVerdict verdict,
                 Time now);

}  // namespace lastgood::guard
