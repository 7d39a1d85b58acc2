// Failures of the rollout check whose cause is the cluster: a rollback would not help. Private to
// guard/.
#pragma once

#include "api/reasons.hpp"

namespace lastgood::guard {

[[nodiscard]] bool is_cluster_fault(api::Reason reason);

}  // namespace lastgood::guard
