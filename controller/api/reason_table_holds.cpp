// Reasons that block a rollback or the evaluation of a release, in the order of the gates.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr auto place = ReasonPlace::Hold;
constexpr std::string_view held = "`Held`";
constexpr std::string_view while_evaluated = "`Held`, `Evaluating`, `RollingBack`, `Verifying`";
constexpr std::string_view release_or_manual = "Ship a new release, or create a manual Rollback.";

constexpr std::array entries{
    ReasonEntry{place, Reason::Deleting, "unchanged",
                "The Deployment is being deleted. Lastgood leaves it alone.", ""},
    ReasonEntry{place, Reason::Suspended, "all except `Frozen`",
                "`spec.suspend` of the policy is true. In `Idle`, the next release is not "
                "evaluated.",
                "Set `spec.suspend` to false."},
    ReasonEntry{place, Reason::DeploymentPaused, "all except `Frozen`",
                "The Deployment is paused. In `Idle`, a change of the template is a release only "
                "after the pause.",
                "Run `kubectl rollout resume`."},
    ReasonEntry{place, Reason::ScaledToZero, while_evaluated,
                "The Deployment has 0 replicas, so there is no pod to evaluate.", "Scale it up."},
    ReasonEntry{place, Reason::PausedUntil, "`Held`, `RollingBack`",
                "The time in the annotation `lastgood.dev/pause-until` is in the future.",
                "Wait for that time, or remove the annotation."},
    ReasonEntry{place, Reason::Declined, held,
                "A user deleted the Rollback of this release while it was pending.",
                release_or_manual},
    ReasonEntry{place, Reason::AlreadyRolledBack, held,
                "A Rollback of this release was carried out already, with any outcome. A release "
                "is rolled back at most once. A Rollback that failed or was superseded before it "
                "changed the Deployment does not count.",
                release_or_manual},
    ReasonEntry{place, Reason::NoRollbackPast, held,
                "The release, or a revision between it and the last good one, has the mark "
                "`lastgood.dev/no-rollback-past`. An invalid `lastgood.dev/` key or value on the "
                "pod template counts as the mark.",
                "Ship a new release, or create a manual Rollback with `force`."},
    ReasonEntry{place, Reason::NoLastGood, held,
                "There is no other revision that was proven good and has a snapshot. The message "
                "names the breached check.",
                "Ship a new release. If the check is wrong, correct it in the policy."},
    ReasonEntry{place, Reason::TooFarBack, held,
                "A rollback would undo more releases than `rollback.maxRevisionsBack`. The message "
                "lists them.",
                "Ship a new release, raise `rollback.maxRevisionsBack`, or create a manual "
                "Rollback."},
    ReasonEntry{place, Reason::Unconfirmed, held,
                "The check was breached but has not failed recently, because of a restart of the "
                "controller, a suspension, or a check that returned no result.",
                "Nothing. The next failure confirms the breach; the next pass ends it. A breach by "
                "many single failures ends when at most half of the last 20 measurements failed."},
    ReasonEntry{
        place, Reason::AlreadyFailing, held,
        "The check failed for the old revision before a pod of the new one had started. "
        "The release is not the cause.",
        "Look for a cause that both revisions share: a database, an upstream service, a "
        "certificate. The hold ends when the check passes for the old revision and fails for "
        "the new one, or when the release breaches another check. If no old pod is left: ship a "
        "new release, or create a manual Rollback."},
    ReasonEntry{
        place, Reason::SharedCause, held,
        "The check fails for the pods of the old revision too. Or no old pod passed it, and "
        "[other Deployments](admin.md#other-deployments-show-a-shared-cause) began to fail "
        "within a minute of this one. A rollback would not help.",
        "The same as for `AlreadyFailing`. If other Deployments are the reason: the "
        "release is rolled back if its check still fails 5 minutes after they have "
        "recovered."},
    ReasonEntry{place, Reason::CheckNotEstablished, held,
                "The check never passed for another revision of this Deployment, so its failure "
                "does not show that the release is bad. The check may be wrong.",
                "Correct the check in the policy. If the check is right and the release is bad: "
                "ship a new release, or create a manual Rollback."},
    ReasonEntry{place, Reason::ClusterFault, held,
                "The release does not roll out, and the cluster is the cause: a quota, a node, the "
                "scheduler, a registry or an admission webhook. The message quotes the cluster.",
                "Remove the cause. The hold ends when the rollout continues. A failure of the "
                "release then counts."},
    ReasonEntry{
        place, Reason::BreakerOpen, held,
        "So many guarded Deployments began to fail, or were rolled back, at the same time that a "
        "shared cause is more likely.",
        "Fix the shared cause. The breaker closes `--breaker-within` after both limits were "
        "last exceeded together, or when an administrator [closes "
        "it](admin.md#the-breaker-of-the-fleet)."},
    ReasonEntry{place, Reason::LimitReached, "`Frozen`",
                "The Deployment was rolled back `rollback.limit.count` times within "
                "`rollback.limit.within` already. The freeze does not end by itself.",
                "Ship a release that works, or [end the freeze](#how-to-end-a-freeze)."},
    ReasonEntry{place, Reason::Cooldown, held,
                "The last rollback began less than `rollback.cooldown` ago.",
                "Nothing: the message has the time at which the hold ends. Or create a manual "
                "Rollback."},
    ReasonEntry{place, Reason::PodSecurityViolation, held,
                "The pod security standard that the namespace enforces would reject the pods of "
                "the last good template.",
                "Ship a release that complies, or change the label of the namespace."},
    ReasonEntry{place, Reason::MissingReference, held,
                "The last good template needs a ConfigMap, Secret, service account or volume "
                "claim that does not exist.",
                "Create it. Lastgood checks again every 35 s."},
    ReasonEntry{place, Reason::AdmissionDenied, held,
                "The API server does not admit the last good template. The message quotes the "
                "server. A dry run is repeated every 35 s. If a Rollback is recorded and the "
                "server denies it for 15 minutes, the state is `Frozen`, `PatchRejected`.",
                "Change the admission rule that the message quotes."},
    ReasonEntry{place, Reason::Forbidden, held,
                "Lastgood lacks the permission that the message names.", "Grant the permission."},
    ReasonEntry{place, Reason::SnapshotMissing, held,
                "The ControllerRevision with the snapshot was deleted.",
                "Nothing. Lastgood chooses another revision at once. If the Rollback is pending "
                "and belongs to a group: ship a new release, or delete the Rollback and create a "
                "manual one."},
    ReasonEntry{place, Reason::SnapshotInvalid, held,
                "The content of the ControllerRevision with the snapshot cannot be used.",
                "Ship a new release."},
    ReasonEntry{place, Reason::NotChecked, held,
                "Lastgood could not find out whether the rollback would work.",
                "See the message. Lastgood checks again every 35 s."},
    ReasonEntry{place, Reason::SameImage, held,
                "The release and the last good revision name the same images, and a tag now gives "
                "another image than the one that was good. A rollback would run the image of the "
                "release again.",
                "Ship a release with another tag or with a digest."},
    ReasonEntry{place, Reason::GroupBlocked, held,
                "The group cannot be rolled back. The message has the cause: a member that was "
                "released at the same time cannot be rolled back; a member is not guarded, is not "
                "reconciled yet, or has a pending Rollback of its own; the initiator is held; or "
                "more than 64 Deployments would be rolled back.",
                "Resolve the cause at the member that the message names."},
    ReasonEntry{place, Reason::Observing, held,
                "The mode of the policy is `Observe`. The rollback is recorded and not carried "
                "out.",
                "Change the mode, or create a manual Rollback."},
    ReasonEntry{place, Reason::AwaitingApproval, held,
                "The Rollback waits for the approval of a user. The mode of the policy, or of the "
                "policy of another member of the group, is `Approve`, or was `Approve` when the "
                "Rollback was recorded.",
                "To approve it, set `spec.approved: true` in the Rollback, or annotate the "
                "Deployment with `lastgood.dev/approve`. To decline it, delete the Rollback."},
    ReasonEntry{place, Reason::GroupOrder, held,
                "Other members of the group are rolled back first.",
                "Nothing. The hold ends when they are rolled out again."},
};

}  // namespace

std::span<const ReasonEntry> hold_reasons() { return entries; }

}  // namespace lastgood::api
