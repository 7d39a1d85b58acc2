// Reads the alerting rules and their alerts from a server: GET /api/v1/rules of Prometheus. The
// ruler of Thanos and vmalert have this API too:
// https://prometheus.io/docs/prometheus/latest/querying/api/#rules
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "api/meta.hpp"
#include "base/time.hpp"
#include "checks/prometheus_answer.hpp"
#include "codec/rules_api.hpp"

namespace lastgood::checks {

inline constexpr std::size_t max_rules_answer_size = std::size_t{4} * 1024 * 1024;  // bytes
inline constexpr std::size_t max_alerts = 10'000;                                   // of one rule

struct ServerAlert {
  api::StringMap labels = {};
  bool is_firing = false;              // else pending
  std::optional<Time> active_at = {};  // since when the expression is true
  std::string value;                   // as the server writes it: "1.99e-01"
  bool operator==(const ServerAlert&) const = default;
};

struct ServerRule {
  std::string group;
  std::string expression;
  api::StringMap labels = {};
  std::vector<ServerAlert> alerts = {};  // pending or firing
  codec::RuleHealth health = codec::RuleHealth::Unknown;
  std::string last_error;                    // at most 200 bytes
  std::optional<Time> last_evaluation = {};  // absent: never
  Duration interval{0};                      // of the group
  bool operator==(const ServerRule&) const = default;
};

using RulesAnswer = std::expected<std::vector<ServerRule>, MissingValue>;

// The alerting rules with this name. The response may have others too, because a server may ignore
// the parameter rule_name[] of the request.
[[nodiscard]] RulesAnswer parse_rules(const api::HttpResponse& response, const std::string& alert);

}  // namespace lastgood::checks
