// The state machine of a release: one step from inputs to a plan.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// Pure: the same inputs and time give the same plan. The plan has at most one action.
[[nodiscard]] Plan decide(const Inputs& inputs, Time now);

}  // namespace lastgood::guard
