// No policy applies to the Deployment any more. Private to guard/.
//
// If the same write changed the template, the user may not have meant to opt out: `kubectl replace`
// with a manifest that lacks the annotation has this effect, and so has `kubectl rollout undo`. In
// this case:
//   - a Warning and a metric report it, and
//   - status.templateDigest keeps the digest of the new template while no revision is current. So
//     after the next opt-in, the new template is evaluated and not presumed good.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// Ends the evaluation and an open Rollback. The list of revisions stays. After a new opt-in the
// Deployment is treated as if it were seen for the first time.
void opt_out(Step& step);

// The present template came with the write that ended the opt-in, and nothing was applied since.
[[nodiscard]] bool came_with_lost_opt_in(const Step& step);

}  // namespace lastgood::guard
