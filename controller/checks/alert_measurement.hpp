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

// Only the rules that matchLabels selects count, and of them only the alerts that are placed: see
// placement.hpp. The first row that applies decides:
//   Unknown
//     the reason of `rules`    the server gave no answer
//     RuleNotLoaded            the server has no rule with this name and these labels
//   Fail (AlertFiring)         an alert is firing, and its rule has none of the next 3 problems
//   Unknown
//     RuleUnhealthy            the evaluation of a rule fails, or the rule was not evaluated yet
//     RuleStale                the last evaluation of a rule is too old
//     ClockSkew                the last evaluation of a rule is in the future
//   Unknown
//     AlertNotConfirmed        an alert is pending: its expression is true, but not yet for `for`
//     LabelsRemoved            no alert of a rule can have the labels that place it
//   Pass                       no alert is pending or firing. See measure_alert_data()
//
// If an alert that is firing was active before the release, the measurement has a baseline that
// fails: the release is not the cause. See began_before().
[[nodiscard]] api::Measurement measure_alert(const std::string& check, const std::string& alert,
                                             const Placement& placement, const RulesAnswer& rules,
                                             const ReleaseStart& release, Time now);

// The query that shows whether the rules that matchLabels selects have data: a rule without data
// has no alerts. Its value is positive if each of these rules has series. The errors are those of
// presence_query(), and BadInput if matchLabels selects no rule.
[[nodiscard]] Result<codec::BoundQuery> alert_presence_query(const std::vector<ServerRule>& rules,
                                                             const Placement& placement);

// Confirms a Pass of measure_alert(). The result is Unknown, if it is not known that the alert has
// data. `query`: see alert_presence_query(). `answer`: to that query; absent: it was not sent.
[[nodiscard]] api::Measurement measure_alert_data(api::Measurement pass, const Placement& placement,
                                                  const Result<codec::BoundQuery>& query,
                                                  const std::optional<PrometheusAnswer>& answer);

}  // namespace lastgood::checks
