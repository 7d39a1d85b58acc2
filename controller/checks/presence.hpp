// The query that shows whether an alert has data. The result of an expression is empty if the
// comparison is false, and also if there are no data: an application that is not scraped would
// pass.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "checks/placement.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

// Counts the placed series of the metrics of the expression, with any other labels: see
// codec::presence_query(). Metrics about Kubernetes objects (kube_*) and results of recording rules
// (with ":") exist without the application, so they are left out if the expression has another
// metric. Errors:
//   BadInput  the expression cannot be read, or names no metric
//   TooLarge  the query is too large
[[nodiscard]] Result<codec::BoundQuery> presence_query(std::string_view expression,
                                                       const Placement& placement);

}  // namespace lastgood::checks
