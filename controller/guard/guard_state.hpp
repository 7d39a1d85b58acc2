// What is known of one Deployment while we lead: the truth between two writes of its status. Loaded
// from the guard at the first look in a term, thrown away with the term.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/preflight.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "guard/schedule.hpp"
#include "policy/config_map.hpp"

namespace lastgood::guard {

struct InboxMeasurement {
  TemplateHash hash;  // the revision it speaks of
  api::Measurement measurement;
  std::optional<api::Check> asked = {};  // as the policy had it then; absent for the rollout check
};

struct GuardState {
  Uid deployment_uid;
  api::GuardStatus guard = {};
  api::GuardStatus written = {};  // as the server has it
  Uid guard_uid;                  // of the DeploymentGuard object; empty until there is one
  Uid guard_owner;                // the Deployment that object belongs to
  std::optional<api::Rollback> rollback = {};
  api::RollbackStatus rollback_written = {};
  Schedule schedule = {};
  std::vector<InboxMeasurement> inbox = {};
  std::map<std::string, bool> asking = {};  // checks whose asking is under way
  std::optional<policy::ReadConfigMap> config_map = {};
  std::map<std::string, int> emitted = {};  // Events by name, how often
  std::optional<MonotonicTime> decided =
      {};  // when it was decided to put the template back, now that nothing holds
  bool snapshots_changed = false;  // something was kept: look for what need not be kept any more
  bool records_changed = true;     // a record was seen to be finished: there may be one too many
  std::optional<api::Preflight> preflight = {};
  // What its group is shown of it, from the last whole look; until there was one it is in none.
  std::string group;
  int group_order = 0;
  api::Mode mode = api::Mode::Enforce;  // of its policy
  std::string cannot;                   // why it could not go back with its group
  bool is_unmanaged = false;            // known for its group alone: not opted in, and never was
};

using GuardStates = std::map<Key, std::shared_ptr<GuardState>>;

}  // namespace lastgood::guard
