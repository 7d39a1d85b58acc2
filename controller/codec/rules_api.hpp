// The words of GET /api/v1/rules of Prometheus, which the ruler of Thanos and vmalert use too:
// https://prometheus.io/docs/prometheus/latest/querying/api/#rules
// Source: rules/rule.go, rules/alerting.go and web/api/v1/api.go of Prometheus 3.16.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lastgood::codec {

enum class RuleHealth : std::uint8_t {
  Unknown,  // "unknown": the rule was not evaluated yet. Also for any other word
  Error,    // "err": its last evaluation failed
  Ok,       // "ok"
};
[[nodiscard]] RuleHealth parse_rule_health(std::string_view text);

enum class RuleType : std::uint8_t { Alerting, Recording };
// Nothing for another word.
[[nodiscard]] std::optional<RuleType> parse_rule_type(std::string_view text);

enum class AlertState : std::uint8_t { Inactive, Pending, Firing };
// Nothing for another word. The words are in lower case: "Firing" is another word.
[[nodiscard]] std::optional<AlertState> parse_alert_state(std::string_view text);

}  // namespace lastgood::codec
