// Small pure questions about what is remembered, beside the coroutines that ask them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/guard_state.hpp"
#include "guard/inputs.hpp"
#include "guard/needs.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// What the guard and the Rollbacks on the server remember of this Deployment.
[[nodiscard]] GuardState load(const api::Deployment& deployment, const kube::Stores& stores,
                              Time now);

// Nobody opted in and nothing was ever remembered: not ours to look at.
[[nodiscard]] bool is_unmanaged(const policy::EffectivePolicy& policy, const GuardState& state);

// Takes the measurements that speak of the current revision and answer the policy's present
// questions; others are dropped.
[[nodiscard]] std::vector<api::Measurement> take_measurements(GuardState& state,
                                                              const api::PolicySpec& spec);

// Checks that are due and not being asked already, marked as being asked.
[[nodiscard]] std::vector<std::string> take_due(GuardState& state, const Needs& needs,
                                                const api::PolicySpec& spec, MonotonicTime now);

// When to look again: the plan's wish, the next check, or soon while a rollback is under way or a
// ConfigMap is believed bad.
[[nodiscard]] std::optional<MonotonicTime> next_reconcile(const GuardState& state,
                                                          const policy::EffectivePolicy& policy,
                                                          std::optional<Time> requeue_at, Time now,
                                                          MonotonicTime monotonic);

// How the rollback has ended: nothing while it goes on, or once that was written.
[[nodiscard]] std::optional<std::string> outcome_to_tell(const GuardState& state);

// What a live read shows of the template, for the plan; nothing where the watch was behind it.
void take_sight(Inputs& inputs, std::optional<TemplateSight> sight);

// What the preflight has found out beside whether it would work: that what is kept is gone.
void take_preflight(GuardState& state);

// Who is of a group and not opted in is known to the others of it, with what to do about it.
// Nothing for one of no group.
[[nodiscard]] std::optional<GuardState> unmanaged_group_member(const api::Deployment& deployment,
                                                               const std::string& group);

// From now on the others of the group see it, as this look has left it.
void show_to_group(GuardState& state, const policy::EffectivePolicy& policy, const Plan& plan);

// Does it concern them: the state, the rollback, or whether it could go back. Asked before it is
// shown.
[[nodiscard]] bool changes_for_group(const GuardState& state, const policy::EffectivePolicy& policy,
                                     const Plan& plan);

// Once carried out and written, the request of that inputs needs no answer any more.
[[nodiscard]] bool answers_request(const Inputs& inputs, const Plan& plan);

// All Rollbacks of the Deployment, as the watch has them.
[[nodiscard]] std::vector<api::Rollback> records_of(const api::Deployment& deployment,
                                                    const kube::Stores& stores);

// Since when nothing has held the template back: what is held, or touched already, begins no such
// time.
void note_when_decided(const Action& action, GuardState& state, MonotonicTime now);

// A person has deleted the record of a rollback before anything was touched: that is a no.
void call_off_deleted(GuardState& state, const api::Rollback& gone, Time now);

// A request that could not be bound has begun nothing, ended no freeze, and is not emitted of.
void take_back(Plan& plan, const Inputs& inputs, GuardState& state);

// Our own writing of a frozen guard says what froze it: a person took that away.
[[nodiscard]] bool is_thawed(const api::DeploymentGuard& guard);

// The rollback that still concerns the Deployment.
[[nodiscard]] bool concerns(const api::Rollback& rollback, const api::Deployment& deployment,
                            const api::GuardStatus& guard);

}  // namespace lastgood::guard
