// What is known of the others of a group, and of the call that they are part of. Decides nothing.
#pragma once

#include <string>
#include <vector>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// What runs there was put back, and so is no release.
[[nodiscard]] bool was_put_back(const GroupMember& member);

// Still being judged when the release came that is judged since `released`, or come since.
[[nodiscard]] bool is_of_same_window(const GroupMember& member,
                                     const std::optional<Time>& released);
[[nodiscard]] std::vector<const GroupMember*> of_same_window(const Inputs& inputs,
                                                             const api::GuardStatus& guard);

// The Rollback calls that Deployment back with the one that it is for.
[[nodiscard]] bool calls(const api::Rollback& rollback, const std::string& deployment);

// The name of the call that a Rollback is part of: its own, or that of the Rollback which called
// it.
[[nodiscard]] const std::string& call_of(const api::Rollback& rollback);

// The Rollback that called: a member knows it better than the watch, but may have another one
// since. Null: it is gone.
[[nodiscard]] const api::Rollback* caller_of(const Inputs& inputs, const api::Rollback& rollback);

// The call of that member has begun, or would but for those that go before it.
[[nodiscard]] bool is_under_way(const GroupMember& leader);

// Another Rollback of that member, being written or waiting for something, that a call would have
// to wait for. Empty: none.
[[nodiscard]] std::string busy_with(const GroupMember& member);

// Another member has been put back already for the call of that name.
[[nodiscard]] bool has_begun(const Inputs& inputs, const std::string& call);

// What it was called back from has been replaced by a newer choice.
[[nodiscard]] bool has_released_since(const GroupMember& member, const api::Rollback& call);

// That, or the Deployment was made anew.
[[nodiscard]] bool has_moved_on(const GroupMember& member, const api::Rollback& call);

// Nothing more will come of it: besides that, a person may have said no to it, or nothing guards
// it.
[[nodiscard]] bool is_called_no_more(const GroupMember& member, const api::Rollback& call);

// Its place in the order is over: rolled out again, or nothing more will come of it.
[[nodiscard]] bool has_gone_back(const GroupMember& member, const std::string& call);

// One that would be called now and is not: it was released in the window of the call, after that
// was recorded. Null: none.
[[nodiscard]] const GroupMember* newcomer(const Inputs& inputs, const api::Rollback& call,
                                          const std::optional<Time>& released);

// Another one would go back with this Deployment, and is held until all of its group can.
[[nodiscard]] bool is_waited_for(const Inputs& inputs, const api::GuardStatus& guard);

// Who has not been looked at since the controller started. Null: nobody.
[[nodiscard]] const GroupMember* unseen_member(const Inputs& inputs);

// Of whom nobody knows what was released of it, nor what it could go back to: nothing governs it.
// Null: none.
[[nodiscard]] const GroupMember* ungoverned_member(const Inputs& inputs);

}  // namespace lastgood::guard
