// Members of the group "shop", as "web" sees them.
#pragma once

#include <string>
#include <vector>

#include "unit/guard/harness.hpp"

namespace lastgood::guard::test {

// "web" runs v2, which bakes. The group "shop" has no other members yet.
[[nodiscard]] DeploymentHarness baking_in_group(api::Mode mode = api::Mode::Enforce);

// A member whose release came at noon + 5s and is evaluated. `order`: its group order.
[[nodiscard]] GroupMember member(const std::string& name, int order = 0);
// The same, but the release came at the present time of `harness`.
[[nodiscard]] GroupMember member_released_with(const DeploymentHarness& harness,
                                               const std::string& name);
// A member whose Rollback initiates a group rollback of `members`. Its breach was detected at
// noon + 29s.
[[nodiscard]] GroupMember initiator(const std::string& name, std::vector<std::string> members);
// The same, but the breach is detected one second after the present time of `harness`.
[[nodiscard]] GroupMember initiator_now(const DeploymentHarness& harness, const std::string& name,
                                        std::vector<std::string> members);

// The Rollback of a member that follows the initiator's Rollback `caused_by`. `restored`: when the
// template of the member was restored.
[[nodiscard]] api::Rollback member_rollback(const std::string& caused_by, RollbackPhase phase,
                                            std::optional<Time> restored = {});

}  // namespace lastgood::guard::test
