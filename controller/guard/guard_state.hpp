// The state of one Deployment while this replica leads. It is loaded from the DeploymentGuard at
// the first reconcile of a term and dropped at its end.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/preflight.hpp"
#include "api/rollback.hpp"
#include "base/shared.hpp"
#include "guard/failure_log.hpp"
#include "guard/idle_checks.hpp"
#include "guard/inbox.hpp"
#include "guard/schedule.hpp"
#include "policy/config_map.hpp"

namespace lastgood::guard {

struct GuardState {
  Uid deployment_uid;
  Time loaded{};  // when this state was loaded
  // While the Deployment is Idle, this is usually one object with `written` and with the status in
  // the store of the watch: see GuardStates::share_stored().
  Shared<api::GuardStatus> guard = {};
  Shared<api::GuardStatus> written = {};  // the status that the API server has
  // Digests of statuses that were sent without a response: the API server may have one of them
  // instead. See status_race.hpp.
  std::vector<std::string> unconfirmed = {};
  Uid guard_uid;                  // of the DeploymentGuard object; empty until it exists
  ResourceVersion guard_version;  // of the object with the status `written`; empty: unknown
  Uid guard_owner;                // uid of the Deployment that owns the DeploymentGuard
  SharedOptional<api::Rollback> rollback = {};
  // The version in its metadata is that of the object with the status `rollback_written`.
  Shared<api::RollbackStatus> rollback_written = {};
  std::vector<std::string> rollback_unconfirmed = {};  // as `unconfirmed`
  Schedule schedule = {};
  IdleSchedule idle_schedule = {};
  std::vector<MeasurementArrived> measurements = {};  // since the last plan
  std::set<std::string> running_checks = {};          // names; a run may outlive its release
  // The pods that responded to an HTTP check, by its config hash. Dropped while the Deployment is
  // Idle, except with strategy Recreate.
  std::map<std::string, checks::Responders> responders = {};
  std::optional<policy::ConfigMapRead> config_map = {};
  std::map<std::string, int> emitted = {};            // Event name to count
  std::optional<MonotonicTime> unblocked_since = {};  // since when nothing blocks the rollback
  bool snapshots_changed = false;                     // old snapshots may have to be deleted
  std::string snapshot_error;                         // see Inputs
  bool records_changed = true;                        // old Rollbacks may have to be deleted
  std::optional<api::Preflight> preflight = {};
  // Name of the last Rollback of mode Observe that exists. Empty: none is known.
  std::string observed_record;

  // The other members of the group read these fields. They are from the last complete reconcile.
  std::string group;
  int group_order = 0;
  api::Mode mode = api::Mode::Enforce;
  std::string blocked_because;
  bool is_unmanaged = false;  // in a group, but not opted in

  std::optional<SeenReplicas> replicas = {};  // spec.replicas at the last reconcile
};

}  // namespace lastgood::guard
