#include "checks/alerts_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "codec/json_at.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;
using codec::Json;

constexpr std::size_t max_error_size = 200;  // bytes
constexpr std::size_t max_value_size = 64;   // bytes

api::StringMap labels_at(const Json& object) {
  api::StringMap labels;
  for (const auto& [name, value] : codec::object_at(object, {"labels"}).items()) {
    if (value.is_string()) labels.emplace(name, value.get<std::string>());
  }
  return labels;
}

// Nothing for a time before 1970: a rule that was never evaluated has 0001-01-01T00:00:00Z.
std::optional<Time> time_at(const Json& object, std::string_view key) {
  const auto time = parse_rfc3339(codec::text_at(object, {key}));
  if (!time || *time < Time{}) return {};
  return time;
}

// Seconds, which may have a fraction.
Duration interval_at(const Json& group) {
  constexpr double max_seconds = 365.0 * 24 * 3600;
  const Json* const found = codec::find(group, {"interval"});
  if (found == nullptr || !found->is_number()) return {};
  const auto seconds = std::clamp(found->get<double>(), 0.0, max_seconds);
  return Duration(std::llround(seconds * 1000));
}

ServerAlert alert_of(const Json& alert) {
  return {.labels = labels_at(alert),
          .is_firing = codec::parse_alert_state(codec::text_at(alert, {"state"})) ==
                       codec::AlertState::Firing,
          .active_at = time_at(alert, "activeAt"),
          .value = clip(codec::text_at(alert, {"value"}), max_value_size)};
}

bool is_rule_of(const Json& rule, const std::string& alert) {
  return codec::parse_rule_type(codec::text_at(rule, {"type"})) == codec::RuleType::Alerting &&
         codec::text_at(rule, {"name"}) == alert;
}

}  // namespace

RulesAnswer parse_rules(const api::HttpResponse& response, const std::string& alert) {
  const auto body = parse_api_response(response, max_rules_answer_size);
  if (!body) return std::unexpected(body.error());
  const Json* const groups = codec::find(*body, {"data", "groups"});
  if (groups == nullptr || !(groups->is_array() || groups->is_null()))
    return std::unexpected(not_a_result("it has no groups of rules"));
  if (auto warning = warning_in(*body)) return std::unexpected(*std::move(warning));
  std::vector<ServerRule> rules;
  for (const Json& group : *groups) {
    for (const Json& rule : codec::array_at(group, {"rules"})) {
      if (!is_rule_of(rule, alert)) continue;
      const Json& alerts = codec::array_at(rule, {"alerts"});
      if (alerts.size() > max_alerts) {
        return std::unexpected(missing_value(
            Reason::ResponseTooLarge, fmt::format("the rule has {} alerts, and at most {} are read",
                                                  alerts.size(), max_alerts)));
      }
      ServerRule found{.group = clip(codec::text_at(group, {"name"}), max_value_size),
                       .expression = codec::text_at(rule, {"query"}),
                       .labels = labels_at(rule),
                       .health = codec::parse_rule_health(codec::text_at(rule, {"health"})),
                       .last_error = clip(codec::text_at(rule, {"lastError"}), max_error_size),
                       .last_evaluation = time_at(rule, "lastEvaluation"),
                       .interval = interval_at(group)};
      for (const Json& one : alerts) {
        if (codec::text_at(one, {"state"}) != "inactive") found.alerts.push_back(alert_of(one));
      }
      rules.push_back(std::move(found));
    }
  }
  return rules;
}

}  // namespace lastgood::checks
