// What a plan is made from, and what it comes to. Plain data: knows no I/O and no clock.
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

// Deployments whose releases fail, or were put back, at the same time have a cause in common.
struct Breaker {
  bool is_open = false;
  std::string message;  // both figures and both limits, and what closes it
};

// Another Deployment of the same group, as it stood when it was last looked at.
struct GroupMember {
  std::string deployment;
  int order = 0;
  api::GuardStatus guard = {};
  std::optional<api::Rollback> rollback = {};  // the one in flight or the last
  std::string cannot;                          // why it cannot go back now; empty: it can
  api::Mode mode = api::Mode::Enforce;         // of its policy
};

// What the present template is and where it came from, as a live read of the Deployment shows it.
struct TemplateSight {
  std::vector<api::ReplicaSet> sets =
      {};  // the Deployment's own; the current one is marked by comparing templates
  std::optional<api::Author> author = {};
  std::string problem;  // what cannot be understood of the template's annotations; empty: nothing
};

struct Inputs {
  api::Deployment deployment;
  EffectivePolicy policy = {};
  api::GuardStatus guard = {};  // the state as it was before this plan
  std::optional<std::vector<api::ReplicaSet>> replica_sets =
      {};                                           // freshly listed, when needs() asked for them
  std::vector<api::Measurement> measurements = {};  // taken just now, of guard.current
  std::optional<api::Rollback> rollback =
      {};  // the one in flight, or else the last that still says something
  std::optional<api::Rollback> request = {};  // made by a person, not yet bound, the oldest
  std::optional<api::Author> author =
      {};                             // of the present template, when needs() asked for ReplicaSets
  std::string template_problem = {};  // what cannot be understood of its annotations; likewise
  std::optional<api::Preflight> preflight = {};  // the last one
  Breaker breaker = {};
  std::vector<GroupMember> group = {};  // the others
  std::optional<api::Rollback> call =
      {};  // the one that `rollback` follows with its group, as the watch has it
};

struct StartRollback {
  api::Rollback record;   // to be created before anything is touched
  bool carry_out = true;  // and gone on with at once
};
struct BindRequest {
  api::Rollback record;  // inputs.request, filled in: to be written before anything is touched
};
// Create a finished record of what would have been done.
struct RecordObserved {
  api::Rollback record;
};
// Go through the rollback without doing it, and record how it went: in inputs.request when it is
// that one, else in a new one.
struct RunDrill {
  api::Rollback record;
};
struct ResumeRollback {};  // go on with inputs.rollback from where it stands
struct CreateSnapshot {
  api::Revision revision;  // its template is to be kept as a ControllerRevision
};
using Action = std::variant<std::monostate, StartRollback, ResumeRollback, CreateSnapshot,
                            BindRequest, RecordObserved, RunDrill>;

struct Plan {
  api::GuardStatus guard = {};  // the state from now on
  std::optional<api::RollbackStatus> rollback =
      {};  // the new status of inputs.rollback, when it changes
  std::optional<api::RollbackStatus> request =
      {};              // the new status of inputs.request, when it changes
  std::string cannot;  // why this Deployment could not go back now, should its group be called
  std::vector<EventRecord> events = {};
  Action action = {};
  std::optional<Time> requeue_at = {};  // look again then, even if nothing happens
};

}  // namespace lastgood::guard
