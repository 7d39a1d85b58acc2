// The results of the reads and writes of the shell for one Deployment. The shell does not change
// the state of the Deployment itself: apply() folds each result into it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "guard/guard_state.hpp"
#include "guard/idle_checks.hpp"
#include "guard/inputs.hpp"
#include "guard/schedule.hpp"
#include "guard/status_race.hpp"
#include "policy/config_map.hpp"

namespace lastgood::guard {

// --- Gather ---

// The read of the ConfigMap that the Deployment names: see policy::usable_read(). Nothing if the
// Deployment names none.
struct ConfigMapCached {
  std::optional<policy::ConfigMapRead> read;
};

struct ChecksStarted {
  std::vector<std::string> names;
  Schedule schedule;  // with their next turns
  IdleSchedule idle_schedule = {};
};

struct PreflightEnded {
  api::Preflight preflight;
};

// --- Decide ---

// The plan becomes the state before it is executed, so decisions for other Deployments take it into
// account while the writes are in flight.
struct PlanDecided {
  const api::Deployment& deployment;
  const EffectivePolicy& policy;
  const Plan& plan;
  // When decide() was called, by both clocks.
  Time now;
  MonotonicTime at;
};

// --- Execute: the outcomes of the action of a plan ---

struct NothingExecuted {};

// A Rollback was created or read, and perhaps some of its steps were executed.
struct RollbackExecuted {
  api::Rollback record;        // with all steps so far
  api::RollbackStatus stored;  // its status as the API server has it
  // The live Deployment differs from the Deployment of the last preflight, or the API server
  // rejected the patch although the dry run was admitted.
  bool is_preflight_outdated = false;
  // Why the next step failed or was not made. Nothing: the steps ended as planned.
  std::optional<Error> error = {};
};

struct SnapshotCreated {
  TemplateHash revision;
  std::string name;  // of the ControllerRevision
};

struct RequestBound {
  api::Rollback record;        // with its spec filled in
  api::RollbackStatus stored;  // its status as the API server has it
};

struct ObservationRecorded {
  std::string rollback;  // name of the Rollback
};

struct DrillEnded {
  api::Rollback record;
  api::Preflight preflight;
};

// The action was not done. The next decide() plans it again if it is still needed.
struct ActionFailed {
  Error error;
};

using ActionOutcome = std::variant<NothingExecuted, RollbackExecuted, SnapshotCreated, RequestBound,
                                   ObservationRecorded, DrillEnded, ActionFailed>;

// Why the action is not complete. Nothing if it is.
[[nodiscard]] std::optional<Error> error_of(const ActionOutcome& outcome);

struct ActionEnded {
  const Inputs& inputs;
  const Plan& plan;
  const ActionOutcome& outcome;
};

// The Events of the plan that are still true after its action, and the Event of a drill.
[[nodiscard]] std::vector<EventRecord> events_after(const ActionEnded& ended,
                                                    const GuardState& state);

// --- Publish ---

struct EventsEmitted {
  std::map<std::string, int> counts;  // Event name to count
};

struct GuardWritten {
  Uid uid;                                      // of the DeploymentGuard; empty: it does not exist
  Uid owner;                                    // uid of the Deployment that owns it
  ResourceVersion version = {};                 // with the status `written`; empty: unknown
  std::optional<api::GuardStatus> status = {};  // the written status; nothing: not written
  // Digest of a status that may be stored, because there was no response. Empty: there is none.
  std::string unconfirmed = {};
  // The guard with the status of another writer: the state must be loaded again.
  std::optional<api::DeploymentGuard> overtaken_by = {};
  std::optional<Error> error = {};
};

struct RollbackWritten {
  std::optional<api::RollbackStatus> status = {};  // the written status; nothing: not written
  ResourceVersion version = {};                    // of the Rollback with this status
  std::string unconfirmed = {};                    // as in GuardWritten
  std::optional<api::Rollback> overtaken_by = {};  // as in GuardWritten
  std::optional<Error> error = {};
};

// The digests of the statuses that the next write may replace: see after_lost_race().
template <class Status>
[[nodiscard]] std::vector<std::string> known_statuses(const Status& written,
                                                      std::vector<std::string> unconfirmed) {
  unconfirmed.push_back(digest_of_status(written));
  return unconfirmed;
}

// True if a writer has written a status already, also one that cannot be read.
[[nodiscard]] bool has_status(const api::DeploymentGuard& guard);

// `written` after the write of `status`.
[[nodiscard]] GuardWritten guard_written(GuardWritten written,
                                         StatusPatched<api::DeploymentGuard> patched,
                                         api::GuardStatus status);
// The same for a Rollback. The status of one that a user deleted need not be written.
[[nodiscard]] RollbackWritten rollback_written(StatusPatched<api::Rollback> patched,
                                               api::RollbackStatus status);

// Sets `written` for a guard that exists, with a status, although none was known. Returns the
// error.
[[nodiscard]] std::unexpected<Error> overtaken(GuardWritten& written, api::DeploymentGuard guard);

// Old Rollbacks were deleted. After an error, others may be left.
struct RecordsCollected {
  std::optional<Error> error = {};
};

// Old ControllerRevisions were deleted. After an error, others may be left.
struct SnapshotsCollected {
  std::vector<std::string> deleted = {};  // names
  std::optional<Error> error = {};
};

using Outcome = std::variant<ConfigMapCached, ChecksStarted, PreflightEnded, PlanDecided,
                             ActionEnded, EventsEmitted, GuardWritten, RollbackWritten,
                             RecordsCollected, SnapshotsCollected>;

}  // namespace lastgood::guard
