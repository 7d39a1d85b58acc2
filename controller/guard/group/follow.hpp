// A member of a group follows the initiator's rollback. group.hpp explains the words. Private to
// guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Records the Rollback of this member, or enters Held. True if this step is used up by that.
bool follow_group(Step& step);

// Why this Deployment could not be rolled back with its group now; empty if it could.
[[nodiscard]] std::string why_not_with_group(Step& step);

}  // namespace lastgood::guard
