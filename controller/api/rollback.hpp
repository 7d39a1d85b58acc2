// Rollback: one rollback with its intent, evidence and outcome. It is written before the Deployment
// is changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/guard.hpp"
#include "api/meta.hpp"
#include "api/policy.hpp"

namespace lastgood::api {

enum class RollbackPhase : std::uint8_t {
  Pending,           // recorded; no write to the Deployment is known
  TemplateRestored,  // the API server acknowledged the patch of the template
  Restored,          // field ownership is restored too; the Deployment rolls out
  Verifying,         // the restored revision is rolled out, and the checks evaluate it
  Succeeded,
  Failed,      // the restored revision did not roll out, failed its checks or could not be
               // restored; drill: it would not work, or Lastgood could not find out
  Superseded,  // ended before it was done: a user changed the Deployment, the release recovered,
               // or the rollback was cancelled
  Observed,    // only recorded: the mode is Observe
  Rejected,    // a manual rollback that was not started: it would do harm, or is impossible
};
[[nodiscard]] const char* to_string(RollbackPhase phase);
[[nodiscard]] std::optional<RollbackPhase> parse_phase(std::string_view text);
[[nodiscard]] bool finished(RollbackPhase phase);

// The Deployments that are rolled back together.
struct GroupRollback {
  InternedString name;  // of the group
  // Names of Deployments of the namespace, in the order in which they are rolled back. Includes the
  // initiator, whose check was breached.
  std::vector<std::string> members = {};
  bool operator==(const GroupRollback&) const = default;
};

// For a manual rollback a user sets `deployment`, and optionally `to_revision`, `force` or `drill`.
// The controller then binds the Rollback: before the first step, it fills in the other fields once.
// A Rollback that the controller creates has all fields from the start.
struct RollbackSpec {
  InternedString deployment;  // its name, in the namespace of the Rollback
  Uid deployment_uid;
  std::int64_t generation = 0;  // metadata.generation of the Deployment with the bad template
  Revision from;                // only hash, replica_set and number are set
  Revision to;                  // also snapshot: the ControllerRevision whose template is restored
  // Every release that the rollback undoes, newest first, if it is more than one: `from` and the
  // releases between `to` and `from`. At most 20.
  std::vector<Revision> undone = {};
  InternedString check;               // the breached check
  Reason reason = Reason::None;       // of the check: WrongStatus, CrashLoop, ...
  InternedString message;             // the value and the limit
  std::optional<Time> detected = {};  // when the rollback was decided
  // Manual: the number of the revision to restore; absent: the last good revision.
  std::optional<std::int64_t> to_revision = {};
  bool force = false;                       // manual: override the gates that `force` can override
  bool drill = false;                       // do every step except the write
  Mode mode = Mode::Enforce;                // the strictest mode of all members of the group
  bool approved = false;                    // set by a user if the mode is Approve
  InternedString policy;                    // "RollbackPolicy/web"
  InternedString released_by;               // the user or tool that applied the bad template
  std::optional<Time> released = {};        // when the evaluation of the bad template started
  std::optional<GroupRollback> group = {};  // only in the Rollback of the initiator
  InternedString caused_by;                 // in a member: name of the Rollback of the initiator
  bool operator==(const RollbackSpec&) const = default;
};

// One difference between the bad template and the restored template.
struct Change {
  InternedString path;  // "spec.containers[app].image"
  InternedString from;  // in the bad template; empty: absent
  InternedString to;    // in the restored template; empty: absent
  bool operator==(const Change&) const = default;
};

struct TimelineEntry {
  Time time;
  InternedString message;
  bool operator==(const TimelineEntry&) const = default;
};

struct RollbackStatus {
  RollbackPhase phase = RollbackPhase::Pending;
  InternedString message;
  Reason waiting_for = Reason::None;  // in Pending: the hold
  InternedString blocked_by;          // in Pending: the Deployment that blocks it; empty: none
  InternedString approved_by;  // how it was approved; empty: not approved, or no approval is needed
  InternedString last_error;   // why the last write failed; empty: it succeeded
  std::optional<Time> first_failure = {};  // of the consecutive failures of the check
  std::optional<Time> template_restored = {};
  std::int64_t patched_generation = 0;  // of the Deployment after the template patch; 0: not known
  std::optional<Time> rolled_out = {};
  std::optional<Time> finished = {};
  std::vector<CheckStatus> evidence = {};      // every check when the rollback was decided
  std::vector<CheckStatus> verification = {};  // every check when the verification ended
  std::vector<Change> changes = {};            // at most 20
  std::vector<TimelineEntry> timeline = {};    // at most 20
  // Only in a drill: the time in which the fastest HTTP check detects a breach; absent without one.
  std::optional<Duration> time_to_detect = {};
  // Only in a drill: the time from the decision to the response to the patch.
  std::optional<Duration> time_to_act = {};
  Conditions conditions = {};
  bool operator==(const RollbackStatus&) const = default;
};

struct Rollback {
  ObjectMeta meta;
  RollbackSpec spec = {};
  RollbackStatus status = {};
  // Why this version cannot read the object; empty: it can. Then `spec` has only `deployment`, if
  // that can be read, and `status` is empty: both say nothing about the rollback.
  InternedString problem = {};
  bool operator==(const Rollback&) const = default;
};

// True if the cause of the Rollback is neither a check nor a group: a user created it, or it
// records a drill.
[[nodiscard]] bool is_manual(const RollbackSpec& spec);
// True when the controller has created the Rollback, or has bound it.
[[nodiscard]] bool is_bound(const RollbackSpec& spec);

}  // namespace lastgood::api
