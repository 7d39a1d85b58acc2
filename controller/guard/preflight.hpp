// Whether the last preflight is about a rollback, and whether it is recent. A preflight finds out
// whether the rollback would work: rollback/preflight.hpp.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The preflight is about this generation of the Deployment and this target.
[[nodiscard]] bool is_about(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target);

// The preflight has read a newer generation of the Deployment than the watch has delivered.
[[nodiscard]] bool is_watch_behind(const std::optional<api::Preflight>& preflight,
                                   const api::Deployment& deployment);

// The preflight is about this generation and target, and at most 45 s old. So its result decides
// whether a rollback may start.
[[nodiscard]] bool is_fresh(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target,
                            Time now);

}  // namespace lastgood::guard
