// Deployments that must change together: which members are rolled back, in which order, and whether
// all of them can be.
//
// The words: the member whose check is breached is the *initiator*. Its Rollback lists all members
// that were released together, itself included. The other members follow: each records a Rollback
// of its own whose spec.causedBy names the initiator's.
//
//   api  (breached)   Rollback api-2-9f1d   spec.group.members: [db, api, web]
//   db   (follows)    Rollback db-5-77aa    spec.causedBy: api-2-9f1d     first in the order
//   web  (follows)    Rollback web-2-1b4e   spec.causedBy: api-2-9f1d     last
//
// Private to guard/.
#pragma once

#include <optional>
#include <string>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The group rollback that this Deployment initiates: itself and every member that was released
// together with it, in order. Empty when it would be rolled back alone.
[[nodiscard]] std::optional<api::GroupRollback> plan_group_rollback(const Inputs& inputs,
                                                                    const api::GuardStatus& guard);

// Approve if the policy of any included member requires approval: a user decides before the first
// member is changed.
[[nodiscard]] api::Mode group_mode(const Inputs& inputs, const api::GuardStatus& guard);

// The initiator's Rollback that includes this Deployment and that it has not followed yet. Null
// without one, if a user declined it, or if this release was rolled back already.
[[nodiscard]] const api::Rollback* group_rollback_to_follow(const Inputs& inputs,
                                                            const api::GuardStatus& guard,
                                                            Time now);

// Why a member's Rollback is cancelled: the initiator's Rollback ended before a member was restored
// or is gone, or the member left the group. Empty if it is not cancelled.
[[nodiscard]] std::string why_cancelled_with_group(const Inputs& inputs,
                                                   const api::Rollback& rollback);

// Another member was restored by the same group rollback.
[[nodiscard]] bool has_group_started(const Inputs& inputs, const api::Rollback& rollback);

}  // namespace lastgood::guard
