#include "checks/prometheus_measurement.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "checks/message.hpp"
#include "checks/number_text.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::Comparison;
using api::MeasurementResult;
using api::Reason;

// The reasons that say something about the data, and nothing about the server or the query.
bool is_about_data(Reason reason) {
  return reason == Reason::NoData || reason == Reason::NotANumber ||
         reason == Reason::InfiniteValue;
}

// The traffic of a check that needs no traffic is always enough.
struct TrafficState {
  Reason reason = Reason::None;  // None: there is enough traffic
  std::string text;              // why there is not enough, or the traffic and its minimum
};

// The forms errorRatio and latency have minimumRequests, but minimumTraffic has precedence.
std::string_view minimum_field(const api::PrometheusCheck& prometheus) {
  return prometheus.window > Duration::zero()
             ? "minimumRequests, or minimumTraffic.atLeast if it is set"
             : "minimumTraffic.atLeast";
}

TrafficState traffic_state(const api::PrometheusCheck& prometheus,
                           const std::optional<PrometheusAnswer>& traffic) {
  if (!prometheus.minimum_traffic) return {};
  if (!traffic) return {.reason = Reason::Pending, .text = "the traffic query has no result yet"};
  if (!*traffic)
    return {.reason = traffic->error().reason, .text = "traffic: " + traffic->error().message};
  const double minimum = prometheus.minimum_traffic->at_least;
  const double found = traffic->value().value;
  const std::string found_text = number_text(found, minimum);
  const std::string minimum_text = codec::format_number(minimum);
  if (found < minimum) {
    return {.reason = Reason::LowTraffic,
            .text = fmt::format("the traffic is {}, below the minimum of {}, so the value does not "
                                "count; send more traffic, or lower {}",
                                found_text, minimum_text, minimum_field(prometheus))};
  }
  return {.text = fmt::format(", traffic {}, minimum {}", found_text, minimum_text)};
}

std::string value_text(const api::PrometheusCheck& prometheus, double value) {
  if (!prometheus.fail_if) return fmt::format("value {}", number_text(value, 0));
  return fmt::format("value {}, fails if {}", number_text(value, prometheus.fail_if->limit),
                     codec::to_string(*prometheus.fail_if));
}

std::string with_query(const std::string& message, const codec::BoundQuery& query) {
  return fmt::format("{}; query: {}", message, on_one_line(query.value, ' '));
}

}  // namespace

bool meets(double value, const Comparison& condition) {
  switch (condition.operation) {
    case Comparison::Operator::Greater: return value > condition.limit;
    case Comparison::Operator::GreaterOrEqual: return value >= condition.limit;
    case Comparison::Operator::Less: return value < condition.limit;
    case Comparison::Operator::LessOrEqual: return value <= condition.limit;
    case Comparison::Operator::Equal: return value == condition.limit;
    case Comparison::Operator::NotEqual: return value != condition.limit;
  }
  return false;
}

api::Measurement measure_prometheus(const std::string& check,
                                    const api::PrometheusCheck& prometheus,
                                    const codec::BoundQuery& query, const PrometheusAnswer& value,
                                    const std::optional<PrometheusAnswer>& traffic, Time now) {
  const auto measurement = [&](MeasurementResult result, Reason reason,
                               const std::string& message) {
    return api::Measurement{.check = check,
                            .result = result,
                            .reason = reason,
                            .message = clip(message, max_message_size),
                            .at = now};
  };
  const auto without_value = [&] {
    return measurement(MeasurementResult::Unknown, value.error().reason,
                       with_query(value.error().message, query));
  };
  if (!value && !is_about_data(value.error().reason)) return without_value();
  const TrafficState state = traffic_state(prometheus, traffic);
  if (state.reason != Reason::None) {
    const std::string shown = value ? "; " + value_text(prometheus, value->value) : "";
    return measurement(MeasurementResult::Unknown, state.reason, state.text + shown);
  }
  if (!value) return without_value();
  const std::string text = value_text(prometheus, value->value) + state.text;
  if (prometheus.fail_if && !meets(value->value, *prometheus.fail_if))
    return measurement(MeasurementResult::Pass, Reason::Passed, text);
  // With compareWith, the value of the baseline decides: see baseline_comparison.hpp.
  if (!prometheus.fail_if || prometheus.compare)
    return measurement(MeasurementResult::Unknown, Reason::NoBaselineValue, text);
  return measurement(MeasurementResult::Fail, Reason::LimitExceeded, with_query(text, query));
}

}  // namespace lastgood::checks
