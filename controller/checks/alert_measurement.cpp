#include "checks/alert_measurement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "checks/alert_baseline.hpp"
#include "checks/message.hpp"
#include "checks/presence.hpp"
#include "codec/promql_expression.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::MeasurementResult;
using api::Reason;

// A rule that matchLabels selects, and what places its alerts.
struct SelectedRule {
  const ServerRule* rule;
  Placement placement;
};

std::vector<SelectedRule> selected_in(const std::vector<ServerRule>& rules,
                                      const Placement& placement) {
  std::vector<SelectedRule> selected;
  for (const ServerRule& rule : rules) {
    if (auto placed = placement_for_rule(placement, rule.labels))
      selected.push_back({.rule = &rule, .placement = *std::move(placed)});
  }
  return selected;
}

// Why the alerts of the rule are not known now.
std::optional<MissingValue> problem_of(const ServerRule& rule, Time now) {
  if (rule.health != codec::RuleHealth::Ok || !rule.last_evaluation) {
    const std::string error =
        rule.last_error.empty() ? "it was not evaluated yet" : in_quotes(rule.last_error, 200);
    return missing_value(Reason::RuleUnhealthy,
                         fmt::format("the rule in the group {} is not healthy: {}; correct its "
                                     "expression, or see the log of the server",
                                     in_quotes(rule.group), error));
  }
  const Duration age = now - *rule.last_evaluation;
  const Duration max_age = std::max(max_rule_age, 3 * rule.interval);
  if (age > max_age) {
    return missing_value(
        Reason::RuleStale,
        fmt::format("the rule in the group {} was last evaluated at {}, more than {} ago; check "
                    "that the server evaluates its rules",
                    in_quotes(rule.group), format_rfc3339(*rule.last_evaluation),
                    format_duration(max_age)));
  }
  if (-age > max_clock_skew) {
    return missing_value(
        Reason::ClockSkew,
        fmt::format("the rule in the group {} was last evaluated at {}, which is in the future; "
                    "correct the clocks of the metrics server and of the nodes",
                    in_quotes(rule.group), format_rfc3339(*rule.last_evaluation)));
  }
  return {};
}

std::optional<MissingValue> removed_label_of(const SelectedRule& selected) {
  const auto expression = codec::read_expression(selected.rule->expression);
  if (!expression) return {};
  for (const std::string& name : needed_labels(selected.placement)) {
    if (selected.rule->labels.contains(name) || codec::may_have_label(*expression, name)) continue;
    return missing_value(
        Reason::LabelsRemoved,
        fmt::format("no alert of the rule in the group {} can have the label {}, so it is not "
                    "known which application it is about; keep the label in the expression, or "
                    "set matchLabels",
                    in_quotes(selected.rule->group), in_quotes(name)));
  }
  return {};
}

std::string active_text(const ServerAlert& alert) {
  return alert.active_at ? ", active since " + format_rfc3339(*alert.active_at) : "";
}

struct PlacedAlert {
  const ServerAlert* alert;
  const Placement* placement;
};

struct PlacedAlerts {
  std::vector<PlacedAlert> firing = {};
  std::vector<PlacedAlert> pending = {};
};

// The placed alerts of the rules that have no problem.
PlacedAlerts placed_in(const std::vector<SelectedRule>& rules, Time now) {
  PlacedAlerts placed;
  for (const SelectedRule& selected : rules) {
    if (problem_of(*selected.rule, now)) continue;
    for (const ServerAlert& alert : selected.rule->alerts) {
      if (!is_placed(alert.labels, selected.placement)) continue;
      auto& alerts = alert.is_firing ? placed.firing : placed.pending;
      alerts.push_back({.alert = &alert, .placement = &selected.placement});
    }
  }
  return placed;
}

// A pending alert is no pass. After a restart of the server, an alert that was firing may be
// pending again, although its expression was true all the time.
std::optional<MissingValue> pending_problem(const std::vector<PlacedAlert>& pending) {
  if (pending.empty()) return {};
  const ServerAlert& alert = *pending.front().alert;
  return missing_value(
      Reason::AlertNotConfirmed,
      fmt::format("it is pending for {} with {}{}: its expression is true, but not yet for the "
                  "`for` of the rule; wait until it fires or ends",
                  text_of(alert.labels, *pending.front().placement), alert.value,
                  active_text(alert)));
}

