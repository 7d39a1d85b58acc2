#include "api/enum_docs.hpp"

#include <array>

namespace lastgood::api {
namespace {

constexpr std::array states{
    ValueDoc<State>{State::Idle, "There is no release to evaluate."},
    ValueDoc<State>{State::Evaluating, "A new revision rolls out or bakes, and its checks run."},
    ValueDoc<State>{State::Held, "A rollback is due, but a hold blocks it.",
                    "See the reason in [Holds](#holds)."},
    ValueDoc<State>{State::RollingBack, "The last good revision is being restored."},
    ValueDoc<State>{State::Verifying, "The restored revision is evaluated by the same checks."},
    ValueDoc<State>{State::Frozen,
                    "Lastgood does nothing more until a user acts, or until an outage that caused "
                    "the freeze ends.",
                    "See `status.message`. Then [end the freeze](#how-to-end-a-freeze)."},
};

constexpr std::array verdicts{
    ValueDoc<RevisionVerdict>{RevisionVerdict::Evaluating, "The revision is being evaluated."},
    ValueDoc<RevisionVerdict>{RevisionVerdict::Good,
                              "The revision rolled out completely and baked without a breach, or "
                              "was healthy for `minimumBake` when a newer one replaced it, or "
                              "passed its checks after a rollback restored it."},
    ValueDoc<RevisionVerdict>{RevisionVerdict::PresumedGood,
                              "The revision was completely available when Lastgood first saw it."},
    ValueDoc<RevisionVerdict>{
        RevisionVerdict::Superseded,
        "A newer template replaced the revision before its evaluation was complete."},
    ValueDoc<RevisionVerdict>{RevisionVerdict::Inconclusive,
                              "The revision baked, but a check returned no result or passed too "
                              "few of its measurements. Or it was rolled back because of an "
                              "outage, or the Deployment opted out during the evaluation."},
    ValueDoc<RevisionVerdict>{RevisionVerdict::Breached,
                              "A check was breached, and the revision is not rolled back yet."},
    ValueDoc<RevisionVerdict>{RevisionVerdict::RolledBack,
                              "The revision was rolled back and is quarantined: no automatic "
                              "rollback restores it."},
};

constexpr std::array results{
    ValueDoc<MeasurementResult>{MeasurementResult::Pass,
                                "The check passed. Its consecutive failures are 0 again."},
    ValueDoc<MeasurementResult>{MeasurementResult::Fail,
                                "The check failed. Its consecutive failures increase by 1."},
    ValueDoc<MeasurementResult>{MeasurementResult::Unknown,
                                "The check returned no result. It counts neither as a pass nor as "
                                "a failure."},
};

constexpr std::array modes{
    ValueDoc<Mode>{Mode::Enforce, "The Deployment is rolled back to the last good revision."},
    ValueDoc<Mode>{Mode::Approve,
                   "The same, but only after a user has approved the Rollback. Until then the "
                   "Rollback is `Pending`."},
    ValueDoc<Mode>{Mode::Observe,
                   "Nothing. The rollback that `Enforce` would carry out is recorded as a "
                   "Rollback."},
};

constexpr std::array phases{
    ValueDoc<RollbackPhase>{RollbackPhase::Pending,
                            "The Rollback is recorded, and the Deployment is not changed. If "
                            "a hold blocks it, `status.waitingFor` has the reason.",
                            "If it awaits approval: approve it."},
    ValueDoc<RollbackPhase>{RollbackPhase::TemplateRestored,
                            "The template of the Deployment is restored."},
    ValueDoc<RollbackPhase>{RollbackPhase::Restored,
                            "The ownership of the template's fields is restored too, or the "
                            "message says why it cannot be. The restored revision rolls out."},
    ValueDoc<RollbackPhase>{RollbackPhase::Verifying,
                            "The restored revision is rolled out and is evaluated by the same "
                            "checks."},
    ValueDoc<RollbackPhase>{RollbackPhase::Succeeded,
                            "The restored revision passes its checks. Or the revision is restored "
                            "but not verified: a check returned no result or passed too few of "
                            "its measurements, a check that never passed fails, or not every "
                            "replica became available. The message says which, and the Event is "
                            "`RollbackUnverified`. Drill: the API server admits the patch.",
                            "Fix the release and ship the next one."},
    ValueDoc<RollbackPhase>{RollbackPhase::Failed,
                            "The restored revision did not roll out, fails its checks, or could "
                            "not be restored. The guard is `Frozen`. Drill: the rollback would not "
                            "work, or Lastgood could not find out; the message says which.",
                            "A user must act. See the message."},
    ValueDoc<RollbackPhase>{RollbackPhase::Superseded,
                            "The rollback is not needed any more. [The causes](#superseded-"
                            "rollbacks) are below."},
    ValueDoc<RollbackPhase>{RollbackPhase::Observed,
                            "The mode was `Observe`, so the rollback was not carried out. The name "
                            "ends in `-observed`."},
    ValueDoc<RollbackPhase>{RollbackPhase::Rejected,
                            "A manual Rollback was not carried out. The message begins with [the "
                            "reason](#rejections).",
                            "Remove the cause, then create another Rollback."},
};

constexpr std::array actions{
    ValueDoc<EventAction>{EventAction::None, "The Event is for information."},
    ValueDoc<EventAction>{EventAction::Evaluate, "The evaluation of the release continues."},
    ValueDoc<EventAction>{EventAction::Hold, "The rollback is blocked."},
    ValueDoc<EventAction>{EventAction::Rollback, "The Deployment is rolled back."},
    ValueDoc<EventAction>{EventAction::Freeze, "The Deployment is frozen until a user acts."},
    ValueDoc<EventAction>{EventAction::Drill, "A drill was done."},
};

constexpr std::string_view guard = "DeploymentGuard";
constexpr std::string_view policy = "RollbackPolicy";
constexpr std::string_view rollback = "Rollback";

constexpr std::array conditions{
    ConditionDoc{"Governed", guard, "A policy applies to the Deployment.",
                 "No policy applies, or the policy cannot be used. See [its "
                 "reasons](#policy-resolution)."},
    ConditionDoc{"RollbackReady", guard, "A rollback would work.",
                 "A rollback would not work. `Unknown`: the preflight has no result. See [its "
                 "reasons](#preflight)."},
    ConditionDoc{"ChecksEstablished", guard, "Each check of the policy has passed for a revision.",
                 "A check failed twice and never passed. `Unknown`: a check has not passed yet, or "
                 "no policy applies."},
    ConditionDoc{"Ready", guard, "The state is `Idle`, and the current template is known.",
                 "`Reconciling` or `Stalled` is `True`."},
    ConditionDoc{"Reconciling", guard,
                 "The state is `Evaluating`, `RollingBack` or `Verifying`. Or the state is `Idle` "
                 "and the current template has no ReplicaSet (`WaitingForReplicaSet`, "
                 "`DeploymentPaused`) or no status (`WaitingForStatus`).",
                 "All other cases."},
    ConditionDoc{"Stalled", guard,
                 "The state is `Held` or `Frozen`, or the policy of the Deployment cannot be used.",
                 "All other cases."},
    ConditionDoc{"Ready", policy, "The policy can be used: `Accepted` or `Suspended`.",
                 "The policy cannot be used: `Invalid`. Or another policy selects one of its "
                 "Deployments too: `PolicyConflict`."},
    ConditionDoc{"ChecksValid", policy,
                 "The metrics server evaluates the queries of all checks `prometheus`. Absent "
                 "without such a check.",
                 "A query, an address, a certificate or the access is wrong; the message quotes "
                 "the server. `Unknown`: the server cannot answer, or its host name does not "
                 "resolve."},
    ConditionDoc{"Succeeded", rollback, "The phase is `Succeeded`.",
                 "The phase is `Failed`, `Superseded`, `Observed` or `Rejected`. `Unknown`: the "
                 "rollback is not finished."},
    ConditionDoc{"Reconciling", rollback, "The rollback is not finished.",
                 "The rollback is finished."},
    ConditionDoc{"Stalled", rollback, "The phase is `Failed` or `Rejected`, so a user must act.",
                 "All other cases."},
};

}  // namespace

std::span<const ValueDoc<State>> state_docs() { return states; }
std::span<const ValueDoc<RevisionVerdict>> verdict_docs() { return verdicts; }
std::span<const ValueDoc<MeasurementResult>> result_docs() { return results; }
std::span<const ValueDoc<Mode>> mode_docs() { return modes; }
std::span<const ValueDoc<RollbackPhase>> phase_docs() { return phases; }
std::span<const ValueDoc<EventAction>> action_docs() { return actions; }
std::span<const ConditionDoc> condition_docs() { return conditions; }

}  // namespace lastgood::api
