// The rollback that the last preflight was for, and whether that preflight is recent.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// The preflight is about this generation and target.
[[nodiscard]] bool is_about(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target);

// That, and it is recent enough to start a rollback.
[[nodiscard]] bool is_fresh(const std::optional<api::Preflight>& preflight,
                            const api::Deployment& deployment, const api::Revision& target,
                            Time now);

}  // namespace lastgood::guard
