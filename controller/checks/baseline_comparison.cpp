#include "checks/baseline_comparison.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "checks/message.hpp"
#include "checks/number_text.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::BaselineComparison;
using api::MeasurementResult;
using api::Reason;

const api::PrometheusCheck* compared_check(const api::Check& check) {
  const auto* const prometheus = std::get_if<api::PrometheusCheck>(&check.kind);
  return prometheus && prometheus->compare ? prometheus : nullptr;
}

// "5.2". More digits if the rounded ratio is on another side of the limit than the ratio.
std::string ratio_text(double ratio, double limit) {
  constexpr double max_plain = 1e6;
  const std::string text = fmt::format("{:.1f}", ratio);
  const auto shown = codec::parse_number(text);
  const bool is_exact_enough = shown && (*shown <=> limit) == (ratio <=> limit);
  return ratio < max_plain && is_exact_enough ? text : number_text(ratio, limit);
}

// ", fails if above 2 times and above 0.01, and if > 0.05".
std::string conditions_text(const api::PrometheusCheck& check) {
  return fmt::format(", fails if above {} times and above {}{}",
                     codec::format_number(check.compare->ratio_above),
                     codec::format_number(check.compare->and_above),
                     check.fail_if ? ", and if " + codec::to_string(*check.fail_if) : "");
}

std::string traffic_text(const api::PrometheusCheck& check, const api::Measurement& measurement) {
  if (!check.minimum_traffic || !measurement.traffic) return {};
  const double minimum = check.minimum_traffic->at_least;
  return fmt::format(", traffic {}, minimum {}", number_text(*measurement.traffic, minimum),
                     codec::format_number(minimum));
}

api::Measurement with_result(api::Measurement measurement, MeasurementResult result, Reason reason,
                             const std::string& message) {
  measurement.result = result;
  measurement.reason = reason;
  const std::string query = result == MeasurementResult::Fail && !measurement.query.empty()
                                ? "; query: " + measurement.query
                                : "";
  measurement.message = clip(message + query, max_message_size);
  return measurement;
}

// Without an older revision.
api::Measurement measure_alone(const api::PrometheusCheck& check, api::Measurement measurement,
                               double value) {
  const double limit = check.compare->and_above;
  const bool passes = value <= limit;
  const std::string text = fmt::format("value {}{}{}; there is no older revision to compare with{}",
                                       number_text(value, limit), conditions_text(check),
                                       traffic_text(check, measurement),
                                       passes ? "" : ", and the value alone does not decide");
  return with_result(std::move(measurement),
                     passes ? MeasurementResult::Pass : MeasurementResult::Unknown,
                     passes ? Reason::Passed : Reason::NoBaselineValue, text);
}

api::Measurement measure_without_value(const api::PrometheusCheck& check,
                                       api::Measurement measurement, double value,
                                       const std::string& why) {
  const std::string text = fmt::format("no value of the baseline to compare with: {}; value {}{}{}",
                                       why.empty() ? "there is no other revision" : why,
                                       number_text(value, check.compare->and_above),
                                       conditions_text(check), traffic_text(check, measurement));
  return with_result(std::move(measurement), MeasurementResult::Unknown, Reason::NoBaselineValue,
                     text);
}

}  // namespace

bool awaits_baseline_value(const api::Check& check, const api::Measurement& measurement) {
  return compared_check(check) && measurement.reason == Reason::NoBaselineValue &&
         measurement.value.has_value();
}

std::optional<Time> evaluation_time(const api::Check& check, Time now) {
  return compared_check(check) ? std::optional(now) : std::nullopt;
}

api::Measurement with_baseline_value(const api::Check& check, api::Measurement baseline) {
  if (!awaits_baseline_value(check, baseline)) return baseline;
  baseline.result = MeasurementResult::Pass;
  baseline.reason = Reason::Passed;
  return baseline;
}

api::Measurement compare_with_baseline(const api::Check& check, api::Measurement measurement,
                                       const BaselineEvidence& evidence) {
  if (!awaits_baseline_value(check, measurement)) return measurement;
  const api::PrometheusCheck& prometheus = *compared_check(check);
  const BaselineComparison& limits = *prometheus.compare;
  const double value = *measurement.value;
  if (evidence.compared_with == ComparedWith::Nothing)
    return measure_alone(prometheus, std::move(measurement), value);
  const auto old = evidence.baseline ? evidence.baseline->value : std::nullopt;
  if (!old)
    return measure_without_value(prometheus, std::move(measurement), value, evidence.why_no_value);
  if (*old < 0) {
    return measure_without_value(
        prometheus, std::move(measurement), value,
        fmt::format("it is {}, and a negative value has no multiple", number_text(*old, 0)));
  }
  const double limit = limits.ratio_above * *old;
  const bool fails = value > limit && value > limits.and_above;
  if (!fails && evidence.trust == BaselineTrust::PassOnly) {
    return measure_without_value(prometheus, std::move(measurement), value,
                                 fmt::format("{} has {}, but has never worked",
                                             evidence.baseline->revision, number_text(*old, 0)));
  }
  const std::string ratio =
      *old > 0 ? fmt::format(": {} times", ratio_text(value / *old, limits.ratio_above)) : "";
  const std::string text = fmt::format(
      "value {}, baseline {}{}{}{}", number_text(value, limits.and_above), number_text(*old, 0),
      ratio, conditions_text(prometheus), traffic_text(prometheus, measurement));
  return with_result(std::move(measurement),
                     fails ? MeasurementResult::Fail : MeasurementResult::Pass,
                     fails ? Reason::LimitExceeded : Reason::Passed, text);
}

api::Measurement name_both_values(const api::Check& check, api::Measurement measurement,
                                  const std::optional<api::BaselineResult>& baseline) {
  const auto* const prometheus = std::get_if<api::PrometheusCheck>(&check.kind);
  const auto value = measurement.value;
  const auto old = baseline ? baseline->value : std::nullopt;
  if (!prometheus || prometheus->compare || !prometheus->fail_if || !value || !old ||
      measurement.result != MeasurementResult::Fail)
    return measurement;
  const double limit = prometheus->fail_if->limit;
  const std::string text = fmt::format(
      "value {}, old pods {}, fails if {}{}", number_text(*value, limit), number_text(*old, limit),
      codec::to_string(*prometheus->fail_if), traffic_text(*prometheus, measurement));
  const Reason reason = measurement.reason;
  return with_result(std::move(measurement), MeasurementResult::Fail, reason, text);
}

std::string threshold_text(const std::optional<api::Comparison>& fail_if,
                           const std::optional<BaselineComparison>& compare) {
  const std::string text = fail_if ? codec::to_string(*fail_if) : "";
  if (!compare) return text;
  return fmt::format("{}{}> {} x baseline and > {}", text, text.empty() ? "" : " and ",
                     codec::format_number(compare->ratio_above),
                     codec::format_number(compare->and_above));
}

}  // namespace lastgood::checks
