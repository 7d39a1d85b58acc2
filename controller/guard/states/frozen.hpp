// Frozen: a user has to act. How a freeze begins and ends. Private to guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Enters Frozen and emits an Event. Precondition: the state is not Frozen. The text ends with
// `advice`, which says what the user can do: a sentence without its full stop. The Event has the
// reason of the freeze, unless `event` names another reason.
void freeze(Step& step, Reason reason, const std::string& message, const std::string& advice,
            Reason event = Reason::None);

// Ends the freeze if a user has resumed the Deployment. True if the freeze has ended: the present
// template is evaluated again.
bool end_freeze(Step& step);

}  // namespace lastgood::guard
