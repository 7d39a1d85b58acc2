// A Rollback that a user created. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Rejects the request in `step.inputs`, accepts it (fills in its spec), runs it as a drill, or
// waits for its preflight. Does nothing without a request.
void handle_request(Step& step);

}  // namespace lastgood::guard
