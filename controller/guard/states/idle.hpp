// Idle: no release is evaluated. Private to guard/.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Plans the snapshot of the current revision, a drill, or nothing.
void step_idle(Step& step);

// The consequence of the verdict Inconclusive, and how the evaluation is repeated: "It keeps
// running, ...".
[[nodiscard]] std::string inconclusive_text(const api::Deployment& deployment);

// Plans a snapshot of the current revision if it is proven and has no snapshot.
void snapshot_current(Step& step);

}  // namespace lastgood::guard
