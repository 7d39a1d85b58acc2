// Rollback: one rollback, its intent, evidence and outcome. Written before the Deployment is
// touched.
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
  Pending,           // recorded; the Deployment is not yet known to be touched
  TemplateRestored,  // the template patch is acknowledged
  Restored,          // field ownership is restored too; rolling out
  Verifying,         // rolled out; judged by the same checks
  Succeeded,
  Failed,  // the restored revision did not roll out in time, or failed its checks; of a drill: it
           // would not have worked
  Superseded,  // a newer choice of a person came first: nothing (more) was done
  Observed,    // what would have been done, had the mode not been Observe
  Rejected,    // asked for by a person, and not done: it would do harm, or it cannot be
};
[[nodiscard]] const char* to_string(RollbackPhase phase);
[[nodiscard]] std::optional<RollbackPhase> parse_phase(std::string_view text);
[[nodiscard]] bool finished(RollbackPhase phase);

// The Deployments that go back with the one whose check was breached, that one included, in the
// order in which they do.
struct GroupRollback {
  std::string name;
  std::vector<std::string> members = {};  // names of Deployments of the namespace
  bool operator==(const GroupRollback&) const = default;
};

// A person writes `deployment` and perhaps `to_revision`, `force` or `drill`; the rest is then
// filled in once ("bound") before anything is done, as it is written at once into those of the
// controller.
struct RollbackSpec {
  std::string deployment;  // name; the namespace is the Rollback's
  Uid deployment_uid;
  std::int64_t generation =
      0;              // metadata.generation of the Deployment that carries the bad template
  Revision from;      // hash, replica_set, number
  Revision to;        // and snapshot: the ControllerRevision whose template is put back
  std::string check;  // the breached check
  Reason reason = Reason::None;       // its reason: WrongStatus, CrashLoop, ...
  std::string message;                // value and threshold
  std::optional<Time> detected = {};  // when the check was breached
  std::optional<std::int64_t> to_revision =
      {};  // by a person: the number of the revision to go back to; absent: the last good
  bool force = false;                       // by a person: do it although a rule holds it back
  bool drill = false;                       // the whole way but the write
  Mode mode = Mode::Enforce;                // the strictest of the policies of those that go back
  bool approved = false;                    // by a person, where the mode is Approve
  std::string policy;                       // "RollbackPolicy/web"
  std::string released_by;                  // who put the bad template there
  std::optional<Time> released = {};        // since when it was judged
  std::optional<GroupRollback> group = {};  // the one that calls its group back
  std::string
      caused_by;  // the Rollback of another Deployment of the group that called this one back
  bool operator==(const RollbackSpec&) const = default;
};

// One difference between the old and the new template.
struct Change {
  std::string path;  // "spec.containers[app].image"
  std::string from;  // of the bad one; empty where it has none
  std::string to;    // of the one that is put back
  bool operator==(const Change&) const = default;
};

struct TimelineEntry {
  Time time;
  std::string message;
  bool operator==(const TimelineEntry&) const = default;
};

struct RollbackStatus {
  RollbackPhase phase = RollbackPhase::Pending;
  std::string message;
  Reason waiting_for = Reason::None;  // in Pending: why it waits
  std::string blocked_by;             // in Pending: the Deployment that it waits for; empty: none
  std::string approved_by;  // how it was approved; empty: not yet, or no approval is needed
  std::string last_error;   // the API server's words, while it rejects the write that is due
  std::optional<Time> first_failure = {};  // the first failing measurement of the row
  std::optional<Time> template_restored = {};
  std::optional<Time> rolled_out = {};
  std::optional<Time> finished = {};
  std::vector<CheckStatus> evidence = {};  // every check as it stood at the decision
  std::vector<CheckStatus> verification =
      {};                                    // every check as it stood when the verification ended
  std::vector<Change> changes = {};          // at most 20
  std::vector<TimelineEntry> timeline = {};  // at most 20
  std::optional<Duration> time_to_detect =
      {};  // of a drill: how long the quickest check would have taken
  std::optional<Duration> time_to_act =
      {};  // of a drill: from the decision to the answer to the patch
  Conditions conditions = {};
  bool operator==(const RollbackStatus&) const = default;
};

struct Rollback {
  ObjectMeta meta;
  RollbackSpec spec = {};
  RollbackStatus status = {};
  bool operator==(const Rollback&) const = default;
};

// Made by a person: not caused by a check, nor by a group.
[[nodiscard]] bool is_manual(const RollbackSpec& spec);
// What a person asked for has been filled in.
[[nodiscard]] bool is_bound(const RollbackSpec& spec);

}  // namespace lastgood::api
