// Which freezes end by themselves. Private to guard/.
#pragma once

#include "api/guard.hpp"

namespace lastgood::guard {

// The restored revision failed in the same way as the release, so the freeze ends when the check
// passes again. Until then the running revision is measured.
[[nodiscard]] bool ends_with_outage(const api::GuardStatus& guard);

}  // namespace lastgood::guard
