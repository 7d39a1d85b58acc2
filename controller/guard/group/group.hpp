// Deployments that must change together: who goes back with whom, in what order, and whether all of
// them can.
#pragma once

#include <optional>
#include <string>

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The call for the group of the Deployment whose release is to be put back: itself and every other
// that was released in the same window. Nothing when it would go back alone.
[[nodiscard]] std::optional<api::GroupRollback> call_group(const Inputs& inputs,
                                                           const api::GuardStatus& guard);

// Approve where the policy of any who would go back asks for it: a person is asked before the first
// of them is touched.
[[nodiscard]] api::Mode mode_of_call(const Inputs& inputs, const api::GuardStatus& guard);

// The Rollback of another member that calls this Deployment back now; null when none does, or when
// it was followed already.
[[nodiscard]] const api::Rollback* called_back_by(const Inputs& inputs,
                                                  const api::GuardStatus& guard);

// The same, unless a person has said no to it or the release was rolled back already: then there is
// nothing to follow.
[[nodiscard]] const api::Rollback* call_to_follow(const Inputs& inputs,
                                                  const api::GuardStatus& guard, Time now);

// Why the Rollback of a member that was called is not to be done any more: the call has ended
// before who called was touched, or is gone, or the member has left the group. Empty: it is.
[[nodiscard]] std::string why_called_off(const Inputs& inputs, const api::Rollback& rollback);

// Another member has been put back already for the same call.
[[nodiscard]] bool has_group_begun(const Inputs& inputs, const api::Rollback& rollback);

}  // namespace lastgood::guard
