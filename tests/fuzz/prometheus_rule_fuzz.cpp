// A PrometheusRule, and the alert that a check reads.
#include "checks/alert_rule.hpp"
#include "checks/presence.hpp"
#include "codec/prometheus_rule.hpp"
#include "codec/promql_expression.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = codec::parse_json(text_of(data, size));
  if (!object) return 0;
  const checks::RulesOfObject rules = codec::parse_prometheus_rule(*object);
  if (!rules) {
    require_message(rules.error().message, 1024);
  } else {
    require(rules->size() <= codec::max_rules, "the rules have a limit");
    for (const codec::PrometheusRuleEntry& rule : *rules) {
      if (!rule.problem.empty()) {
        require_message(rule.problem, 1024);
        continue;
      }
      require(rule.alert.empty() != rule.record.empty(), "a rule alerts or records");
      require(rule.labels.size() <= codec::max_rule_labels, "the labels have a limit");
      require(rule.expression.size() <= codec::max_expression_size, "an expression has a limit");
      require(rule.hold >= Duration::zero(), "the time of a rule is not negative");
    }
  }
  const checks::Placement placement{
      .namespace_ = "shop", .deployment = "web", .pods = {"web-h-1"}, .replica_set = "web-h"};
  const auto rule =
      checks::read_alert_rule({.rule = "web", .alert = "HighErrors"},
                              {.namespace_ = "shop", .name = "web"}, rules, placement);
  if (!rule) {
    require(rule.error().reason != api::Reason::None, "a missing rule has a reason");
    require_message(rule.error().message, 400);
    return 0;
  }
  require(!rule->expression.empty(), "a rule has an expression");
  const auto expression = codec::read_expression(rule->expression);
  const auto sent = codec::read_expression(checks::query_of(*rule).value);
  require(expression.has_value() == sent.has_value() && (!sent || *sent == *expression),
          "the query of a rule is its expression");
  static_cast<void>(checks::presence_query(rule->expression, rule->placement));
  require(checks::question_of(*rule) == checks::question_of(*rule), "a question has a digest");
  return 0;
}
