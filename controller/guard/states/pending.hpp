// A recorded Rollback that has not changed the Deployment yet. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Executes, holds or cancels the Rollback. The release may have recovered since the Rollback was
// recorded, so its check must fail again before the Rollback is executed.
void resume_pending(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
