// The state of one Deployment: how it is loaded in a new term, and questions about it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/guard_state.hpp"
#include "guard/inputs.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// Loads the state from the DeploymentGuard and the Rollbacks that the watches have.
[[nodiscard]] GuardState load(const api::Deployment& deployment, const kube::Stores& stores,
                              Time now);

// At the start of a term, the Deployment is reconciled before the others: it may have something to
// do. To reconcile thousands of Deployments takes seconds. `guard`: null if there is none.
[[nodiscard]] bool comes_first(const api::Deployment& deployment,
                               const api::DeploymentGuard* guard);

// The Deployment has not opted in and has no DeploymentGuard.
[[nodiscard]] bool is_unmanaged(const EffectivePolicy& policy, const GuardState& state);

// The state that the other members see of a Deployment that has a group but has not opted in. Empty
// without a group.
[[nodiscard]] std::optional<GuardState> unmanaged_group_member(const api::Deployment& deployment,
                                                               const std::string& group);

// The state that the other members see of a Deployment that is left alone because of an object that
// cannot be read: `why`. Empty without a group.
[[nodiscard]] std::optional<GuardState> left_alone_group_member(const api::Deployment& deployment,
                                                                const std::string& why);

// The time of the next reconcile, which is the earliest of these:
//   `requeue_at`, from the plan
//   the next check
//   1s from now, while a Rollback is not finished
//   10s from now, while the ConfigMap of the policy cannot be used
// Empty without any of them.
[[nodiscard]] std::optional<MonotonicTime> next_reconcile_at(const GuardState& state,
                                                             const EffectivePolicy& policy,
                                                             std::optional<Time> requeue_at,
                                                             Time now, MonotonicTime monotonic);

// The phase in which the rollback ended, while the API server does not have this phase yet. Empty
// otherwise.
[[nodiscard]] std::optional<std::string> outcome_to_report(const GuardState& state);

// The Rollback of the state, with the status that the API server has. Empty: there is none.
[[nodiscard]] std::optional<api::Rollback> stored_rollback(const GuardState& state);

// The Rollback is not finished.
[[nodiscard]] bool has_open_rollback(const GuardState& state);

// True if the plan changes what the other members of the group read. Called before the plan is
// applied to the state.
[[nodiscard]] bool changes_for_group(const GuardState& state, const EffectivePolicy& policy,
                                     const Plan& plan);

// True if the plan accepts or rejects `inputs.request`.
[[nodiscard]] bool answers_request(const Inputs& inputs, const Plan& plan);

// All Rollbacks of the Deployment that can be read, from the watch.
[[nodiscard]] std::vector<api::Rollback> records_of(const api::Deployment& deployment,
                                                    const kube::Stores& stores);

// True if a user removed status.freeze: the controller always writes it while the state is Frozen.
[[nodiscard]] bool is_freeze_removed(const api::DeploymentGuard& guard);

// True if the Rollback belongs to this Deployment by its uid, and one of these applies: it is not
// finished, it is about the present release, or the guard names it. False for drills, for requests
// that are not accepted yet, for records of mode Observe, and for Rollbacks that cannot be read.
[[nodiscard]] bool concerns(const api::Rollback& rollback, const api::Deployment& deployment,
                            const api::GuardStatus& guard);

}  // namespace lastgood::guard
