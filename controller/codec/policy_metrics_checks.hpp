// Reads the checks of a RollbackPolicy that measure metrics or alerts. Private to codec/.
#pragma once

#include "api/policy.hpp"
#include "codec/reader.hpp"

namespace lastgood::codec {

// `interval`: of the check; no default timeout is longer. `reader`: the object that the field has.
[[nodiscard]] api::PrometheusCheck read_prometheus(const Reader& reader, Duration interval);
[[nodiscard]] api::PrometheusRuleCheck read_prometheus_rule(const Reader& reader,
                                                            Duration interval);
[[nodiscard]] api::AlertCheck read_alert(const Reader& reader, Duration interval);
[[nodiscard]] api::PodMetricsCheck read_pod_metrics(const Reader& reader, Duration interval);
[[nodiscard]] api::ExternalMetricCheck read_external_metric(const Reader& reader,
                                                            Duration interval);

}  // namespace lastgood::codec
