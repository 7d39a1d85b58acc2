// The check `prometheusRule` reads the rule of an alert from a PrometheusRule.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "checks/placement.hpp"
#include "checks/prometheus_answer.hpp"
#include "codec/prometheus_rule.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

struct AlertRule {
  std::string expression;
  Duration hold{0};  // the `for` of the rule: how long the expression must be true
  Placement placement = {};
  bool operator==(const AlertRule&) const = default;
};

// The rules of a PrometheusRule, or the error of its GET or of codec::parse_prometheus_rule().
using RulesOfObject = Result<std::vector<codec::PrometheusRuleEntry>>;

// The key of the PrometheusRule that the check names. `policy_namespace` is used if the check names
// no namespace.
[[nodiscard]] Key rule_key(const api::PrometheusRuleCheck& check,
                           const std::string& policy_namespace);

// Reads the rule of the check's alert from the object. `placement`: of the check. If the object has
// several rules for the alert, matchLabels must select one. Errors:
//   RuleNotFound     there is no such object
//   RuleKindMissing  the cluster has no kind PrometheusRule
//   RuleUnreadable   any other failure of the GET, or the object is not valid
//   AlertNotFound    the object has no such alert, or none that matchLabels selects
//   RecordingRule    the name is that of a recording rule
//   InvalidCheck     matchLabels selects several different rules, or a rule that is not valid
[[nodiscard]] std::expected<AlertRule, MissingValue> read_alert_rule(
    const api::PrometheusRuleCheck& check, const Key& key, const RulesOfObject& object,
    const Placement& placement);

// The expression in parentheses, as it is sent. The closing parenthesis is on its own line, because
// the expression may end in a comment.
[[nodiscard]] codec::BoundQuery query_of(const AlertRule& rule);

// A digest of the expression, of `for` and of the labels that place a series. Results with
// different digests are about different questions: the rule has changed.
[[nodiscard]] std::string question_of(const AlertRule& rule);

}  // namespace lastgood::checks
