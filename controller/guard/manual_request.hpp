// Manual rollbacks: which revision a user requests, and the answer for a Deployment without a
// guard.
#pragma once

#include <optional>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The listed revision with the number in spec.toRevision of the request. Null if the request has no
// number, or no listed revision has this number.
// Precondition: `inputs.request` has a value.
[[nodiscard]] const api::Revision* requested_revision(const Inputs& inputs,
                                                      const api::GuardStatus& guard);

// Target of an automatic rollback: the pending Rollback's target, else the last good revision.
[[nodiscard]] std::optional<api::Revision> pending_or_last_good_target(
    const Inputs& inputs, const api::GuardStatus& guard);

// Target of the manual request, if there is a request and no Rollback is pending; else
// `pending_or_last_good_target`.
[[nodiscard]] std::optional<api::Revision> wanted_target(const Inputs& inputs,
                                                         const api::GuardStatus& guard);

// The status of a request whose Deployment does not exist (`exists` is false) or is not guarded.
[[nodiscard]] api::RollbackStatus reject_unguarded(const api::Rollback& request, bool exists,
                                                   Time now);

}  // namespace lastgood::guard
