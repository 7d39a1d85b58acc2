// The end of a rollback. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// The Rollback is finished, by this or by another replica: enters the state that follows. Does
// nothing for a Rollback that is not finished.
void enter_outcome(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
