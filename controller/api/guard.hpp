// DeploymentGuard: the memory of one opted-in Deployment. Everything that must survive a restart is
// in its status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta.hpp"
#include "api/reasons.hpp"

namespace lastgood::api {

enum class State : std::uint8_t { Idle, Evaluating, Held, RollingBack, Verifying, Frozen };
[[nodiscard]] const char* to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

enum class RevisionVerdict : std::uint8_t {
  Evaluating,    // being judged
  Good,          // rolled out completely and baked without a breach
  PresumedGood,  // ran completely available when first seen
  Superseded,    // a newer template came before it was judged
  Inconclusive,  // baked, but a check never gave an answer
  Breached,      // a check was breached; not (yet) put back
  RolledBack,    // put back: quarantined
};
[[nodiscard]] const char* to_string(RevisionVerdict verdict);
[[nodiscard]] std::optional<RevisionVerdict> parse_verdict(std::string_view text);

// One revision of the Deployment. Its identity is hash (and the ReplicaSet's uid while it exists),
// never the number.
struct Revision {
  TemplateHash hash;
  Uid replica_set;
  std::int64_t number = 0;  // as kubectl rollout history shows it; for people only
  RevisionVerdict verdict = RevisionVerdict::Evaluating;
  std::optional<Time> since = {};  // of the verdict
  std::string
      snapshot;  // name of the ControllerRevision that keeps its template; empty when none does
  bool no_rollback_past = false;  // its template says that going back past it would do harm
  std::string released_by;        // who put its template there last, as the field manager and the
                                  // tracking labels tell
  bool operator==(const Revision&) const = default;
};

enum class MeasurementResult : std::uint8_t { Pass, Fail, Unknown };
[[nodiscard]] const char* to_string(MeasurementResult result);
[[nodiscard]] std::optional<MeasurementResult> parse_measurement_result(std::string_view text);

// How the same check answered for pods of the revision that would be put back: whose fault a
// failure is.
struct BaselineResult {
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;
  std::string message;           // value and threshold in words, at most 512 bytes
  std::string revision;          // "revision 4 (web-6d4b75cb6d)"
  int consecutive_failures = 0;  // in a row; at most the first of them may be by chance
  bool before = false;           // asked before the new revision had a pod that had started
  std::optional<Time> at = {};
  bool operator==(const BaselineResult&) const = default;
};

// How one check stands for the revision being judged.
struct CheckStatus {
  std::string name;         // "rollout" or the policy's
  std::string config_hash;  // a digest of the question that it answers; empty for "rollout"
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;  // CamelCase: WrongStatus, TimedOut, CrashLoop, NoPodToAsk, ...
  std::string message;           // value and threshold in words, at most 512 bytes
  int consecutive_failures = 0;  // in a row
  int failure_threshold = 1;
  bool passed_once = false;                // since the rollout was complete
  int consecutive_unknowns = 0;            // how often in a row nobody could answer it, 2 at most
  std::optional<Time> first_failure = {};  // of the row
  std::optional<Time> last_failure = {};   // of the row
  bool breached = false;
  std::optional<BaselineResult> baseline =
      {};  // the last definite answer of the other revision; gone when the check passes
  bool operator==(const CheckStatus&) const = default;
};

// A rollback that was begun without being asked for: what the limits count.
struct PastRollback {
  std::string name;  // of the Rollback
  Time at;
  bool operator==(const PastRollback&) const = default;
};

// A quarantined template was put back by a machine's hand.
struct Contest {
  std::string by;  // "Argo CD (argocd-controller)"
  Time at;
  bool operator==(const Contest&) const = default;
};

// There while the state is Frozen. Taken away by a person, the Deployment is judged again.
struct Freeze {
  Reason reason = Reason::None;
  std::string message;
  std::optional<Time> since = {};
  bool operator==(const Freeze&) const = default;
};

// A person deleted the Rollback of the present release while it waited: a no that stays until there
// is another release.
struct Declined {
  std::string rollback;  // its name
  std::optional<Time> at = {};
  bool operator==(const Declined&) const = default;
};

struct LastDrill {
  std::string rollback;  // name of the Rollback that records it
  std::optional<Time> at = {};
  bool passed = false;
  std::string message;
  std::optional<Time> passed_at = {};  // when one last passed
  bool operator==(const LastDrill&) const = default;
};

struct GuardStatus {
  std::int64_t deployment_generation =
      0;  // not observedGeneration: that would be of the guard itself, which has no spec
  Uid deployment_uid;
  std::string policy;  // "RollbackPolicy/web", "ConfigMap/rollback-config", "built-in"; empty when
                       // none governs
  State state = State::Idle;
  Reason reason = Reason::None;
  std::string message;
  std::string blocked_by;  // in Held: the Deployment that blocks the rollback; empty: none does
  std::optional<Time> state_since = {};
  std::optional<TemplateDigest> template_digest =
      {};  // of the template that `current` was found for
  std::optional<Revision> current =
      {};  // the revision of the present template; absent until its ReplicaSet exists
  std::optional<Revision> last_good =
      {};  // current when it is good or presumed good, else where it would be put back to
  std::vector<Revision> revisions = {};  // newest first, at most 20, current included
  std::optional<Time> evaluation_started = {};
  std::optional<Time> rolled_out = {};  // when the rollout was first seen complete in this watch
  std::vector<CheckStatus> checks = {};
  std::string rollback;  // name of the Rollback in flight or last done
  std::string pending;   // its name while it is known to be recorded, and waits; not of one by hand
  std::vector<PastRollback> rollbacks = {};  // newest first, at most 20
  std::vector<Contest> contests = {};        // newest first, at most 20
  std::optional<Freeze> freeze = {};
  std::optional<Declined> declined = {};
  std::optional<LastDrill> last_drill = {};
  Conditions conditions = {};
  bool operator==(const GuardStatus&) const = default;
};

struct DeploymentGuard {
  ObjectMeta meta;
  GuardStatus status = {};
  bool operator==(const DeploymentGuard&) const = default;
};

}  // namespace lastgood::api
