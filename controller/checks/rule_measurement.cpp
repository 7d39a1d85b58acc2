#include "checks/rule_measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "checks/message.hpp"
#include "codec/promql_expression.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::MeasurementResult;
using api::Reason;

std::vector<const Series*> placed_in(const std::vector<Series>& all, const Placement& placement) {
  std::vector<const Series*> found;
  for (const Series& series : all) {
    if (is_placed(series.labels, placement)) found.push_back(&series);
  }
  return found;
}

// A label that places a series, and that no series of the result can have.
std::optional<std::string> removed_label_of(const AlertRule& rule,
                                            const std::vector<Series>& series) {
  const auto expression = codec::read_expression(rule.expression);
  if (!expression) {
    std::vector<const api::StringMap*> labels;
    for (const Series& one : series) labels.push_back(&one.labels);
    return removed_label(labels, rule.placement);
  }
  for (const std::string& name : needed_labels(rule.placement)) {
    if (!codec::may_have_label(*expression, name)) return name;
  }
  return {};
}

std::string value_text(const Series& series) {
  return series.value ? codec::format_number(series.value->value) : "no number";
}

bool is_nan(const Series& series) {
  return !series.value && series.value.error().reason == Reason::NotANumber;
}

// The labels of a series as text, without __name__: Prometheus removes it from the labels of an
// alert.
std::string label_text(const Series& series) {
  std::string text;
  for (const auto& [name, value] : series.labels) {
    if (name != "__name__")
      text += fmt::format("{}\n{}\n{}\n{}\n", name.size(), name, value.size(), value);
  }
  return text;
}

std::vector<std::string> digests_of(const std::vector<const Series*>& series) {
  std::vector<std::string> digests;
  for (const Series* one : series) digests.push_back(digest_of(label_text(*one)));
  std::ranges::sort(digests);
  const auto repeated = std::ranges::unique(digests);
  digests.erase(repeated.begin(), repeated.end());
  if (digests.size() > api::max_failing_series) digests.resize(api::max_failing_series);
  return digests;
}

// Precondition: `failing` is not empty.
api::Measurement with_series(api::Measurement failure, const std::vector<const Series*>& failing,
                             const Placement& placement) {
  const Series& shown = *failing.front();
  if (shown.value) failure.value = shown.value->value;
  failure.evaluated_at = shown.at;
  failure.failing_series = digests_of(failing);
  failure.names_pods = std::ranges::all_of(failing, [&](const Series* one) {
    return pod_label_names_measured_pod(one->labels, placement);
  });
  return failure;
}

}  // namespace

bool needs_presence(const AlertRule& rule, const SeriesAnswer& series) {
  return series && placed_in(*series, rule.placement).empty() && !removed_label_of(rule, *series);
}

api::Measurement measure_rule(const std::string& check, const std::string& alert,
                              const AlertRule& rule, const SeriesAnswer& series,
                              const std::optional<PrometheusAnswer>& presence, Time now) {
  const auto measurement = [&](MeasurementResult result, Reason reason,
                               const std::string& message) {
    return api::Measurement{
        .check = check,
        .result = result,
        .reason = reason,
        .message =
            clip(on_one_line(message + "; expression: " + rule.expression, ' '), max_message_size),
        .at = now,
        .question = question_of(rule),
        .min_failing_time = rule.hold};
  };
  const auto unknown = [&](Reason reason, const std::string& message) {
    return measurement(MeasurementResult::Unknown, reason, message);
  };
  const std::string of_alert = fmt::format("alert {}", clip(alert, 64));
  if (!series) return unknown(series.error().reason, series.error().message);
  const auto placed = placed_in(*series, rule.placement);
  auto failing = placed;
  std::erase_if(failing, [](const Series* one) { return is_nan(*one); });
  if (!failing.empty()) {
    const Series& shown = *failing.front();
    auto failure = measurement(
        MeasurementResult::Fail, Reason::AlertFiring,
        fmt::format("the expression of {} is true for {} of {} series: {} has {}{}", of_alert,
                    placed.size(), series->size(), text_of(shown.labels, rule.placement),
                    value_text(shown),
                    rule.hold > Duration::zero()
                        ? fmt::format(", and must be true for {}", format_duration(rule.hold))
                        : ""));
    return with_series(std::move(failure), failing, rule.placement);
  }
  if (!placed.empty())
    return unknown(Reason::NotANumber, "the value is NaN for " + text_of(rule.placement));
  if (const auto removed = removed_label_of(rule, *series)) {
    return unknown(
        Reason::LabelsRemoved,
        fmt::format("no result of {} can have the label {}, so it is not known which application "
                    "it is about; keep the label in the expression, or set matchLabels",
                    of_alert, in_quotes(*removed)));
  }
  if (!presence) return unknown(Reason::Pending, "the query for the series has no result yet");
  if (!*presence) return unknown(presence->error().reason, presence->error().message);
  if (presence->value().value <= 0) {
    return unknown(Reason::NoSeries,
                   fmt::format("the server has no series of the metrics of {} for {}, so the alert "
                               "cannot fire; check that the pods are scraped, and that the series "
                               "have these labels",
                               of_alert, text_of(rule.placement)));
  }
  return measurement(MeasurementResult::Pass, Reason::Passed,
                     fmt::format("the expression of {} is true for no series of {}", of_alert,
                                 text_of(rule.placement)));
}

}  // namespace lastgood::checks
