// PrometheusRule, monitoring.coreos.com/v1, with the fields that a check reads:
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_rules = 4096;                              // of one object
inline constexpr std::size_t max_rule_labels = 64;                          // of one rule
inline constexpr std::size_t max_expression_size = std::size_t{32} * 1024;  // bytes

// An alerting rule has `alert`, a recording rule has `record`.
struct PrometheusRuleEntry {
  std::string group;
  std::string alert;
  std::string record;
  std::string expression;
  Duration hold{0};  // `for`: how long the expression must be true before the alert fires
  api::StringMap labels = {};
  std::string problem;  // why this rule cannot be used; empty: it can be used
  bool operator==(const PrometheusRuleEntry&) const = default;
};

// All rules of the object, in its order. A rule that cannot be used is not an error: the entry has
// a `problem`. Errors:
// - Protocol, if the object has no spec, or if the groups or the rules of a group are not a list
// - TooLarge, if the object has more than max_rules
[[nodiscard]] Result<std::vector<PrometheusRuleEntry>> parse_prometheus_rule(const Json& object);

// A duration as Prometheus reads it: units y, w, d, h, m, s and ms in this order, each at most
// once, or "0". A day has 24 hours, a year 365 days. Errors, all BadInput: another format, or a
// duration of more than 10 years.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<duration>)
[[nodiscard]] Result<Duration> parse_prometheus_duration(std::string_view text);

}  // namespace lastgood::codec
