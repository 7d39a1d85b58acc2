// The states in which a release is evaluated.
#pragma once

#include "api/guard.hpp"

namespace lastgood::guard {

// True in Evaluating, Held and RollingBack. RollingBack is one of them because the release must
// still fail until its template is replaced.
[[nodiscard]] bool is_release_evaluated(api::State state);

}  // namespace lastgood::guard
