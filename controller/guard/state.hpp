// Small pure questions about what is remembered, beside the coroutines that ask them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/inputs.hpp"
#include "guard/needs.hpp"
#include "guard/guard_state.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

// What the guard and the Rollbacks on the server remember of this Deployment.
[[nodiscard]] Memory recall(const api::Deployment& deployment, const kube::Stores& stores, Time now);

// Nobody opted in and nothing was ever remembered: not ours to look at.
[[nodiscard]] bool is_stranger(const policy::EffectivePolicy& guarding, const Memory& memory);

// Takes the samples that speak of the current revision and answer the policy's present questions; others are dropped.
[[nodiscard]] std::vector<api::Sample> take_samples(Memory& memory, const api::PolicySpec& spec);

// Checks that are due and not being asked already, marked as being asked.
[[nodiscard]] std::vector<std::string> take_due(Memory& memory, const Needs& needs, const api::PolicySpec& spec,
                                                Steady now);

// When to look again: the decision's wish, the next check, or soon while a rollback is under way or a ConfigMap is believed bad.
[[nodiscard]] std::optional<Steady> next_look(const Memory& memory, const policy::EffectivePolicy& guarding, std::optional<Time> wake,
                                              Time now, Steady steady);

// How the rollback has ended: nothing while it goes on, or once that was written.
[[nodiscard]] std::optional<std::string> outcome_to_tell(const Memory& memory);

// What a live read shows of the template, for the decision; nothing where the watch was behind it.
void take_sight(World& world, std::optional<TemplateSight> sight);

// What the preflight has found out beside whether it would work: that what is kept is gone.
void take_preflight(Memory& memory);

// Who is of a group and not opted in is known to the others of it, with what to do about it. Nothing for one of no group.
[[nodiscard]] std::optional<Memory> stranger_of_group(const api::Deployment& deployment, const std::string& group);

// From now on the others of the group see it, as this look has left it.
void show_to_group(Memory& memory, const policy::EffectivePolicy& guarding, const Decision& decision);

// Does it concern them: the state, the rollback, or whether it could go back. Asked before it is shown.
[[nodiscard]] bool changes_for_group(const Memory& memory, const policy::EffectivePolicy& guarding, const Decision& decision);

// Once carried out and written, the request of that world needs no answer any more.
[[nodiscard]] bool answers_request(const World& world, const Decision& decision);

// All Rollbacks of the Deployment, as the watch has them.
[[nodiscard]] std::vector<api::Rollback> records_of(const api::Deployment& deployment, const kube::Stores& stores);

// Since when nothing has held the template back: what is held, or touched already, begins no such time.
void note_when_decided(const Act& act, Memory& memory, Steady now);

// A person has deleted the record of a rollback before anything was touched: that is a no.
void call_off_deleted(Memory& memory, const api::Rollback& gone, Time now);

// A request that could not be bound has begun nothing, ended no freeze, and is not told of.
void take_back(Decision& decision, const World& world, Memory& memory);

// Our own writing of a frozen guard says what froze it: a person took that away.
[[nodiscard]] bool is_thawed(const api::DeploymentGuard& guard);

// The rollback that still concerns the Deployment.
[[nodiscard]] bool concerns(const api::Rollback& rollback, const api::Deployment& deployment, const api::GuardStatus& guard);

}  // namespace lastgood::guard
