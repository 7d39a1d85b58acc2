// The checks `prometheusRule` and `alert`: from the policy to the requests, and from the responses
// to a measurement.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>

#include "api/call.hpp"
#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "base/result.hpp"
#include "checks/alert_rule.hpp"
#include "checks/placement.hpp"
#include "checks/prometheus_answer.hpp"
#include "checks/release_start.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

// Either requests or a measurement, never both. The measurement is always Unknown.
struct RulePlan {
  std::optional<api::Measurement> measurement = {};
  AlertRule rule = {};
  api::HttpCall value = {};     // evaluates the expression
  api::HttpCall presence = {};  // see presence.hpp; sent only if needs_presence()
};

// `variables`: of the measured revision. `object`: the PrometheusRule with the key `key`, see
// rule_key(). `default_address`, `at`: see plan_prometheus(). Precondition: the check is a
// PrometheusRuleCheck.
[[nodiscard]] RulePlan plan_rule(const api::Check& check, const codec::QueryVariables& variables,
                                 const Key& key, const RulesOfObject& object,
                                 const std::string& default_address, std::optional<Time> at,
                                 PodLabel pod_label = PodLabel::Optional);

// Whether RulePlan::presence must be sent. `value`: the response to RulePlan::value.
[[nodiscard]] bool needs_presence(const RulePlan& plan, const api::HttpResponse& value,
                                  std::optional<Time> at, Time now);

// `presence`: the response to RulePlan::presence; absent: it was not sent.
[[nodiscard]] api::Measurement measure_rule(const api::Check& check, const RulePlan& plan,
                                            const api::HttpResponse& value,
                                            const std::optional<api::HttpResponse>& presence,
                                            std::optional<Time> at, Time now);

// The request for the rules with the name of the alert. BadInput if there is no valid address.
// Precondition of the functions for alerts: the check is an AlertCheck.
[[nodiscard]] Result<api::HttpCall> plan_alert(const api::Check& check,
                                               const std::string& default_address);

struct AlertInputs {
  const api::Check& check;
  const codec::QueryVariables& variables;
  std::span<const api::ReceivedAlert> received = {};  // from Alertmanager
  ReleaseStart release = {};
  PodLabel pod_label = PodLabel::Optional;
};

// The response to the request of plan_alert(), or why it was not sent. Absent: there is no valid
// address.
using AlertResponse = std::optional<std::expected<api::HttpResponse, MissingValue>>;

// The request that shows whether the alert has data. Nothing if it does not matter, because the
// check does not pass, or if there is no such query: measure_alert() then says why.
[[nodiscard]] std::optional<api::HttpCall> plan_alert_presence(const AlertInputs& inputs,
                                                               const AlertResponse& response,
                                                               const std::string& default_address,
                                                               Time now);

// The server decides. If it gives no answer, the alerts that Alertmanager sent do: see
// received_alerts.hpp. `presence`: the response to plan_alert_presence(); absent: it was not sent.
[[nodiscard]] api::Measurement measure_alert(const AlertInputs& inputs,
                                             const AlertResponse& response,
                                             const AlertResponse& presence, Time now);

// True for a check `prometheusRule` or `alert` without matchLabels: its series are placed by their
// pods, so they distinguish the revisions.
[[nodiscard]] bool places_by_pod(const api::CheckKind& kind);

}  // namespace lastgood::checks
