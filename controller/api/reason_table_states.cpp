// status.reason of a DeploymentGuard, unless something blocks its rollback.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr auto place = ReasonPlace::State;

constexpr std::array entries{
    ReasonEntry{place, Reason::NotOptedIn, "`Idle`",
                "No policy applies to the Deployment, so Lastgood does nothing.",
                "Opt in if it is to be guarded."},
    ReasonEntry{place, Reason::WaitingForStatus, "`Idle`",
                "Lastgood sees the Deployment for the first time, and the Deployment controller "
                "has not observed the current generation. So the status does not say yet "
                "whether the rollout is complete.",
                "Nothing. The Deployment is reconciled every second."},
    ReasonEntry{place, Reason::WaitingForReplicaSet, "`Idle`, `Evaluating`, `Held`, `Verifying`",
                "The current template has no ReplicaSet yet.",
                "If this lasts, check that the Deployment is not paused and that the Deployment "
                "controller runs."},
    ReasonEntry{place, Reason::PresumedGood, "`Idle`",
                "The revision was completely available when Lastgood first saw it. It counts as "
                "good.",
                ""},
    ReasonEntry{place, Reason::Good, "`Idle`",
                "The revision baked without a breach, or it was good before and still runs.", ""},
    ReasonEntry{
        place, Reason::Inconclusive, "`Idle`",
        "The revision baked, but a check returned no result, or passed less than 75% of its "
        "measurements. The revision keeps running, but nothing is rolled back to it.",
        "See the check that the message names, then ship again."},
    ReasonEntry{place, Reason::RolledBack, "`Idle`",
                "The bad revision was rolled back, and the rollback is finished.",
                "Fix the release and ship the next one."},
    ReasonEntry{place, Reason::OutageEnded, "`Idle`",
                "The restored revision failed in the same way as the release, and passes again. "
                "So an outage was the cause, and the freeze has ended. The restored revision is "
                "good again. The release is `Inconclusive`.",
                "Ship the release again."},
    ReasonEntry{place, Reason::RollingOut, "`Evaluating`, `RollingBack`",
                "The new revision rolls out. In `RollingBack`: the restored revision rolls out.",
                ""},
    ReasonEntry{place, Reason::Baking, "`Evaluating`",
                "The rollout is complete. The revision is evaluated until the time in the message. "
                "Time without results of the checks extends the bake.",
                ""},
    ReasonEntry{place, Reason::CheckFailing, "`Evaluating`",
                "The rollout is complete, and a check fails but is not breached. The revision is "
                "evaluated until the check passes or is breached.",
                "See `status.checks`."},
    ReasonEntry{place, Reason::AwaitingReplicas, "`Evaluating`, `Verifying`",
                "`bakeTime` or `verifyFor` is over, but a replica is not available. The revision "
                "is good or verified once every replica is available. Verification waits for 15 "
                "minutes, then it ends as `RollbackUnverified`.",
                "See the pods of the Deployment."},
    ReasonEntry{place, Reason::Resumed, "`Evaluating`",
                "A user ended a freeze. The running revision is evaluated from the beginning, and "
                "earlier rollbacks no longer count against the limits.",
                ""},
    ReasonEntry{place, Reason::RequestedManually, "`RollingBack`",
                "A manual Rollback was accepted.", ""},
    ReasonEntry{place, Reason::GroupRolledBack, "`RollingBack`",
                "Another Deployment of the group is rolled back, and this Deployment with it.",
                "See the Rollback that `spec.causedBy` names."},
    ReasonEntry{place, Reason::RolledOut, "`Verifying`",
                "The restored revision is rolled out and is evaluated for `verifyFor`.", ""},
    ReasonEntry{place, Reason::AwaitingPass, "`Verifying`",
                "`verifyFor` is over. The rollback is verified once every check passes and has "
                "passed at least 75% of its measurements. If a check returns no result any more, "
                "or passes too few of them, verification waits for 15 minutes and ends as "
                "`RollbackUnverified`.",
                "See `status.checks`."},
    ReasonEntry{
        place, Reason::RollbackFailed, "`Frozen`",
        "The rollback failed for one of these reasons: the rollout check was breached "
        "while the restored revision rolled out; the rollout made no progress for 15 minutes; the "
        "rollout was not complete after 1 hour; the snapshot cannot be restored. If the "
        "restored revision failed in the same way as the release, the reason is "
        "`VerificationFailed`, unless only the template can be the cause.",
        "See `status.message`. Then [end the freeze](#how-to-end-a-freeze)."},
    ReasonEntry{place, Reason::PatchRejected, "`Frozen`",
                "The API server rejected the patch for 15 minutes. Nothing was changed.",
                "Remove the cause in the message. Then [end the freeze](#how-to-end-a-freeze)."},
    ReasonEntry{place, Reason::VerificationFailed, "`Frozen`",
                "The restored revision fails its checks too, so it is not good any more. The usual "
                "cause is something other than the release. If the release failed in the same "
                "way, the freeze ends by itself when every replica is available and every check "
                "has passed three consecutive times. A check that fails and has never passed for "
                "any revision does not count.",
                "Fix the cause. Then [end the freeze](#how-to-end-a-freeze)."},
    ReasonEntry{place, Reason::Contested, "`Frozen`",
                "A tool applied a template again that had been rolled back: `rollback.limit.count` "
                "consecutive times, or once while the Deployment was frozen. The message names the "
                "tool.",
                "Revert the release at its source, or stop the tool. Then [end the "
                "freeze](#how-to-end-a-freeze)."},
};

}  // namespace

std::span<const ReasonEntry> state_reasons() { return entries; }

}  // namespace lastgood::api
