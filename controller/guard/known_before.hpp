// The external metrics that are known from the beginning of a release. Such a metric cannot be
// queried for an earlier time, so its failure counts only if it is known how the metric was when
// the release began (checks/external_metric.hpp).
#pragma once

#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

// The policy has a check `externalMetric` of this name.
[[nodiscard]] bool is_external_metric(const api::PolicySpec& spec, const std::string& check);

// The names of the checks `externalMetric` for which it is known:
//
//   the check                                                       known
//   in the states Idle, Verifying and Frozen: no release            yes
//   passed before a pod of the release had started                  yes
//   failed twice before that, or for the replaced revision          yes: a rollback is held
//   has passed since the release began, however long ago            yes
//   has a failure that counted: it was known then                   yes
//   otherwise                                                       no
[[nodiscard]] std::vector<std::string> known_before(const api::GuardStatus& guard,
                                                    const api::PolicySpec& spec);

}  // namespace lastgood::guard
