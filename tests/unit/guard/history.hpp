// Random histories of one Deployment: lists of events. An invariant is checked after each
// reconcile, and a reconcile follows each event.
#pragma once

#include <rapidcheck.h>

#include <functional>
#include <ostream>
#include <vector>

#include "unit/guard/harness.hpp"

namespace lastgood::guard::test {

// One reconcile: its inputs, its plan, and the harness before and after it.
struct ReconcileStep {
  const Inputs& inputs;
  const Plan& plan;
  const DeploymentHarness& before;
  const DeploymentHarness& after;

  // The automatic Rollback that this plan starts; null if it starts no such Rollback.
  [[nodiscard]] const api::Rollback* started_rollback() const;
  // The Rollback that restored a template in this step; null if no template was restored.
  [[nodiscard]] const api::Rollback* executed_rollback() const;
  // executed_rollback() if that Rollback is automatic, else null.
  [[nodiscard]] const api::Rollback* executed_automatic_rollback() const;
};
using Invariant = std::function<void(const ReconcileStep&)>;

// A harness with an invariant that is checked after each reconcile.
class CheckedHarness {
 public:
  CheckedHarness(DeploymentHarness harness, Invariant invariant);

  void reconcile(Measurements measurements = {});
  void reconcile_times(int count, const Measurements& measurements);  // 10s apart

  DeploymentHarness harness;

 private:
  Invariant invariant_;
};

struct HistoryEvent {
  int kind = 0;      // index into the table `event_kinds` in history.cpp
  int argument = 0;  // 0 to 4; its meaning depends on the kind
};
void showValue(const HistoryEvent& event, std::ostream& out);
using History = std::vector<HistoryEvent>;

// Groups of events that a test can choose. Releases, rollouts, measurements, restarts and the
// passing of time can happen in each history.
enum class EventGroup : std::uint8_t {
  Pauses,     // suspended, paused, paused until a time, scaled to zero, opted out or deleted; each
              // may end again
  Modes,      // the mode changes; a user approves a Rollback
  Fleet,      // the breaker opens and closes
  Preflight,  // the preflight passes, fails or has no result
  Requests,   // manual rollbacks, also forced ones, and drills
  Tools,      // a tool is the author of templates
  Resumes,    // a user ends a freeze
  Baselines,  // checks fail for the baseline too
  Faults,     // Rollbacks cannot be created; the process ends between two writes; a restart reads
              // an outdated version of the guard
  Groups,     // another member is released, breached or blocked, or initiates; this Deployment
              // changes its order or leaves
  Checks,     // the policy has other checks
};
[[nodiscard]] const std::vector<EventGroup>& all_event_groups();

// Six histories for each run of rapidcheck, which runs a test a hundred times. They have the events
// of `groups`, and those that can happen in each history.
[[nodiscard]] rc::Gen<std::vector<History>> histories(std::vector<EventGroup> groups);

// At the start v1 runs and is presumed good. The ReplicaSets of v2 to v5 exist, and v3 has the
// annotation no-rollback-past. `prepare` may change the harness before the first event.
void run_history(const History& history, const Invariant& invariant,
                 const std::function<void(DeploymentHarness&)>& prepare = {});

}  // namespace lastgood::guard::test
