// What a decision is made from, and what it comes to. Plain data: knows no I/O and no clock.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "api/sample.hpp"
#include "api/workload.hpp"

namespace lastgood::decide {

// Which policy governs the Deployment, as policy/ found it.
struct Guarding {
  enum class Kind : std::uint8_t {
    None,      // not opted in, or opted out
    Governed,  // by `spec`
    Broken,    // opted in, but what should govern is missing or cannot be understood: nothing is done
  };
  Kind kind = Kind::None;
  std::string policy;  // "RollbackPolicy/web", "ConfigMap/rollback-config", "built-in"
  api::PolicySpec spec = {};
  std::string reason;   // of Broken and None, CamelCase
  std::string message;  // of Broken and None, for a person
  std::optional<Time> pause_until = {};
};

struct World {
  api::Deployment deployment;
  Guarding guarding = {};
  api::GuardStatus guard = {};                                    // the memory as it was before this decision
  std::optional<std::vector<api::ReplicaSet>> replica_sets = {};  // freshly listed, when needs() asked for them
  std::vector<api::Sample> samples = {};                          // taken just now, of guard.current
  std::optional<api::Rollback> rollback = {};                     // the one in flight, or else the last that still says something
};

// What must be gathered before decide() can get further.
struct Needs {
  bool replica_sets = false;  // list the Deployment's ReplicaSets and compare templates
  bool rollout_sample = false;
  bool check_samples = false;
};
[[nodiscard]] Needs needs(const api::Deployment& deployment, const Guarding& guarding, const api::GuardStatus& guard,
                          const std::optional<api::Rollback>& rollback);

// Something that happened and that a person should read once: becomes one Event on the Deployment.
struct Fact {
  bool warning = false;
  std::string reason;  // CamelCase, at most 128 bytes
  std::string action;  // what was done about it: "Watch", "Hold", "Rollback", "None"
  std::string note;    // at most 1 KiB
  bool operator==(const Fact&) const = default;
};

struct StartRollback {
  api::Rollback record;  // to be created before anything is touched
};
struct CarryOutRollback {};  // go on with world.rollback from where it stands
struct KeepRevision {
  api::Revision revision;  // its template is to be kept as a ControllerRevision
};
using Act = std::variant<std::monostate, StartRollback, CarryOutRollback, KeepRevision>;

struct Decision {
  api::GuardStatus guard = {};                       // the memory from now on
  std::optional<api::RollbackStatus> rollback = {};  // the new status of world.rollback, when it changes
  std::vector<Fact> facts = {};
  Act act = {};
  std::optional<Time> wake = {};  // look again then, even if nothing happens
};

}  // namespace lastgood::decide
