// Verifying: the restored revision has to pass the same checks. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

void step_verifying(Step& step);

}  // namespace lastgood::guard
