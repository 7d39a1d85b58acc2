// The end of a rollback. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Enters the state that follows a finished Rollback. This or another replica may have finished it.
// Does nothing if the Rollback is not finished.
void enter_outcome(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
