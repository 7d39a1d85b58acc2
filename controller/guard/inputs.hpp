// The inputs of decide(), and the plan that it returns. Plain data without I/O and without a clock.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/event.hpp"
#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/preflight.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "policy/effective_policy.hpp"

namespace lastgood::guard {

using api::EventAction;
using api::EventRecord;
using api::EventType;
using api::Reason;
using policy::EffectivePolicy;

// The breaker of the fleet. While it is open, no automatic rollback starts, except in a group
// rollback that has started: many releases that fail at the same time probably have a common cause.
struct Breaker {
  bool is_open = false;
  std::string message;  // numbers of failing and guarded Deployments, limits, what closes it
};

// Another guarded Deployment, outside of the group, that was healthy and then began to fail: see
// began_to_fail() in failure_log.hpp.
struct OtherFailure {
  Key deployment;
  Time began;
};

// Another Deployment of the same group, as its last reconcile left it.
struct GroupMember {
  std::string deployment;
  int order = 0;
  api::GuardStatus guard = {};
  std::optional<api::Rollback> rollback = {};  // in progress, or the last one
  std::string blocked_because;                 // why it cannot be rolled back now; empty: it can be
  api::Mode mode = api::Mode::Enforce;         // of its policy
  // The Deployment has the patch of `rollback`. The status of `rollback` may not say so yet.
  bool is_patched = false;
};

// The result of a live read: the ReplicaSets of the Deployment, and the author and an invalid
// annotation of its present template.
struct TemplateObservation {
  // The ReplicaSets that the Deployment owns. The templates were compared to set `is_current`.
  std::vector<api::ReplicaSet> sets = {};
  std::optional<api::TemplateAuthor> author = {};
  std::string problem;  // which annotation of the template is invalid; empty: all are valid
};

struct Inputs {
  api::Deployment deployment;
  EffectivePolicy policy = {};
  api::GuardStatus guard = {};  // before this plan
  Time loaded{};                // when this replica loaded the state
  std::size_t guarded = 0;      // the number of guarded Deployments

  // Present if needs() lists them.
  std::optional<std::vector<api::ReplicaSet>> replica_sets = {};
  std::optional<api::TemplateAuthor> author = {};  // of the present template
  std::string template_problem = {};               // see TemplateObservation

  std::vector<api::Measurement> measurements = {};  // of `guard.current`, since the last plan
  std::optional<api::Rollback> rollback = {};       // in progress, or the last one
  std::optional<api::Rollback> request = {};        // the oldest manual Rollback without an answer
  std::optional<api::Preflight> preflight = {};     // the last one
  std::string snapshot_error = {};   // of the last try to store a snapshot; empty: it was stored
  std::string observed_record = {};  // last Rollback of mode Observe that exists; empty: unknown
  Breaker breaker = {};
  std::vector<OtherFailure> other_failures = {};  // present, or ended recently
  std::size_t min_other_failures = 0;             // so many of them hold a release; 0: never
  std::vector<GroupMember> group = {};            // the other members
  // The Rollback that spec.causedBy of `rollback` names, from the watch.
  std::optional<api::Rollback> initiator = {};
};

// Create the Rollback `record`. If `execute`, execute it at once, else leave it Pending.
struct StartRollback {
  api::Rollback record;
  bool execute = true;
};

// Write `record`: `inputs.request` with its spec filled in. The Deployment is changed only
// afterwards.
struct BindRequest {
  api::Rollback record;
};

// Create the finished Rollback `record`, which says what mode Enforce would have done.
struct RecordObserved {
  api::Rollback record;
};

// Run the rollback without its patch, and write the result into `record`: `inputs.request` if a
// user requested the drill, else a new Rollback.
struct RunDrill {
  api::Rollback record;
};

// Execute the next step of `inputs.rollback`.
struct ResumeRollback {};

// Store the template of the revision as a ControllerRevision.
struct CreateSnapshot {
  api::Revision revision;
};

using Action = std::variant<std::monostate, StartRollback, ResumeRollback, CreateSnapshot,
                            BindRequest, RecordObserved, RunDrill>;

struct Plan {
  api::GuardStatus guard = {};                       // after this plan
  std::optional<api::RollbackStatus> rollback = {};  // new status of `inputs.rollback`, if changed
  std::optional<api::RollbackStatus> request = {};   // new status of `inputs.request`, if changed
  // Why the Deployment cannot be rolled back with its group; empty: it can be.
  std::string blocked_because;
  std::vector<EventRecord> events = {};
  bool opt_in_lost = false;  // see guard/states/opt_out.hpp
  Action action = {};        // at most one
  std::optional<Time> requeue_at = {};
};

}  // namespace lastgood::guard
