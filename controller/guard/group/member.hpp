// Facts about the other members of a group, and about their group rollback. group.hpp explains the
// terms. Private to guard/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The member runs a revision that a rollback restored, which is not a release.
[[nodiscard]] bool runs_restored_revision(const GroupMember& member);

// The release of the member is evaluated, was breached at `released` - 1 hour or later, or got its
// verdict at `released` or later.
// `released`: when the release of another member began to be evaluated.
[[nodiscard]] bool is_released_together(const GroupMember& member,
                                        const std::optional<Time>& released);
[[nodiscard]] std::vector<const GroupMember*> members_released_together(
    const Inputs& inputs, const api::GuardStatus& guard);

// The Rollback initiates a group rollback that includes the Deployment.
[[nodiscard]] bool includes(const api::Rollback& rollback, const std::string& deployment);

// The name of the initiator's Rollback: spec.causedBy, or without it the name of `rollback`.
[[nodiscard]] const std::string& group_rollback_name(const api::Rollback& rollback);

// The initiator's Rollback, which can be `rollback` itself. It is taken from the state of the
// initiator, which is newer than the watch. If that state has another Rollback, it is taken from
// the watch. Null if the Rollback no longer exists.
[[nodiscard]] const api::Rollback* initiator_of(const Inputs& inputs,
                                                const api::Rollback& rollback);

// The initiator's Rollback has started, or waits only for its turn. Precondition: the initiator has
// a Rollback.
[[nodiscard]] bool has_initiated(const GroupMember& initiator);

// A sentence about an unfinished Rollback of the member, for which a group rollback has to wait.
// Empty if there is none.
[[nodiscard]] std::string other_rollback_of(const GroupMember& member);

// The group rollback of that name has restored a member.
[[nodiscard]] bool has_restored_member(const Inputs& inputs, const std::string& group_rollback);

// A newer release has replaced the one that the group rollback includes.
[[nodiscard]] bool has_newer_release(const GroupMember& member, const api::Rollback& initiator);

// The member has a newer release, or its Deployment was deleted and created again.
[[nodiscard]] bool has_moved_on(const GroupMember& member, const api::Rollback& initiator);

// The member has moved on or opted out, or a user declined its rollback.
[[nodiscard]] bool needs_no_rollback(const GroupMember& member, const api::Rollback& initiator);

// The turn of the member is over: its restored revision is rolled out, or its Rollback is finished.
[[nodiscard]] bool is_rolled_back(const GroupMember& member, const std::string& group_rollback);

// A member that was released together with the initiator, but whose release the recorded group
// rollback does not include. Null if there is none. `released`: see is_released_together.
[[nodiscard]] const GroupMember* newly_released_member(const Inputs& inputs,
                                                       const api::Rollback& initiator,
                                                       const std::optional<Time>& released);

// Another member is Held (GroupBlocked), and its group rollback would include this Deployment.
[[nodiscard]] bool is_awaited_by_group(const Inputs& inputs, const api::GuardStatus& guard);

// A member that has not been reconciled since the controller started. Null if there is none.
[[nodiscard]] const GroupMember* member_not_reconciled(const Inputs& inputs);

// A member that no policy governs, so that its release and its target are unknown. Null if there is
// none.
[[nodiscard]] const GroupMember* member_without_policy(const Inputs& inputs);

}  // namespace lastgood::guard
