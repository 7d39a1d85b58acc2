// The reasons to reject a manual Rollback, in the order of the gates. And the reasons of the
// condition RollbackReady.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr std::string_view no = "no";
constexpr std::string_view yes = "yes";
constexpr std::string_view another_revision = "Choose another revision.";

constexpr auto rejected = ReasonPlace::Rejection;

// The third field of an entry: whether spec.force overrides the reason.
constexpr std::array rejections{
    ReasonEntry{rejected, Reason::DeploymentNotFound, no,
                "The namespace has had no Deployment of this name for 5 s.",
                "Correct `spec.deployment`."},
    ReasonEntry{rejected, Reason::NotGuarded, no,
                "No valid policy applies to the Deployment, so it has no snapshots.",
                "Opt in, or run `kubectl rollout undo`."},
    ReasonEntry{rejected, Reason::Deleting, no, "The Deployment is being deleted.", ""},
    ReasonEntry{rejected, Reason::DeploymentPaused, no,
                "The Deployment is paused, so it would not roll out.",
                "Run `kubectl rollout resume`."},
    ReasonEntry{rejected, Reason::ScaledToZero, no,
                "The Deployment has 0 replicas, so the rollback could not be verified.",
                "Scale it up."},
    ReasonEntry{rejected, Reason::Busy, no,
                "Another Rollback of the Deployment is in progress or pending.",
                "Wait until it ends. If it is pending: approve it, or delete it and create this "
                "one again."},
    ReasonEntry{rejected, Reason::WaitingForReplicaSet, no,
                "Not a rejection. The request waits until the current template has a ReplicaSet.",
                ""},
    ReasonEntry{rejected, Reason::NewerRelease, no,
                "The evaluation of the current release began after the Rollback was created, so it "
                "may be a newer release.",
                "To roll it back, create the Rollback again."},
    ReasonEntry{rejected, Reason::RevisionNotFound, no,
                "`toRevision` is not among the revisions that Lastgood remembers.",
                "Choose a revision in `status.revisions` of the guard."},
    ReasonEntry{rejected, Reason::AlreadyCurrent, no, "`toRevision` is the current revision.", ""},
    ReasonEntry{
        rejected, Reason::NoSnapshot, no, "The revision in `toRevision` has no snapshot.",
        "Choose a revision that has one. The two newest good revisions have one; if the current "
        "revision is good, it is one of the two. Or run `kubectl rollout undo --to-revision`. It "
        "also restores old annotations: check those of `lastgood.dev/` afterwards."},
    ReasonEntry{rejected, Reason::NoLastGood, no,
                "There is no other revision that was proven good and has a snapshot.",
                "Ship a new release."},
    ReasonEntry{rejected, Reason::Quarantined, yes,
                "The revision in `toRevision` was itself rolled back. It still has a snapshot.",
                another_revision},
    ReasonEntry{rejected, Reason::NotProven, yes,
                "The revision in `toRevision` was good once and has a snapshot, but it was "
                "released again and its last verdict is not good. A revision that was never good "
                "is `NoSnapshot`.",
                another_revision},
    ReasonEntry{rejected, Reason::NoRollbackPast, yes,
                "The current revision, or one between it and the target, has "
                "`lastgood.dev/no-rollback-past`.",
                "Ship a new release."},
    ReasonEntry{rejected, Reason::Suspended, yes, "`spec.suspend` of the policy is true.",
                "Set `spec.suspend` to false."},
    ReasonEntry{rejected, Reason::PausedUntil, yes,
                "The time in the annotation `lastgood.dev/pause-until` is in the future.",
                "Wait for that time, or remove the annotation."},
    ReasonEntry{rejected, Reason::CheckingRollback, no,
                "Not a rejection. The request waits until Lastgood knows whether the rollback "
                "would work. If this takes longer, the message has the error of the API server.",
                ""},
    ReasonEntry{rejected, Reason::PodSecurityViolation, no,
                "The pod security standard that the namespace enforces would reject the pods of "
                "the template.",
                "Change the label of the namespace, or choose another revision."},
    ReasonEntry{rejected, Reason::MissingReference, yes,
                "The template needs an object that does not exist.", "Create it."},
    ReasonEntry{rejected, Reason::AdmissionDenied, no,
                "The API server does not admit the template. The message quotes the server.",
                "Remove the cause."},
    ReasonEntry{rejected, Reason::Forbidden, no,
                "Lastgood lacks the permission that the message names.", "Grant the permission."},
    ReasonEntry{rejected, Reason::SnapshotMissing, no,
                "The ControllerRevision with the snapshot was deleted.", another_revision},
    ReasonEntry{rejected, Reason::SnapshotInvalid, no,
                "The content of the ControllerRevision with the snapshot cannot be used.",
                another_revision},
};

constexpr auto preflight = ReasonPlace::Preflight;

// The third field of an entry: the status of the condition RollbackReady.
constexpr std::array preflights{
    ReasonEntry{preflight, Reason::Ready, "`True`",
                "The API server admits the last good template, and the objects that it needs "
                "exist. Whether its images can be pulled is not known. The message names objects "
                "that Lastgood may not read, and other field managers of the Deployment.",
                ""},
    ReasonEntry{preflight, Reason::NoLastGood, "`False`",
                "There is no other revision that was proven good and has a snapshot. This is "
                "normal while no revision except the current one is good.",
                "Nothing. With the next release, the current revision becomes the target of a "
                "rollback, if it is good."},
    ReasonEntry{preflight, Reason::NoRollbackPast, "`False`",
                "The current revision, or one between it and the target, has "
                "`lastgood.dev/no-rollback-past`.",
                "Nothing. The mark is meant to prevent this rollback."},
    ReasonEntry{preflight, Reason::SnapshotFailed, "`False`",
                "The snapshot of the current good revision could not be stored, so the next "
                "release cannot be rolled back to it. The message quotes the API server.",
                "Remove the cause. Lastgood tries again."},
    ReasonEntry{preflight, Reason::PodSecurityViolation, "`False`",
                "The pod security standard that the namespace enforces would reject the pods of "
                "the template.",
                "Change the label of the namespace, or ship a release that complies."},
    ReasonEntry{preflight, Reason::MissingReference, "`False`",
                "The template needs a ConfigMap, Secret, service account or volume claim that does "
                "not exist.",
                "Create it."},
    ReasonEntry{preflight, Reason::AdmissionDenied, "`False`",
                "The API server does not admit the template. The message quotes the server.",
                "Change the admission rule, or ship a release that it admits."},
    ReasonEntry{preflight, Reason::Forbidden, "`False`",
                "Lastgood lacks the permission that the message names.", "Grant the permission."},
    ReasonEntry{preflight, Reason::SnapshotMissing, "`False`",
                "The ControllerRevision with the snapshot was deleted.",
                "Nothing. Lastgood chooses another revision."},
    ReasonEntry{preflight, Reason::SnapshotInvalid, "`False`",
                "The content of the ControllerRevision with the snapshot cannot be used.",
                "Ship a new release."},
    ReasonEntry{preflight, Reason::NotChecked, "`Unknown`",
                "The preflight has not run yet, or the API server returned no usable response. "
                "The message says which.",
                "Nothing. The preflight is repeated."},
};

}  // namespace

std::span<const ReasonEntry> rejection_reasons() { return rejections; }
std::span<const ReasonEntry> preflight_reasons() { return preflights; }

}  // namespace lastgood::api
