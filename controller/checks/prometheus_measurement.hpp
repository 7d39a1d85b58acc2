// Turns the answers of a prometheus check into one measurement.
#pragma once

#include <optional>
#include <string>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "base/time.hpp"
#include "checks/prometheus_answer.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

// Fail if the value meets `fail_if`, otherwise Pass. With `compare`, NoBaselineValue instead of
// Fail: see baseline_comparison.hpp. Unknown in these cases, the first one decides:
//   1. there is no value, and the cause is not the data: the server, the request or the query
//   2. the check has a minimum traffic, and the traffic has no value: the reason of the traffic
//   3. the traffic is below the minimum: LowTraffic
//   4. the data have no value: NoData, NotANumber, InfiniteValue
// The values are compared exactly; only the message rounds them.
//
// `query`: as it was sent; the message of a Fail or Unknown has its beginning. `traffic`: the
// answer to `minimum_traffic.query`; without a minimum traffic it is ignored.
[[nodiscard]] api::Measurement measure_prometheus(const std::string& check,
                                                  const api::PrometheusCheck& prometheus,
                                                  const codec::BoundQuery& query,
                                                  const PrometheusAnswer& value,
                                                  const std::optional<PrometheusAnswer>& traffic,
                                                  Time now);

// True if the value meets the condition.
[[nodiscard]] bool meets(double value, const api::Comparison& condition);

}  // namespace lastgood::checks
