// Members of the group "shop", as "web" sees them.
#pragma once

#include <string>
#include <vector>

#include "unit/guard/harness.hpp"

namespace lastgood::guard::test {

// "web" with v2 that bakes, in the group "shop" without other members yet.
[[nodiscard]] DeploymentHarness baking_in_group(api::Mode mode = api::Mode::Enforce);

// A member whose release came at noon + 5s and is evaluated.
[[nodiscard]] GroupMember member(const std::string& name, int order = 0);
// A member whose release came at the present time of `harness`.
[[nodiscard]] GroupMember member_released_with(const DeploymentHarness& harness,
                                               const std::string& name);
// A member whose Rollback initiates a group rollback of `members`, detected at noon + 29s.
[[nodiscard]] GroupMember initiator(const std::string& name, std::vector<std::string> members);
// The same with a breach one second from now.
[[nodiscard]] GroupMember initiator_now(const DeploymentHarness& harness, const std::string& name,
                                        std::vector<std::string> members);

// A Rollback of a member that follows the group rollback `caused_by`.
[[nodiscard]] api::Rollback member_rollback(const std::string& caused_by, RollbackPhase phase,
                                            std::optional<Time> restored = {});

}  // namespace lastgood::guard::test
