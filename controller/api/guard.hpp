// DeploymentGuard: the persistent state of one guarded Deployment. Its status has everything that
// must survive a restart of the controller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta.hpp"
#include "api/reasons.hpp"
#include "base/shared.hpp"

namespace lastgood::api {

enum class State : std::uint8_t { Idle, Evaluating, Held, RollingBack, Verifying, Frozen };
[[nodiscard]] const char* to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

enum class RevisionVerdict : std::uint8_t {
  Evaluating,    // the checks run
  Good,          // baked without a breach; or healthy for minimumBake before a newer template came;
                 // or passed the verification of a rollback
  PresumedGood,  // was completely available when first seen
  Superseded,    // a newer template was applied before the evaluation ended
  Inconclusive,  // baked, but the evidence is not enough; or opted out while it was evaluated;
                 // or rolled back because of an outage
  Breached,      // a check was breached; the revision is not rolled back
  RolledBack,    // quarantined: no automatic rollback restores it
};
[[nodiscard]] const char* to_string(RevisionVerdict verdict);
[[nodiscard]] std::optional<RevisionVerdict> parse_verdict(std::string_view text);

// One revision of the Deployment. Its identity is `hash` (and the UID of the ReplicaSet while it
// exists), never the number.
struct Revision {
  TemplateHash hash;
  Uid replica_set;
  std::int64_t number = 0;  // as kubectl rollout history shows it; only for users
  RevisionVerdict verdict = RevisionVerdict::Evaluating;
  std::optional<Time> since = {};  // of the verdict
  InternedString snapshot;  // name of the ControllerRevision that stores its template; empty: none
  // Its template has the annotation lastgood.dev/no-rollback-past. A rollback that would undo this
  // revision needs `force`.
  bool no_rollback_past = false;
  // The user or tool that last applied its template, according to the field manager and the
  // tracking labels.
  InternedString released_by;
  // The images that ran in its pods: from the name in the template to the id of the image. A tag
  // can move, so the same name may give another image later. At most max_images.
  StringMap images = {};
  bool operator==(const Revision&) const = default;

