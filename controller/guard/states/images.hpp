// Remembers which images ran in the pods of a revision. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Adds the images in the measurements to the current revision and to the baseline. The id that was
// seen first stays.
void remember_images(Step& step);

}  // namespace lastgood::guard
