#include "codec/rules_api.hpp"

#include "api/enums.hpp"

namespace lastgood::codec {
namespace {

constexpr api::Spelling<RuleHealth> healths[] = {
    {RuleHealth::Unknown, "unknown"},
    {RuleHealth::Error, "err"},
    {RuleHealth::Ok, "ok"},
};

constexpr api::Spelling<RuleType> types[] = {
    {RuleType::Alerting, "alerting"},
    {RuleType::Recording, "recording"},
};

constexpr api::Spelling<AlertState> states[] = {
    {AlertState::Inactive, "inactive"},
    {AlertState::Pending, "pending"},
    {AlertState::Firing, "firing"},
};

}  // namespace

RuleHealth parse_rule_health(std::string_view text) {
  return api::parse_spelling(healths, text).value_or(RuleHealth::Unknown);
}

std::optional<RuleType> parse_rule_type(std::string_view text) {
  return api::parse_spelling(types, text);
}

std::optional<AlertState> parse_alert_state(std::string_view text) {
  return api::parse_spelling(states, text);
}

}  // namespace lastgood::codec
