// A Rollback that is recorded while the Deployment is not changed yet. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Executes, holds or cancels the Rollback. A rejected patch, a pause or a restart may have come in
// between and the release may have recovered, so its check has to fail again first.
void resume_pending(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
