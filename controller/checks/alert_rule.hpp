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
  Duration hold{0};  // `for`
  Placement placement = {};
  bool operator==(const AlertRule&) const = default;
};

// The rules of a PrometheusRule, or the error of its GET or of codec::parse_prometheus_rule().
using RulesOfObject = Result<std::vector<codec::PrometheusRuleEntry>>;

// The PrometheusRule of the check. `policy_namespace`: the default.
[[nodiscard]] Key rule_key(const api::PrometheusRuleCheck& check,
                           const std::string& policy_namespace);

// `placement`: of the check. If the object has several rules of this name, matchLabels must select
// one. Errors:
//   RuleNotFound     there is no such object
//   RuleKindMissing  the cluster has no kind PrometheusRule
//   RuleUnreadable   any other failure of the GET, or the object cannot be read
//   AlertNotFound    it has no alert of this name, or none that matchLabels selects
//   RecordingRule    the name is that of a recording rule
//   InvalidCheck     several different rules remain, or the rule has a problem
[[nodiscard]] std::expected<AlertRule, MissingValue> read_alert_rule(
    const api::PrometheusRuleCheck& check, const Key& key, const RulesOfObject& object,
    const Placement& placement);

// The expression as it is sent. It may end in a comment.
[[nodiscard]] codec::BoundQuery query_of(const AlertRule& rule);

// A digest of the expression, of `for` and of the labels that place a series.
[[nodiscard]] std::string question_of(const AlertRule& rule);

}  // namespace lastgood::checks