  static constexpr std::size_t max_images = 16;
};

enum class MeasurementResult : std::uint8_t { Pass, Fail, Unknown };
[[nodiscard]] const char* to_string(MeasurementResult result);
[[nodiscard]] std::optional<MeasurementResult> parse_measurement_result(std::string_view text);

// The result of a check for the pods of another revision. It shows whether the release is the cause
// of a failure.
struct BaselineResult {
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;
  InternedString message;            // the value and the limit, at most 512 bytes
  std::optional<double> value = {};  // of a metrics check: the number that was compared; no NaN
  InternedString revision;           // "revision 4 (web-6d4b75cb6d)"
  int consecutive_failures = 0;      // of the check for these pods
  bool before = false;               // measured before a pod of the new revision had started
  std::optional<Time> at = {};
  bool operator==(const BaselineResult&) const = default;
};

// The state of one check of the revision that is evaluated.
struct CheckStatus {
  InternedString name;         // "rollout", or the name in the policy
  InternedString config_hash;  // a digest of the configuration of the check; empty for "rollout"
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;        // WrongStatus, TimedOut, CrashLoop, ...
  InternedString message;              // the value and the limit, at most 512 bytes
  std::optional<double> value = {};    // of a metrics check: the number that was compared; no NaN
  InternedString threshold;            // of a metrics check: "> 0.05"
  InternedString query;                // of a metrics check: as it was sent, at most 512 bytes
  std::optional<double> traffic = {};  // of a metrics check with a minimum traffic; no NaN
  InternedString question;             // see Measurement::question
  int consecutive_failures = 0;
  int failure_threshold = 1;
  bool passed_once = false;              // since the rollout was complete
  std::string recent_results;            // the last 20 Pass and Fail, oldest first: "PPFP"
  int bake_passes = 0;                   // since the bake began
  int bake_failures = 0;                 // since the bake began
  std::optional<Time> last_result = {};  // of the last Pass or Fail
  int consecutive_unknowns = 0;          // not counted beyond 2
  // The series that are in all of the consecutive failures, see Measurement. The stored status has
  // neither this field nor the next one: after a restart, min_failing_time begins again.
  std::vector<std::string> failing_series = {};
  Duration min_failing_time{0};  // of the last failure, see Measurement; not written either
  // Since when each measurement was a Pass, without a gap. Not written either.
  std::optional<Time> passing_since = {};
  std::optional<Time> first_failure = {};  // of the consecutive failures
  std::optional<Time> last_failure = {};   // of the consecutive failures
  bool breached = false;
  // The last result of the baseline that is Pass or Fail. A pass of the check removes it, with the
  // exceptions in guard/check_status.hpp.
  std::optional<BaselineResult> baseline = {};
  bool operator==(const CheckStatus&) const = default;
};

// The progress of a bake. The time in which every check had a recent result is observed. All other
// time is unobserved and extends the bake.
struct Bake {
  std::optional<Time> began = {};  // after `rolled_out` if the bake had to start again
  Duration observed{0};
  Duration unobserved{0};  // without the time in which no controller ran
  std::optional<Time> counted_until = {};
  bool operator==(const Bake&) const = default;
};

// A check that passed for a revision: in its bake, or for its pods later. For the other revisions
// of the Deployment the check is then established: its failures may cause a rollback.
struct PassedCheck {
  InternedString check;        // its name when it passed
  InternedString config_hash;  // a digest of its configuration
  TemplateHash revision;
  bool operator==(const PassedCheck&) const = default;
};

// The last result of a check of the current revision, measured in state Idle.
struct IdleResult {
  InternedString check;
  InternedString config_hash;
  MeasurementResult result = MeasurementResult::Unknown;
  Reason reason = Reason::None;
  InternedString message;        // the value and the limit, at most 512 bytes
  int consecutive_failures = 0;  // not counted beyond 2
  std::optional<Time> at = {};
  bool operator==(const IdleResult&) const = default;
};

// An automatic rollback that was started. It counts for the limit and the cooldown.
struct PastRollback {
  InternedString name;  // name of the Rollback
  Time at;
  bool operator==(const PastRollback&) const = default;
};

// A tool applied a quarantined template again.
struct Contest {
  TemplateHash hash;  // of the template; empty if an older version of the controller wrote it
  InternedString by;  // "Argo CD (argocd-controller)"
  Time at;
  bool operator==(const Contest&) const = default;
};

// status.freeze, present while the state is Frozen. If a user removes it, the Deployment is
// evaluated again.
struct Freeze {
  Reason reason = Reason::None;
  InternedString message;
  std::optional<Time> since = {};
  // Only after a failed verification: the check that failed for the release and for the restored
  // revision alike, and the verdict of the restored revision before it failed.
  InternedString check;
  std::optional<RevisionVerdict> verdict_before = {};
  bool operator==(const Freeze&) const = default;
};

// A user deleted the Rollback of the current release while it was pending. No automatic rollback of
// this release follows.
struct Declined {
  InternedString rollback;  // name of the deleted Rollback
  std::optional<Time> at = {};
  bool operator==(const Declined&) const = default;
};

struct LastDrill {
  InternedString rollback;  // name of the Rollback that records the drill
  std::optional<Time> at = {};
  bool passed = false;
  InternedString message;
  std::optional<Time> passed_at = {};  // time of the last drill that passed
  bool operator==(const LastDrill&) const = default;
};

// An alert that Alertmanager sent.
struct ReceivedAlert {
  InternedString fingerprint;  // of its labels
  InternedString name;
  StringMap labels = {};
  std::optional<Time> starts_at = {};
  std::optional<Time> ends_at = {};  // absent while it fires
  std::optional<Time> received = {};
  bool operator==(const ReceivedAlert&) const = default;
};

struct GuardStatus {
  // The generation of the Deployment that this status describes. The name is not
  // observedGeneration, because that would be a generation of the guard.
  std::int64_t deployment_generation = 0;
  Uid deployment_uid;
  InternedString policy;  // "RollbackPolicy/web", "ConfigMap/rollback-config", "built-in"; empty:
                          // no policy governs the Deployment
  State state = State::Idle;
  Reason reason = Reason::None;
  InternedString message;
  InternedString blocked_by;  // in Held: the Deployment that blocks the rollback; empty: none
  std::optional<Time> state_since = {};
  std::optional<TemplateDigest> template_digest = {};  // digest of the template of `current`
  // The revision of the present template; absent until the ReplicaSet of the template exists.
  std::optional<Revision> current = {};
  // `current` if it is good or presumed good, otherwise the rollback target.
  std::optional<Revision> last_good = {};
  std::vector<Revision> revisions = {};  // newest first, at most 20, including `current`
  std::optional<Time> evaluation_started = {};
  std::optional<Time> rolled_out = {};  // when this evaluation first saw the rollout complete
  std::optional<Bake> bake = {};        // of this evaluation, since `rolled_out`
  std::vector<CheckStatus> checks = {};
  // Newest first, at most 40: for each config_hash the last two revisions for which it passed.
  std::vector<PassedCheck> passed_checks = {};
  std::vector<IdleResult> idle_results = {};  // at most one for each check
  std::vector<ReceivedAlert> alerts = {};     // firing ones first, then the newest; at most 20
  InternedString rollback;  // name of the Rollback in progress, or of the last one
  InternedString pending;   // the same name while that Rollback is Pending; empty if it is manual
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
  Shared<GuardStatus> status = {};
  // Why this version cannot read the object; empty: it can. Another version may have written a
  // value that this version does not know. Then `status` is empty, and says nothing.
  InternedString problem = {};
  bool operator==(const DeploymentGuard&) const = default;
};

}  // namespace lastgood::api
