#include "checks/alert_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/digest.hpp"
#include "base/text.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;
using codec::PrometheusRuleEntry;
using Read = std::expected<AlertRule, MissingValue>;

std::string name_of(const Key& key) { return "the PrometheusRule " + key.str(); }

Read unreadable(const Key& key, const Error& error) {
  if (error.kind == ErrorKind::NotFound && !error.has_details) {
    return missing(Reason::RuleKindMissing,
                   "the cluster has no kind PrometheusRule (monitoring.coreos.com/v1); install the "
                   "CRDs of the Prometheus Operator, or use a check of kind prometheus");
  }
  if (error.kind == ErrorKind::NotFound) {
    return missing(
        Reason::RuleNotFound,
        name_of(key) + " does not exist; correct the name or the namespace in the check");
  }
  const bool is_forbidden =
      error.kind == ErrorKind::Forbidden || error.kind == ErrorKind::Unauthorized;
  return missing(Reason::RuleUnreadable,
                 fmt::format("{} cannot be read: {}{}", name_of(key), clip(error.message, 200),
                             is_forbidden ? "; check that prometheusRules.enabled of the chart is "
                                            "true, and that watch.namespaces contains this "
                                            "namespace"
                                          : ""));
}

template <class Wanted>
std::vector<const PrometheusRuleEntry*> entries_where(
    const std::vector<PrometheusRuleEntry>& entries, Wanted is_wanted) {
  std::vector<const PrometheusRuleEntry*> found;
  for (const PrometheusRuleEntry& entry : entries) {
    if (is_wanted(entry)) found.push_back(&entry);
  }
  return found;
}

Read not_found(const std::string& alert, const Key& key,
               const std::vector<PrometheusRuleEntry>& entries) {
  if (std::ranges::find(entries, alert, &PrometheusRuleEntry::record) != entries.end()) {
    return missing(Reason::RecordingRule,
                   fmt::format("{} in {} is a recording rule, which has no alert; name an alerting "
                               "rule, or use a check of kind prometheus",
                               in_quotes(alert), name_of(key)));
  }
  std::vector<std::string_view> names;
  for (const PrometheusRuleEntry& entry : entries) {
    if (!entry.alert.empty()) names.push_back(entry.alert);
  }
  const auto near = nearest(alert, names);
  return missing(
      Reason::AlertNotFound,
      fmt::format("{} has no alert {}; {}", name_of(key), in_quotes(alert),
                  near ? fmt::format("its most similar alert is {}", in_quotes(near->name))
                       : std::string("it has no alerts")));
}

std::string groups_of(const std::vector<const PrometheusRuleEntry*>& entries) {
  std::string text;
  for (const PrometheusRuleEntry* entry : entries) {
    if (text.size() < 100) text += (text.empty() ? "" : ", ") + in_quotes(entry->group);
  }
  return text;
}

}  // namespace

Key rule_key(const api::PrometheusRuleCheck& check, const std::string& policy_namespace) {
  return {.namespace_ = check.rule_namespace.empty() ? policy_namespace : check.rule_namespace,
          .name = check.rule};
}

Read read_alert_rule(const api::PrometheusRuleCheck& check, const Key& key,
                     const RulesOfObject& object, const Placement& placement) {
  if (!object) return unreadable(key, object.error());
  const auto named = entries_where(
      *object, [&](const PrometheusRuleEntry& entry) { return entry.alert == check.alert; });
  if (named.empty()) return not_found(check.alert, key, *object);
  std::vector<AlertRule> rules;
  std::set<std::string> questions;
  for (const PrometheusRuleEntry* entry : named) {
    const auto placed = placement_for_rule(placement, entry->labels);
    if (!placed) continue;
    const auto templated = templated_label(entry->labels, placement);
    if (!entry->problem.empty() || templated) {
      return missing(Reason::InvalidCheck,
                     fmt::format("the alert {} of {} cannot be evaluated: {}",
                                 in_quotes(check.alert), name_of(key),
                                 templated ? fmt::format("its label {} is a template, and "
                                                         "matchLabels needs its value",
                                                         in_quotes(*templated))
                                           : entry->problem));
    }
    rules.push_back({.expression = entry->expression, .hold = entry->hold, .placement = *placed});
    questions.insert(question_of(rules.back()));
  }
  if (rules.empty()) {
    return missing(Reason::AlertNotFound,
                   fmt::format("no alert {} of {} has the labels {}; correct matchLabels",
                               in_quotes(check.alert), name_of(key), text_of(placement)));
  }
  if (questions.size() > 1) {
    return missing(
        Reason::InvalidCheck,
        fmt::format("{} has {} different alerts {}, in the groups {}; select one with "
                    "a label of the rule in matchLabels, such as severity",
                    name_of(key), questions.size(), in_quotes(check.alert), groups_of(named)));
  }
  return std::move(rules.front());
}

codec::BoundQuery query_of(const AlertRule& rule) {
  return codec::BoundQuery("(\n" + rule.expression + "\n)");
}

std::string question_of(const AlertRule& rule) {
  std::string text =
      fmt::format("{}\n{}\n{}\n", rule.expression.size(), rule.expression, rule.hold.count());
  for (const auto& [name, value] : rule.placement.match_labels)
    text += fmt::format("{}\n{}\n{}\n{}\n", name.size(), name, value.size(), value);
  return digest_of(text);
}

}  // namespace lastgood::checks
