// The words of GET /api/v1/rules of Prometheus, which the ruler of Thanos and vmalert use too:
// https://prometheus.io/docs/prometheus/latest/querying/api/#rules
// Source: rules/rule.go, rules/alerting.go and web/api/v1/api.go of Prometheus 3.16.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lastgood::codec {

enum class RuleHealth : std::uint8_t {
  Unknown,  // "unknown": the rule was not evaluated yet; and every other word
  Error,    // "err": its last evaluation failed
  Ok,       // "ok"
};
[[nodiscard]] RuleHealth parse_rule_health(std::string_view text);

enum class RuleType : std::uint8_t { Alerting, Recording };
// Nothing for another word.
[[nodiscard]] std::optional<RuleType> parse_rule_type(std::string_view text);

enum class AlertState : std::uint8_t { Inactive, Pending, Firing };
// Nothing for another word. Words have a case: "Firing" is none.
[[nodiscard]] std::optional<AlertState> parse_alert_state(std::string_view text);

}  // namespace lastgood::codec
