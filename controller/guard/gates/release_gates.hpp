// The rules on whether a rollback may begin, or a recorded one may go on: private to decide/, put
// in order in hold.cpp.
#pragma once

#include <optional>

#include "guard/gates/gate.hpp"

namespace lastgood::guard::gates {

using MaybeHold = std::optional<Hold>;

[[nodiscard]] MaybeHold declined(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold one_per_release(const Inputs& inputs, const api::GuardStatus& guard,
                                        Time now);
[[nodiscard]] MaybeHold no_target(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold no_rollback_past(const Inputs& inputs, const api::GuardStatus& guard,
                                         Time now);
[[nodiscard]] MaybeHold unconfirmed(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold already_failing(const Inputs& inputs, const api::GuardStatus& guard,
                                        Time now);
[[nodiscard]] MaybeHold shared_cause(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold breaker_open(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold limit_reached(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
[[nodiscard]] MaybeHold cooldown(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold preflight(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold observing(const Inputs& inputs, const api::GuardStatus& guard, Time now);
// How a person approved of the Rollback, in a sentence that begins with these words; empty: nobody
// has yet, or it needs none.
[[nodiscard]] std::string approval_of(const Inputs& inputs);
// Its timeline has that sentence.
// Of a call that is under way: a person approved of it, and so of its group.
[[nodiscard]] bool was_approved(const api::Rollback& call);
// What is said of one that waits for a person to approve.
[[nodiscard]] Hold waits_for_approval(const api::Rollback& rollback);
[[nodiscard]] MaybeHold awaiting_approval(const Inputs& inputs, const api::GuardStatus& guard,
                                          Time now);
[[nodiscard]] MaybeHold group_blocked(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
// The same of a call that is recorded: what those of it have come to since.
[[nodiscard]] MaybeHold group_still_able(const Inputs& inputs, const api::GuardStatus& guard,
                                         Time now);
// A Rollback that was called, before anybody of its group was touched: the call is held itself, or
// is about to be made anew.
[[nodiscard]] MaybeHold caller_held(const Inputs& inputs, const api::GuardStatus& guard, Time now);
// A Rollback of a group, of which not every Deployment was looked at since the controller started.
[[nodiscard]] MaybeHold group_unseen(const Inputs& inputs, const api::GuardStatus& guard, Time now);
[[nodiscard]] MaybeHold group_order(const Inputs& inputs, const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard::gates
