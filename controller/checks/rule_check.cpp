#include "checks/rule_check.hpp"

#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "base/text.hpp"
#include "checks/alert_measurement.hpp"
#include "checks/alerts_answer.hpp"
#include "checks/message.hpp"
#include "checks/placement.hpp"
#include "checks/presence.hpp"
#include "checks/prometheus_plan.hpp"
#include "checks/received_alerts.hpp"
#include "checks/rule_answer.hpp"
#include "checks/rule_measurement.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;

const api::PrometheusRuleCheck& rule_of(const api::Check& check) {
  return std::get<api::PrometheusRuleCheck>(check.kind);
}
const api::AlertCheck& alert_of(const api::Check& check) {
  return std::get<api::AlertCheck>(check.kind);
}

api::Measurement unknown(const api::Check& check, Reason reason, const std::string& message) {
  return {.check = check.name, .reason = reason, .message = message};
}

api::Measurement without_pods(const api::Check& check) {
  return unknown(check, Reason::NoPodsToProbe, "the revision has no active pod");
}

Result<api::HttpCall> plan_call(const api::MetricsServer& server, const codec::BoundQuery& query,
                                const std::string& default_address, std::optional<Time> at) {
  auto call = plan_query(server, query, default_address, server.timeout);
  if (call && at) add_time(*call, *at);
  return call;
}

// The measurement if the series of the alert cannot be counted. `problem`: why.
api::Measurement without_presence(const api::Check& check, const AlertRule& rule,
                                  const std::string& problem) {
  auto measurement = unknown(check, Reason::NoSeries,
                             fmt::format("it is not known whether the alert {} has data: {}",
                                         rule_of(check).alert, problem));
  measurement.question = question_of(rule);
  return measurement;
}

std::optional<PrometheusAnswer> answer_of(const AlertResponse& response, Time now) {
  if (!response) return {};
  if (!*response) return std::unexpected(response->error());
  return parse_prometheus_answer(**response, now);
}

}  // namespace

bool places_by_pod(const api::CheckKind& kind) {
  return std::visit(
      Overloaded{[](const api::PrometheusRuleCheck& check) { return check.match_labels.empty(); },
                 [](const api::AlertCheck& check) { return check.match_labels.empty(); },
                 [](const auto&) { return false; }},
      kind);
}

RulePlan plan_rule(const api::Check& check, const codec::QueryVariables& variables, const Key& key,
                   const RulesOfObject& object, const std::string& default_address,
                   std::optional<Time> at, PodLabel pod_label) {
  const api::PrometheusRuleCheck& wanted = rule_of(check);
  auto rule =
      read_alert_rule(wanted, key, object, placement_of(variables, wanted.match_labels, pod_label));
  if (!rule) return {.measurement = unknown(check, rule.error().reason, rule.error().message)};
  if (has_no_pods(rule->placement)) return {.measurement = without_pods(check)};
  const auto presence = presence_query(rule->expression, rule->placement);
  if (!presence) return {.measurement = without_presence(check, *rule, presence.error().message)};
  auto value = plan_call(wanted.server, query_of(*rule), default_address, at);
  if (!value) return {.measurement = unknown(check, Reason::InvalidCheck, value.error().message)};
  auto presence_call = plan_call(wanted.server, *presence, default_address, at);
  if (!presence_call)
    return {.measurement = unknown(check, Reason::InvalidCheck, presence_call.error().message)};
  return {
      .rule = *std::move(rule), .value = *std::move(value), .presence = *std::move(presence_call)};
}

bool needs_presence(const RulePlan& plan, const api::HttpResponse& value, std::optional<Time> at,
                    Time now) {
  return needs_presence(plan.rule, parse_series(value, at.value_or(now)));
}

api::Measurement measure_rule(const api::Check& check, const RulePlan& plan,
                              const api::HttpResponse& value,
                              const std::optional<api::HttpResponse>& presence,
                              std::optional<Time> at, Time now) {
  const Time evaluated_at = at.value_or(now);
  std::optional<PrometheusAnswer> counted;
  if (presence) counted = parse_prometheus_answer(*presence, evaluated_at);
  auto measurement = measure_rule(check.name, rule_of(check).alert, plan.rule,
                                  parse_series(value, evaluated_at), counted, now);
  measurement.query = clip(on_one_line(plan.rule.expression, ' '), max_message_size);
  return measurement;
}

Result<api::HttpCall> plan_alert(const api::Check& check, const std::string& default_address) {
  const api::AlertCheck& wanted = alert_of(check);
  auto call = plan_api_call(wanted.server, default_address, wanted.server.timeout);
  if (!call) return call;
  call->method = "GET";
  call->target +=
      fmt::format("/api/v1/rules?type=alert&rule_name%5B%5D={}", percent_encoded(wanted.alert));
  call->max_body_bytes = max_rules_answer_size;
  return call;
}

std::optional<api::HttpCall> plan_alert_presence(const AlertInputs& inputs,
                                                 const AlertResponse& response,
                                                 const std::string& default_address, Time now) {
  const api::AlertCheck& wanted = alert_of(inputs.check);
  const Placement placement = placement_of(inputs.variables, wanted.match_labels, inputs.pod_label);
  if (has_no_pods(placement) || !response || !*response) return {};
  const RulesAnswer rules = parse_rules(**response, wanted.alert);
  const auto measurement =
      measure_alert(inputs.check.name, wanted.alert, placement, rules, inputs.release, now);
  if (measurement.result != api::MeasurementResult::Pass) return {};
  const auto query = alert_presence_query(*rules, placement);
  if (!query) return {};
  auto call = plan_query(wanted.server, *query, default_address, wanted.server.timeout);
  if (!call) return {};
  return *std::move(call);
}

api::Measurement measure_alert(const AlertInputs& inputs, const AlertResponse& response,
                               const AlertResponse& presence, Time now) {
  const api::AlertCheck& wanted = alert_of(inputs.check);
  const Placement placement = placement_of(inputs.variables, wanted.match_labels, inputs.pod_label);
  if (has_no_pods(placement)) return without_pods(inputs.check);
  ReceivedInputs received{.check = inputs.check.name,
                          .alert = wanted.alert,
                          .placement = placement,
                          .alerts = inputs.received,
                          .release = inputs.release};
  if (!response) return measure_received(received, now);
  if (!*response) {
    received.server = response->error();
    return measure_received(received, now);
  }
  const RulesAnswer rules = parse_rules(**response, wanted.alert);
  api::Measurement measurement =
      measure_alert(inputs.check.name, wanted.alert, placement, rules, inputs.release, now);
  if (measurement.result == api::MeasurementResult::Pass) {
    return measure_alert_data(std::move(measurement), placement,
                              alert_presence_query(*rules, placement), answer_of(presence, now));
  }
  const bool is_unknown = measurement.result == api::MeasurementResult::Unknown;
  if (!is_unknown || !counts_received(measurement.reason)) return measurement;
  received.server = MissingValue{.reason = measurement.reason, .message = measurement.message};
  return measure_received(received, now);
}

}  // namespace lastgood::checks
