// Turns the rules of a server into a measurement of the check `alert`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/measurement.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "checks/alerts_answer.hpp"
#include "checks/placement.hpp"
#include "checks/prometheus_answer.hpp"
#include "checks/release_start.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

// A rule that was not evaluated for this time, or for three intervals of its group, is stale.
inline constexpr Duration max_rule_age = std::chrono::minutes(2);

// Only alerts that are placed count (see placement.hpp), of rules that matchLabels selects. The
// first row that applies decides:
//   Unknown, with its reason   there is no usable answer
//   RuleNotLoaded              the server has no such rule
//   Fail (AlertFiring)         an alert of a healthy rule is firing
//   RuleUnhealthy              the evaluation of a rule fails, or it was not evaluated yet
//   RuleStale, ClockSkew       the last evaluation of a rule is too old, or in the future
//   AlertNotConfirmed          an alert is pending: its expression is true, but not yet for `for`
//   LabelsRemoved              no alert of a rule can have the labels that place it
//   Pass                       no alert is pending or firing. See measure_alert_data()
//
// If an alert that is firing was active before the release, the measurement has a baseline that
// fails: the release is not the cause. See began_before().
[[nodiscard]] api::Measurement measure_alert(const std::string& check, const std::string& alert,
                                             const Placement& placement, const RulesAnswer& rules,
                                             const ReleaseStart& release, Time now);

// The query that shows whether the rules that matchLabels selects have data: a rule without data
// has no alerts. The value is positive if each of them has series. The errors are those of
// presence_query(); BadInput also without a rule.
[[nodiscard]] Result<codec::BoundQuery> alert_presence_query(const std::vector<ServerRule>& rules,
                                                             const Placement& placement);

// A pass of measure_alert(), or Unknown if it is not known that the alert has data. `query`: see
// alert_presence_query(). `answer`: to that query; absent: it was not sent.
[[nodiscard]] api::Measurement measure_alert_data(api::Measurement pass, const Placement& placement,
                                                  const Result<codec::BoundQuery>& query,
                                                  const std::optional<PrometheusAnswer>& answer);

}  // namespace lastgood::checks
