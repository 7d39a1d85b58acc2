// Frozen: a user has to act. How a freeze begins and ends. Private to guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Enters Frozen and emits an Event that says what the user can do (`advice`, a sentence without its
// full stop). The Event has the reason of the freeze, unless `event` names another one.
void freeze(Step& step, Reason reason, const std::string& message, const std::string& advice,
            Reason event = Reason::None);

// Ends a freeze that a user has resumed. True: the present template is evaluated again.
bool end_freeze(Step& step);

}  // namespace lastgood::guard
