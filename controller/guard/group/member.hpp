// Facts about the other members of a group, and about their group rollback.
// Questions only: nothing is decided here. group.hpp explains the words. Private to guard/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The member runs a revision that a rollback restored, so it is no release.
[[nodiscard]] bool runs_restored_revision(const GroupMember& member);

// The member was still evaluated at the time `released`, or has been released since.
[[nodiscard]] bool is_released_together(const GroupMember& member,
                                        const std::optional<Time>& released);
[[nodiscard]] std::vector<const GroupMember*> members_released_together(
    const Inputs& inputs, const api::GuardStatus& guard);

// The group rollback of this Rollback includes that Deployment.
[[nodiscard]] bool includes(const api::Rollback& rollback, const std::string& deployment);

// The name of the initiator's Rollback: that of the Rollback itself, or its spec.causedBy.
[[nodiscard]] const std::string& group_rollback_name(const api::Rollback& rollback);

// The initiator's Rollback. The member's own state is newer than the watch, but may have another
// Rollback by now. Null if it no longer exists.
[[nodiscard]] const api::Rollback* initiator_of(const Inputs& inputs,
                                                const api::Rollback& rollback);

// The initiator's Rollback has started, or waits for nothing but its turn. Precondition: the member
// has a Rollback.
[[nodiscard]] bool has_initiated(const GroupMember& initiator);

// A sentence about another Rollback of the member, which a group rollback has to wait for. Empty
// without one.
[[nodiscard]] std::string other_rollback_of(const GroupMember& member);

// A member was restored by the group rollback of that name.
[[nodiscard]] bool has_restored_member(const Inputs& inputs, const std::string& group_rollback);

// A newer release has replaced the one that the group rollback includes.
[[nodiscard]] bool has_newer_release(const GroupMember& member, const api::Rollback& initiator);

// That, or the Deployment was deleted and created again.
[[nodiscard]] bool has_moved_on(const GroupMember& member, const api::Rollback& initiator);

// That, or a user declined it, or no policy governs the member any more.
[[nodiscard]] bool needs_no_rollback(const GroupMember& member, const api::Rollback& initiator);

// The turn of the member is over: it has rolled out again, or its Rollback is finished.
[[nodiscard]] bool is_rolled_back(const GroupMember& member, const std::string& group_rollback);

// A member that was released together with the others after the group rollback was recorded, and so
// is not included. Null without one.
[[nodiscard]] const GroupMember* newly_released_member(const Inputs& inputs,
                                                       const api::Rollback& initiator,
                                                       const std::optional<Time>& released);

// Another member is Held (GroupBlocked) until every member, this one included, can be rolled back.
[[nodiscard]] bool is_awaited_by_group(const Inputs& inputs, const api::GuardStatus& guard);

// A member that has not been reconciled since the controller started. Null without one.
[[nodiscard]] const GroupMember* member_not_reconciled(const Inputs& inputs);

// A member that no policy governs, so that its release and its target are unknown. Null without
// one.
[[nodiscard]] const GroupMember* member_without_policy(const Inputs& inputs);

}  // namespace lastgood::guard
