// The reasons of Events on a Deployment. A change of the condition Governed is an Event too: its
// reasons are in reason_table_policies.cpp.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr auto place = ReasonPlace::Event;
constexpr std::string_view normal = "Normal";
constexpr std::string_view warning = "Warning";

constexpr std::array entries{
    ReasonEntry{place, Reason::PresumedGood, normal,
                "The running revision was completely available when Lastgood first saw it. It "
                "counts as good.",
                ""},
    ReasonEntry{place, Reason::ReleaseSeen, normal,
                "The evaluation of a new template begins. Or the evaluation of a running template "
                "begins that was not completely available when Lastgood first saw it.",
                ""},
    ReasonEntry{place, Reason::CheckFailing, warning,
                "The first of several consecutive failures, with value and threshold. The check is "
                "not breached.",
                "Nothing is needed. See `status.checks`."},
    ReasonEntry{place, Reason::CheckBreached, warning,
                "The consecutive failures reached the threshold, more than half of the last 20 "
                "measurements failed, or the failure counts at once.",
                "Nothing. The next Event reports the consequence."},
    ReasonEntry{place, Reason::BreachEnded, normal,
                "The check passes again. The evaluation continues, and the bake time starts again.",
                ""},
    ReasonEntry{place, Reason::RollbackHeld, warning,
                "The release is breached but is not rolled back. The note names [the "
                "hold](#holds). Also: `lastgood.dev/approve` names a Rollback that "
                "is not the pending one.",
                "End the hold, or ship a new release."},
    ReasonEntry{place, Reason::RollbackStarted, "Warning; Normal for a manual Rollback",
                "A rollback starts. The note has both revisions, the cause and the Rollback. If "
                "approval is needed, the Event follows the approval and the note says how it was "
                "given.",
                ""},
    ReasonEntry{place, Reason::PatchRejected, warning,
                "The API server rejected the patch. The patch is retried.",
                "Remove the cause in the note."},
    ReasonEntry{place, Reason::RollbackRejected, warning,
                "A manual Rollback is rejected. The note begins with [the "
                "reason](#rejections).",
                "Remove the cause, then create another Rollback."},
    ReasonEntry{place, Reason::RollbackCancelled, normal,
                "A pending Rollback is cancelled before the Deployment was changed. [The "
                "phase `Superseded`](#superseded-rollbacks) has the causes.",
                ""},
    ReasonEntry{place, Reason::RolledBack, warning,
                "The Deployment has the last good template again.",
                "Fix the release and ship the next one."},
    ReasonEntry{place, Reason::RollbackVerified, normal,
                "The restored revision is rolled out and passes its checks.", ""},
    ReasonEntry{
        place, Reason::RollbackUnverified, warning,
        "The revision was restored but not verified: a check returned no result, passed less than "
        "75% of its measurements, or fails and has never passed for any revision. Or not every "
        "replica became available.",
        "Check that the application works. Correct the check."},
    ReasonEntry{place, Reason::RollbackFailed, warning,
                "The restored revision does not work, or it could not be restored. The state is "
                "`Frozen`.",
                "See the note. [End the freeze](#how-to-end-a-freeze), unless it ends by itself."},
    ReasonEntry{place, Reason::LimitReached, warning,
                "The release is breached, but the Deployment reached `rollback.limit`. The state "
                "is `Frozen`.",
                "See the note. A user must [end the freeze](#how-to-end-a-freeze)."},
    ReasonEntry{place, Reason::Contested, warning,
                "A tool keeps applying a template that was rolled back. The state is `Frozen`.",
                "Revert the release at its source, or stop the tool."},
    ReasonEntry{place, Reason::Resumed, normal, "A user ended the freeze.", ""},
    ReasonEntry{place, Reason::OutageEnded, normal,
                "A freeze ended by itself: the check that failed for the release and for the "
                "restored revision alike passes again.",
                "Ship the release again."},
    ReasonEntry{place, Reason::DrillFailed, warning, "A drill failed. The note has the cause.",
                "Remove the cause before a rollback is needed."},
    ReasonEntry{place, Reason::CheckNotEstablished, warning,
                "A check failed twice and never passed for any revision. The condition "
                "`ChecksEstablished` is `False`. Nothing is rolled back because of this check.",
                "Correct the check in the policy."},
    ReasonEntry{place, Reason::InvalidAnnotation, warning,
                "An annotation of the pod template is not valid, or it belongs on the Deployment.",
                "Correct it in the next release."},
    ReasonEntry{place, Reason::SnapshotFailed, warning,
                "The snapshot of a good revision could not be stored. The note quotes the API "
                "server.",
                "Remove the cause. Lastgood tries again."},
    ReasonEntry{place, Reason::PolicyInvalid, warning,
                "On a RollbackPolicy: a field of the policy is not valid. The condition `Ready` is "
                "`False`, and the policy applies to no Deployment.",
                "Correct the field that the note names."},
    ReasonEntry{place, Reason::PolicyConflict, warning,
                "On a RollbackPolicy: another policy selects one of its Deployments too. The "
                "condition `Ready` is `False`.",
                "Name one policy in `lastgood.dev/policy`, or narrow a selector."},
    ReasonEntry{place, Reason::InvalidCheck, warning,
                "On a RollbackPolicy: the metrics server rejects a query of a check, or cannot be "
                "used with its address. The condition `ChecksValid` is `False`.",
                "Correct the check. The note quotes the server."},
    ReasonEntry{place, Reason::StateUnreadable, warning,
                "The DeploymentGuard or a Rollback of the Deployment has a value that this version "
                "of Lastgood cannot read, for example after a downgrade. Nothing is done with the "
                "Deployment: no check, no rollback, no write.",
                "Install the version that wrote the value, or correct or delete the object that "
                "the note names."},
    ReasonEntry{place, Reason::OptInLost, warning,
                "One write changed the template and ended the opt-in, as `kubectl replace` and "
                "`kubectl rollout undo` do. The new template is not evaluated.",
                "Opt in again with the command in the note. The template is then evaluated."},
    ReasonEntry{place, Reason::ReleaseGood, normal,
                "The release baked without a breach, or was replaced after `minimumBake` without a "
                "failing check. It is the last good revision.",
                ""},
    ReasonEntry{place, Reason::ReleaseInconclusive, warning,
                "The release baked, but a check returned no result, or passed less than 75% of its "
                "measurements. Nothing is rolled back to it.",
                "See the check that the note names."},
    ReasonEntry{place, Reason::ReleaseSuperseded, normal,
                "A newer template replaced a breached release.", ""},
};

}  // namespace

std::span<const ReasonEntry> event_reasons() { return entries; }

}  // namespace lastgood::api
