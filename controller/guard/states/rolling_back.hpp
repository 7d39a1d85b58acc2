// RollingBack: from the creation of the Rollback until the restored revision has rolled out.
// Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

void step_rolling_back(Step& step);

}  // namespace lastgood::guard
