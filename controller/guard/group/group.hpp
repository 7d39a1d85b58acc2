// The rollback of a group of Deployments: which members it has, in which order they are rolled
// back, which of them follow, and when a member's Rollback is cancelled.
//
// Terms: the member whose check is breached is the *initiator*. Its Rollback lists all members that
// were released together, including the initiator. The other members *follow*: each of them records
// a Rollback whose spec.causedBy names the initiator's Rollback.
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

// The group rollback that this Deployment would initiate: this Deployment and every member that was
// released together with it, in the order in which they are rolled back. Empty if there is no such
// member.
[[nodiscard]] std::optional<api::GroupRollback> plan_group_rollback(const Inputs& inputs,
                                                                    const api::GuardStatus& guard);

// Approve if the policy of any included member requires approval, so that a user decides before the
// first member is changed. Otherwise the mode of this Deployment's policy.
[[nodiscard]] api::Mode group_mode(const Inputs& inputs, const api::GuardStatus& guard);

// The initiator's Rollback that this Deployment has to follow. Null in these cases:
// - no group rollback has started that includes this release;
// - this Deployment has already followed it;
// - a user declined the rollback of this release, or the release was rolled back already.
[[nodiscard]] const api::Rollback* group_rollback_to_follow(const Inputs& inputs,
                                                            const api::GuardStatus& guard,
                                                            Time now);

// Why the Rollback of a member that follows is cancelled. Empty if it is not cancelled. The
// reasons:
// - the initiator's Rollback no longer exists, and no member is restored;
// - the initiator's Rollback ended before it changed its template, and no member is restored;
// - the member left the group.
[[nodiscard]] std::string why_cancelled_with_group(const Inputs& inputs,
                                                   const api::Rollback& rollback);

// The group rollback of `rollback` has restored another member.
[[nodiscard]] bool has_group_started(const Inputs& inputs, const api::Rollback& rollback);

}  // namespace lastgood::guard
