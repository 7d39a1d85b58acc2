// Evaluating, and Held while no Rollback is recorded. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Evaluates a release until it is good, inconclusive or superseded, or until its rollback starts.
void step_evaluating(Step& step);

}  // namespace lastgood::guard
