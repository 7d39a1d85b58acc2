// Reads the checks of a RollbackPolicy that measure metrics or alerts. Private to codec/.
#pragma once

#include "api/policy.hpp"
#include "codec/reader.hpp"

namespace lastgood::codec {

// `reader`: the object in the field of the kind, for example in `prometheus`. `interval`: that of
// the check. A timeout that the object does not set is at most this long.
[[nodiscard]] api::PrometheusCheck read_prometheus(const Reader& reader, Duration interval);
[[nodiscard]] api::PrometheusRuleCheck read_prometheus_rule(const Reader& reader,
                                                            Duration interval);
[[nodiscard]] api::AlertCheck read_alert(const Reader& reader, Duration interval);
[[nodiscard]] api::PodMetricsCheck read_pod_metrics(const Reader& reader, Duration interval);
[[nodiscard]] api::ExternalMetricCheck read_external_metric(const Reader& reader,
                                                            Duration interval);

}  // namespace lastgood::codec
