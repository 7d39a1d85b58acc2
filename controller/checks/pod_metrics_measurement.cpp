#include "checks/pod_metrics_measurement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "checks/baseline_comparison.hpp"
#include "checks/message.hpp"
#include "checks/number_text.hpp"
#include "checks/prometheus_measurement.hpp"

namespace lastgood::checks {

namespace {

using api::Measurement;
using api::MeasurementResult;
using api::Reason;

// The conditions of a check. Without a value of the baseline, `compare` is never met.
class Conditions {
 public:
  Conditions(const api::PodMetricsCheck& check, std::optional<double> baseline)
      : check_(check), baseline_(baseline) {}

  [[nodiscard]] bool meets_fail_if(double value) const {
    return !check_.fail_if || meets(value, *check_.fail_if);
  }
  [[nodiscard]] bool is_bad(double value) const {
    return meets_fail_if(value) && (!check_.compare || is_above_baseline(value));
  }
  [[nodiscard]] bool lacks_baseline(double value) const {
    return check_.compare && !baseline_ && meets_fail_if(value);
  }

  [[nodiscard]] double limit() const {
    if (check_.fail_if) return check_.fail_if->limit;
    const double of_baseline = baseline_ ? *baseline_ * check_.compare->ratio_above : 0;
    return std::max(check_.compare->and_above, of_baseline);
  }

  [[nodiscard]] std::string text() const { return threshold_text(check_.fail_if, check_.compare); }

 private:
  [[nodiscard]] bool is_above_baseline(double value) const {
    return baseline_ && value > check_.compare->ratio_above * *baseline_ &&
           value > check_.compare->and_above;
  }

  const api::PodMetricsCheck& check_;
  std::optional<double> baseline_;
};

Measurement unknown(const api::Check& check, Reason reason, const std::string& message) {
  return {.check = check.name,
          .result = MeasurementResult::Unknown,
          .reason = reason,
          .message = clip(message, max_message_size)};
}

std::string baseline_text(const RevisionMetrics& baseline, double limit) {
  if (baseline) return fmt::format(", old pods {}", number_text(baseline->value, limit));
  return fmt::format(", old pods without a value: {}", baseline.error().message);
}

// The first pod without which the value is not bad. Null: the value is bad, whichever pod is left
// out.
const ValueWithoutPod* single_bad_pod(const RevisionValue& release, const Conditions& conditions) {
  const auto found = std::ranges::find_if(release.without_pod, [&](const ValueWithoutPod& without) {
    return !conditions.is_bad(without.value);
  });
  return found == release.without_pod.end() ? nullptr : &*found;
}

}  // namespace

Measurement measure_pod_metrics(const api::Check& check, const RevisionMetrics& release,
                                const std::optional<RevisionMetrics>& baseline) {
  const auto& pod_metrics = std::get<api::PodMetricsCheck>(check.kind);
  const bool has_baseline = baseline && *baseline;
  const Conditions conditions(pod_metrics,
                              has_baseline ? std::optional((*baseline)->value) : std::nullopt);
  if (!release) {
    Measurement out = unknown(check, release.error().reason, release.error().message);
    out.threshold = conditions.text();
    return out;
  }
  const std::string number = number_text(release->value, conditions.limit());
  std::string text = fmt::format("{}{}, fails if {}", release->text, number, conditions.text());
  if (baseline) text += baseline_text(*baseline, conditions.limit());
  Measurement out{.check = check.name,
                  .result = MeasurementResult::Pass,
                  .reason = Reason::Passed,
                  .value = release->value,
                  .threshold = conditions.text(),
                  .query = clip(release->metric, max_message_size)};
  if (pod_metrics.value != api::PodMetricsCheck::Value::Gauge) out.traffic = release->requests;
  if (conditions.lacks_baseline(release->value)) {
    out.result = MeasurementResult::Unknown;
    out.reason = Reason::NoBaselineValue;
    if (!baseline) text += ", and no old pod is ready; add failIf or onNoData: Ignore";
  } else if (conditions.is_bad(release->value)) {
    const ValueWithoutPod* const single = single_bad_pod(*release, conditions);
    if (single) {
      text += fmt::format("; without pod {} it is {}, and one pod does not decide", single->pod,
                          number_text(single->value, conditions.limit()));
    } else {
      out.result = MeasurementResult::Fail;
      out.reason = Reason::LimitExceeded;
    }
  }
  if (!release->pods_not_counted.empty()) text += "; " + release->pods_not_counted;
  out.message = clip(text, max_message_size);
  return out;
}

Measurement measure_baseline_pod_metrics(const api::Check& check, const RevisionMetrics& baseline) {
  api::Check alone = check;
  auto& pod_metrics = std::get<api::PodMetricsCheck>(alone.kind);
  pod_metrics.compare.reset();
  if (pod_metrics.fail_if) return measure_pod_metrics(alone, baseline, {});
  if (!baseline) return unknown(check, baseline.error().reason, baseline.error().message);
  return {.check = check.name,
          .result = MeasurementResult::Pass,
          .reason = Reason::Passed,
          .message = clip(baseline->text + number_text(baseline->value, 0), max_message_size),
          .value = baseline->value};
}

Measurement measure_invalid_pod_metrics(const api::Check& check, const Error& error) {
  return unknown(check, Reason::InvalidCheck, error.message);
}

bool needs_longer_window(const Measurement& measurement,
                         const std::optional<RevisionMetrics>& baseline) {
  const auto may_end_with_time = [](Reason reason) {
    return reason == Reason::LowTraffic || reason == Reason::NoTraffic ||
           reason == Reason::FirstScrape || reason == Reason::CounterReset;
  };
  if (measurement.result != MeasurementResult::Unknown) return false;
  if (measurement.reason == Reason::NoBaselineValue)
    return baseline && !*baseline && may_end_with_time(baseline->error().reason);
  return may_end_with_time(measurement.reason);
}

}  // namespace lastgood::checks
