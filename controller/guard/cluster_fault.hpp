// Failures of the rollout check whose cause is certain: the cluster, or the template of the
// release. Private to guard/.
#pragma once

#include "api/reasons.hpp"

namespace lastgood::guard {

// A rollback would not help.
[[nodiscard]] bool is_cluster_fault(api::Reason reason);

// Only the template of a release can be the cause, so no outage explains the failure.
[[nodiscard]] bool is_fault_of_template(api::Reason reason);

}  // namespace lastgood::guard
