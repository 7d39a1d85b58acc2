// Recognizes the present template: the current revision, a new release, or the revision that a
// rollback has just restored. Private to guard/.
//
// A revision is identified by its pod-template-hash. The digest of the template only shows when the
// ReplicaSets must be listed again.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// False while the revision of the present template is not known, so that it cannot be evaluated:
// its ReplicaSet does not exist or was not read yet, or the status of the Deployment is of an
// earlier generation.
[[nodiscard]] bool recognize_template(Step& step);

}  // namespace lastgood::guard
