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

  // Reconciles again at the earliest of the times for which this is called.
  void requeue_at(Time when);

  // The measurements in the inputs. Empty if this plan evaluates another revision than before, or
  // starts the evaluation again.
  [[nodiscard]] std::span<const api::Measurement> measurements() const;
};

// The revision in `guard.revisions` with this hash; null without one.
[[nodiscard]] api::Revision* find_revision(api::GuardStatus& guard, const TemplateHash& hash);

// Removes revisions until the list has at most 20. A possible target is a revision that is proven
// and has a snapshot. The order in which revisions are removed:
// 1. revisions that are no possible target, and are older than the possible target with the newest
//    verdict; the oldest first
// 2. possible targets except the two with the newest verdicts; the oldest verdict first
// 3. the others except these two, the oldest first
// The first revision, the current revision, and the newest revision with the mark no-rollback-past
// are never removed.
void trim_revisions(api::GuardStatus& guard);

// Sets the verdict in the list and, for the current revision, in `guard.current`. A proven
// revision stays proven in the list when a later evaluation ends without a result (Superseded,
// Inconclusive).
void set_verdict(api::GuardStatus& guard, const TemplateHash& hash, api::RevisionVerdict verdict,
                 Time now);

}  // namespace lastgood::guard