std::vector<FiringAlert> active_alerts(const std::vector<PlacedAlert>& firing) {
  std::vector<FiringAlert> active;
  for (const PlacedAlert& one : firing) {
    active.push_back(
        {.labels = &one.alert->labels, .placement = one.placement, .since = one.alert->active_at});
  }
  return active;
}

}  // namespace

api::Measurement measure_alert(const std::string& check, const std::string& alert,
                               const Placement& placement, const RulesAnswer& rules,
                               const ReleaseStart& release, Time now) {
  const auto measurement = [&](MeasurementResult result, Reason reason,
                               const std::string& message) {
    return api::Measurement{.check = check,
                            .result = result,
                            .reason = reason,
                            .message = clip(on_one_line(message, ' '), max_message_size),
                            .at = now};
  };
  const auto unknown = [&](const MissingValue& missing) {
    return measurement(MeasurementResult::Unknown, missing.reason,
                       fmt::format("alert {}: {}", clip(alert, 64), missing.message));
  };
  if (!rules) return unknown(rules.error());
  const auto selected = selected_in(*rules, placement);
  if (selected.empty()) {
    return unknown(missing_value(
        Reason::RuleNotLoaded,
        rules->empty() ? std::string("the server has no alerting rule of this name; correct the "
                                     "name, or load the rule into the server")
                       : fmt::format("no rule of this name has the labels {}; correct matchLabels",
                                     text_of(placement))));
  }
  const auto [firing, pending] = placed_in(selected, now);
  if (!firing.empty()) {
    const PlacedAlert& first = firing.front();
    auto failure =
        measurement(MeasurementResult::Fail, Reason::AlertFiring,
                    fmt::format("alert {} is firing for {}: {} has {}{}", clip(alert, 64),
                                text_of(placement), text_of(first.alert->labels, *first.placement),
                                first.alert->value, active_text(*first.alert)));
    failure.value = codec::parse_comparable_number(first.alert->value);
    failure.names_pods = std::ranges::all_of(firing, [](const PlacedAlert& one) {
      return pod_label_names_measured_pod(one.alert->labels, *one.placement);
    });
    failure.baseline = alert_baseline(active_alerts(firing), release, now);
    return failure;
  }
  for (const SelectedRule& one : selected) {
    if (const auto problem = problem_of(*one.rule, now)) return unknown(*problem);
  }
  if (const auto problem = pending_problem(pending)) return unknown(*problem);
  for (const SelectedRule& one : selected) {
    if (const auto removed = removed_label_of(one)) return unknown(*removed);
  }
  return measurement(
      MeasurementResult::Pass, Reason::Passed,
      fmt::format("alert {} is not firing for {}", clip(alert, 64), text_of(placement)));
}

Result<codec::BoundQuery> alert_presence_query(const std::vector<ServerRule>& rules,
                                               const Placement& placement) {
  std::set<std::string> queries;
  for (const SelectedRule& one : selected_in(rules, placement)) {
    auto query = presence_query(one.rule->expression, one.placement);
    if (!query) return query;
    queries.insert("(" + std::move(query->value) + ")");
  }
  if (queries.empty()) return fail(ErrorKind::BadInput, "there is no rule");
  codec::BoundQuery all(fmt::format("{}", fmt::join(queries, " * ")));
  if (all.value.size() > codec::max_bound_query_size)
    return fail(ErrorKind::TooLarge, "the query for the series of all rules is larger than 64 KiB");
  return all;
}

api::Measurement measure_alert_data(api::Measurement pass, const Placement& placement,
                                    const Result<codec::BoundQuery>& query,
                                    const std::optional<PrometheusAnswer>& answer) {
  const auto unknown = [&](Reason reason, const std::string& message) {
    api::Measurement measurement = std::move(pass);
    measurement.result = MeasurementResult::Unknown;
    measurement.reason = reason;
    measurement.message =
        clip(on_one_line(fmt::format("{}, but {}", measurement.message, message), ' '),
             max_message_size);
    return measurement;
  };
  if (!query)
    return unknown(Reason::NoSeries,
                   "it is not known whether it has data: " + query.error().message);
  if (!answer) return unknown(Reason::Pending, "the query for its series has no result yet");
  if (!*answer) {
    return unknown(answer->error().reason,
                   "it is not known whether it has data: " + answer->error().message);
  }
  if ((*answer)->value > 0) return pass;
  return unknown(Reason::NoSeries,
                 fmt::format("the server has no series of its metrics for {}, so it cannot fire; "
                             "check that the pods are scraped, and that the series have these "
                             "labels",
                             text_of(placement)));
}

}  // namespace lastgood::checks
