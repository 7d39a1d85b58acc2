// Recognizes the present template: the known revision, a new release, or the revision that this
// program has just restored. Private to guard/.
//
// A revision is identified by its pod-template-hash. The digest of the template tells only when the
// ReplicaSets have to be listed again.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

// False while the present template has no known revision, so that nothing can be evaluated: its
// ReplicaSet does not exist or was not read yet, or the status of the Deployment is older.
[[nodiscard]] bool recognise_template(Step& step);

}  // namespace lastgood::guard
