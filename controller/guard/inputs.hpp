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

// Another Deployment of the same group, as its last reconcile left it.
struct GroupMember {
  std::string deployment;
  int order = 0;
  api::GuardStatus guard = {};
  std::optional<api::Rollback> rollback = {};  // in progress, or the last
  std::string blocked_because;                 // why it cannot be rolled back now; empty: it can
  api::Mode mode = api::Mode::Enforce;         // of its policy
  bool is_patched = false;                     // by `rollback`, whose status may not say so yet
};

// From a live read: the ReplicaSets of the Deployment, and the author and the invalid annotation of
// its present template.
struct TemplateObservation {
  // The Deployment's own ReplicaSets. The current one is marked by comparing templates.
  std::vector<api::ReplicaSet> sets = {};
  std::optional<api::TemplateAuthor> author = {};
  std::string problem;  // which annotation of the template cannot be understood; empty: none
};

struct Inputs {
  api::Deployment deployment;
  EffectivePolicy policy = {};
  api::GuardStatus guard = {};  // before this plan

  // Present if needs() lists them.
  std::optional<std::vector<api::ReplicaSet>> replica_sets = {};
  std::optional<api::TemplateAuthor> author = {};  // of the present template
  std::string template_problem = {};               // see TemplateObservation

  std::vector<api::Measurement> measurements = {};  // new ones, of `guard.current`
  std::optional<api::Rollback> rollback = {};       // in progress, or the last one
  std::optional<api::Rollback> request = {};        // the oldest manual Rollback without an answer
  std::optional<api::Preflight> preflight = {};     // the last one
  Breaker breaker = {};
  std::vector<GroupMember> group = {};  // the other members
  // The Rollback that spec.causedBy of `rollback` names, from the watch.
  std::optional<api::Rollback> initiator = {};
};

// Create the record; execute it at once, or leave it Pending.
struct StartRollback {
  api::Rollback record;
  bool execute = true;
};

// Fill in the spec of `inputs.request`. The Deployment is not changed before this is done.
struct BindRequest {
  api::Rollback record;
};

// Create a finished record of what mode Enforce would have done.
struct RecordObserved {
  api::Rollback record;
};

// Do everything but the write, and record the result: in `inputs.request` if that requested the
// drill, else in a new Rollback.
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
  std::string blocked_because;  // why it cannot be rolled back with its group; empty: it can
  std::vector<EventRecord> events = {};
  Action action = {};  // at most one
  std::optional<Time> requeue_at = {};
};

}  // namespace lastgood::guard
