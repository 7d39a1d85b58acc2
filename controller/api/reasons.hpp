// Every reason that users see: in status.reason, in checks, conditions and Events. Code compares
// the enumerators. The text is for JSON and for users. `./dev reference` generates
// docs/reference.md from reason_table().
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lastgood::api {

// In the order of the reference: states, holds, rejections, preflight, policy, checks, Events.
// clang-format off
#define LASTGOOD_REASONS(X)                                                                       \
  X(None)                                                                                         \
  X(NotOptedIn) X(WaitingForStatus) X(WaitingForReplicaSet) X(PresumedGood) X(Good)               \
  X(Inconclusive) X(RolledBack) X(OutageEnded) X(RollingOut) X(Baking) X(CheckFailing)            \
  X(AwaitingReplicas) X(Resumed) X(RequestedManually) X(GroupRolledBack) X(RolledOut)             \
  X(AwaitingPass)                                                                                 \
  X(RollbackFailed) X(PatchRejected) X(VerificationFailed) X(Contested)                           \
  X(Deleting) X(Suspended) X(DeploymentPaused) X(ScaledToZero) X(PausedUntil) X(Declined)         \
  X(AlreadyRolledBack) X(NoRollbackPast) X(NoLastGood) X(TooFarBack) X(Unconfirmed)               \
  X(AlreadyFailing) X(SharedCause) X(CheckNotEstablished) X(ClusterFault) X(BreakerOpen)          \
  X(LimitReached) X(Cooldown) X(PodSecurityViolation) X(MissingReference)                         \
  X(AdmissionDenied) X(Forbidden) X(SnapshotMissing) X(SnapshotInvalid) X(NotChecked)             \
  X(SameImage) X(GroupBlocked) X(Observing) X(AwaitingApproval) X(GroupOrder)                     \
  X(CheckingRollback)                                                                             \
  X(DeploymentNotFound) X(NotGuarded) X(Busy) X(NewerRelease) X(RevisionNotFound)                 \
  X(AlreadyCurrent) X(NoSnapshot) X(Quarantined) X(NotProven)                                     \
  X(Ready) X(SnapshotFailed) X(PolicyApplies) X(Accepted) X(Invalid)                              \
  X(InvalidAnnotation) X(PolicyNotFound) X(PolicyConflict) X(PolicyInvalid)                       \
  X(ConfigMapNotFound) X(ConfigMapInvalid) X(ConfigMapUnreadable)                                 \
  X(Pending) X(Complete) X(Available) X(PodsStarting) X(NodeNotReady) X(Unschedulable) X(NoPods)  \
  X(ProgressDeadlineExceeded) X(CrashLoop) X(OOMKilled) X(RegistryUnavailable) X(ImagePull)       \
  X(RegistryAccessDenied) X(PodsRejected) X(PodsNotCreated) X(ConfigError) X(NotReady) X(Passed)  \
  X(WrongStatus) X(TimedOut) X(ConnectionRefused)                                                 \
  X(ConnectionClosed) X(InvalidResponse) X(DNSLookupFailed) X(Unreachable) X(NoPodsToProbe)       \
  X(PodsTerminating) X(ServiceNotFound) X(ServiceUnreadable) X(ServicePortNotFound)               \
  X(InvalidCheck) X(ProbeBlocked) X(ProbeLate)                                                    \
  X(LimitExceeded) X(LowTraffic) X(NoData) X(NotANumber) X(InfiniteValue) X(MultipleSeries)       \
  X(WrongResultType) X(QueryWarning) X(StaleValue) X(ClockSkew) X(InvalidQuery) X(QueryFailed)    \
  X(AccessDenied) X(RequestRejected) X(Redirected) X(ServerUnavailable) X(ServerError)            \
  X(ResponseTooLarge) X(MetricNotFound) X(NoSeries) X(NoTraffic) X(NoBaselineValue)               \
  X(CredentialsNotFound) X(CredentialsNotAllowed) X(CredentialsInvalid) X(CredentialsUnreadable)  \
  X(TLSFailed) X(AlertFiring) X(AlertNotConfirmed) X(RuleNotFound) X(AlertNotFound)               \
  X(RecordingRule) X(RuleUnreadable) X(RuleKindMissing) X(RuleNotLoaded) X(RuleUnhealthy)         \
  X(RuleStale) X(LabelsRemoved) X(EndpointFailed) X(InvalidMetrics) X(TooManySeries)              \
  X(FirstScrape) X(CounterReset) X(MetricsApiMissing)                                             \
  X(ReleaseSeen) X(CheckBreached) X(BreachEnded) X(RollbackHeld) X(RollbackStarted)               \
  X(RollbackRejected) X(RollbackCancelled) X(RollbackVerified) X(RollbackUnverified)              \
  X(DrillFailed) X(StateUnreadable) X(OptInLost) X(ReleaseGood) X(ReleaseInconclusive)            \
  X(ReleaseSuperseded)
// clang-format on

enum class Reason : std::uint8_t {
#define LASTGOOD_ENUMERATOR(name) name,
  LASTGOOD_REASONS(LASTGOOD_ENUMERATOR)
#undef LASTGOOD_ENUMERATOR
};

// "" for None, which stands for a field that is absent.
[[nodiscard]] const char* to_string(Reason reason);
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view text);

// Where a reason appears. One reason may appear in more than one place.
enum class ReasonPlace : std::uint8_t {
  State,      // status.reason of a DeploymentGuard
  Hold,       // status.reason while something blocks a rollback
  Rejection,  // a manual Rollback that is not accepted
  Preflight,  // condition RollbackReady
  Policy,     // condition Governed of a DeploymentGuard, Ready of a RollbackPolicy
  Check,      // status.checks[].reason
  Event,      // reason of an Event
};

struct ReasonEntry {
  ReasonPlace place;
  Reason reason;
  std::string_view detail;   // the second column of the reference: states, type, status, result
  std::string_view meaning;  // one sentence or two
  std::string_view action;   // what a user has to do; empty: nothing
};

// All entries, grouped by their place, in the order of the reference.
[[nodiscard]] std::span<const ReasonEntry> reason_table();

}  // namespace lastgood::api

template <>
struct fmt::formatter<lastgood::api::Reason> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(lastgood::api::Reason reason, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(lastgood::api::to_string(reason), context);
  }
};
