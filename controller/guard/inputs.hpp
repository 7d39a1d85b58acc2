// What a decision is made from, and what it comes to. Plain data: knows no I/O and no clock.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/preflight.hpp"
#include "api/rollback.hpp"
#include "api/sample.hpp"
#include "api/workload.hpp"
#include "policy/effective_policy.hpp"

namespace lastgood::guard {

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
  std::vector<api::ReplicaSet> sets = {};  // the Deployment's own; the current one is marked by comparing templates
  std::optional<api::Author> author = {};
  std::string problem;  // what cannot be understood of the template's annotations; empty: nothing
};

struct World {
  api::Deployment deployment;
  policy::EffectivePolicy guarding = {};
  api::GuardStatus guard = {};                                    // the memory as it was before this decision
  std::optional<std::vector<api::ReplicaSet>> replica_sets = {};  // freshly listed, when needs() asked for them
  std::vector<api::Sample> samples = {};                          // taken just now, of guard.current
  std::optional<api::Rollback> rollback = {};                     // the one in flight, or else the last that still says something
  std::optional<api::Rollback> request = {};                      // made by a person, not yet bound, the oldest
  std::optional<api::Author> author = {};                         // of the present template, when needs() asked for ReplicaSets
  std::string template_problem = {};                              // what cannot be understood of its annotations; likewise
  std::optional<api::Preflight> preflight = {};                   // the last one
  Breaker breaker = {};
  std::vector<GroupMember> group = {};     // the others
  std::optional<api::Rollback> call = {};  // the one that `rollback` follows with its group, as the watch has it
};

// Something that happened and that a person should read once: becomes one Event on the Deployment.
struct Fact {
  bool warning = false;
  std::string reason;  // CamelCase, at most 128 bytes
  std::string action;  // what was done about it: "Watch", "Hold", "Rollback", "None"
  std::string note;    // at most 1 KiB
  bool operator==(const Fact&) const = default;
};

struct StartRollback {
  api::Rollback record;   // to be created before anything is touched
  bool carry_out = true;  // and gone on with at once
};
struct BindRequest {
  api::Rollback record;  // world.request, filled in: to be written before anything is touched
};
// Create a finished record of what would have been done.
struct RecordObserved {
  api::Rollback record;
};
// Go through the rollback without doing it, and record how it went: in world.request when it is that one, else in a new one.
struct RunDrill {
  api::Rollback record;
};
struct CarryOutRollback {};  // go on with world.rollback from where it stands
struct KeepRevision {
  api::Revision revision;  // its template is to be kept as a ControllerRevision
};
using Act = std::variant<std::monostate, StartRollback, CarryOutRollback, KeepRevision, BindRequest, RecordObserved, RunDrill>;

struct Decision {
  api::GuardStatus guard = {};                       // the memory from now on
  std::optional<api::RollbackStatus> rollback = {};  // the new status of world.rollback, when it changes
  std::optional<api::RollbackStatus> request = {};   // the new status of world.request, when it changes
  std::string cannot;                                // why this Deployment could not go back now, should its group be called
  std::vector<Fact> facts = {};
  Act act = {};
  std::optional<Time> wake = {};  // look again then, even if nothing happens
};

}  // namespace lastgood::guard
