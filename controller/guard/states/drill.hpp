// When a drill of the policy is due. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Plans the drill if one is due now.
void plan_drill(Step& step);

}  // namespace lastgood::guard
