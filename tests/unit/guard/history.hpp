// Random histories of one Deployment, for invariants: which events can happen and how often. Each
// event is followed by a reconcile, and the invariant is checked after each reconcile.
#pragma once

#include <rapidcheck.h>

#include <functional>
#include <ostream>
#include <vector>

#include "unit/guard/harness.hpp"

namespace lastgood::guard::test {

// One plan, and the harness before and after its action.
struct ReconcileStep {
  const Inputs& inputs;
  const Plan& plan;
  const DeploymentHarness& before;
  const DeploymentHarness& after;

  // The automatic Rollback that this plan starts. Null: none.
  [[nodiscard]] const api::Rollback* started_rollback() const;
  // The Rollback that changed the template in this step. Null: none.
  [[nodiscard]] const api::Rollback* executed_rollback() const;
  // The same if it is automatic.
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
  int kind = 0;      // index into the table of event kinds in history.cpp
  int argument = 0;  // 0 to 4
};
void showValue(const HistoryEvent& event, std::ostream& out);
using History = std::vector<HistoryEvent>;

// Events in addition to releases, rollouts, measurements, restarts and time.
enum class EventGroup : std::uint8_t {
  Pauses,     // suspended, paused (also until a time), scaled to zero, opted out, deleted, and back
  Modes,      // Observe, Approve, Enforce, approvals
  Fleet,      // the breaker opens and closes
  Preflight,  // no result, failed, passed
  Requests,   // manual rollbacks, also forced ones, and drills
  Tools,      // a tool is the author of templates
  Resumes,    // a user ends a freeze
  Baselines,  // checks fail for the baseline too
  Faults,     // records cannot be created, a process ends between two writes, a restart reads an
              // outdated version of the guard
  Groups,     // another member is released, breached or blocked, or initiates; this Deployment
              // changes its order or leaves
  Checks,     // the policy has other checks
};
[[nodiscard]] const std::vector<EventGroup>& all_event_groups();

// Six histories for each of the hundred runs of rapidcheck.
[[nodiscard]] rc::Gen<std::vector<History>> histories(std::vector<EventGroup> groups);

// At the start v1 runs and is presumed good. The ReplicaSets of v2 to v5 exist, and v3 has a
// no-rollback-past mark. `prepare` may change this start.
void run_history(const History& history, const Invariant& invariant,
                 const std::function<void(DeploymentHarness&)>& prepare = {});

}  // namespace lastgood::guard::test
