// A member of a group follows the initiator's rollback. group.hpp explains the terms. Private to
// guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Records the Rollback of this member, or enters Held. False if neither happened, so that the step
// goes on.
bool follow_group(Step& step);

// Why this Deployment cannot be rolled back with its group now. Empty if it can.
[[nodiscard]] std::string why_not_with_group(Step& step);

}  // namespace lastgood::guard
