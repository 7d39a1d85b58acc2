#include "checks/external_metric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "checks/message.hpp"
#include "checks/metrics_baseline.hpp"
#include "checks/prometheus_measurement.hpp"
#include "codec/json_at.hpp"
#include "codec/quantity.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::MeasurementResult;
using api::Reason;
using codec::Json;

constexpr std::string_view api_path = "/apis/external.metrics.k8s.io/v1beta1";
constexpr std::string_view api_text = "the API of external metrics";
constexpr std::size_t max_quote_size = 200;  // bytes of the server's own words

const api::ExternalMetricCheck& external_of(const api::Check& check) {
  return std::get<api::ExternalMetricCheck>(check.kind);
}

// "queue_depth{queue="web"}", as Prometheus writes a series.
std::string series_of(const api::ExternalMetricCheck& check) {
  std::string labels;
  for (const auto& [name, value] : check.match_labels)
    labels += fmt::format("{}{}={}", labels.empty() ? "" : ", ", name, in_quotes(value));
  return labels.empty() ? check.metric : fmt::format("{}{{{}}}", check.metric, labels);
}

std::unexpected<MissingValue> of_not_found(const api::ExternalMetricCheck& check,
                                           const Error& error,
                                           const std::optional<Result<std::string>>& api) {
  const bool is_api_missing = api && !*api && api->error().kind == ErrorKind::NotFound;
  if (is_api_missing) {
    return missing(Reason::MetricsApiMissing,
                   "the cluster has no API external.metrics.k8s.io/v1beta1; install an adapter for "
                   "external metrics, such as KEDA or prometheus-adapter");
  }
  return missing(
      Reason::MetricNotFound,
      fmt::format("the adapter for external metrics has no metric {}: {}; check its name "
                  "and the configuration of the adapter",
                  series_of(check), in_quotes(error.message, max_quote_size)));
}

std::unexpected<MissingValue> of_error(const api::ExternalMetricCheck& check, const Error& error,
                                       const std::optional<Result<std::string>>& api) {
  const std::string words = in_quotes(error.message, max_quote_size);
  const auto because = [&](Reason reason, std::string_view what, std::string_view next) {
    return missing(reason, fmt::format("{} {}: {}; {}", api_text, what, words, next));
  };
  constexpr std::string_view see_adapter = "see the adapter and its APIService";
  switch (error.kind) {
    case ErrorKind::NotFound: return of_not_found(check, error, api);
    case ErrorKind::Forbidden:
    case ErrorKind::Unauthorized:
      return because(Reason::AccessDenied, "denies access",
                     "set externalMetrics.enabled of the chart to true, or grant the controller "
                     "list on this resource of external.metrics.k8s.io");
    case ErrorKind::BadInput: return missing(Reason::InvalidCheck, error.message);
    case ErrorKind::TimedOut:
      return because(Reason::TimedOut, "did not respond in time",
                     "see the adapter, or raise timeout");
    case ErrorKind::TooManyRequests:
    case ErrorKind::Invalid:
    case ErrorKind::Conflict:
      return because(Reason::RequestRejected, "rejects the request", see_adapter);
    case ErrorKind::TooLarge:
      return because(Reason::ResponseTooLarge, "sent too much", "add matchLabels");
    case ErrorKind::Server:
      return because(error.status == 503 ? Reason::ServerUnavailable : Reason::ServerError,
                     error.status == 503 ? "is not available" : "failed", see_adapter);
    case ErrorKind::Protocol:
      return because(Reason::InvalidResponse, "sent no valid response", see_adapter);
    default: break;
  }
  return because(Reason::ServerUnavailable, "cannot be read", see_adapter);
}

std::unexpected<MissingValue> not_a_metric_list(std::string_view problem) {
  return missing(Reason::InvalidResponse,
                 fmt::format("the response is no ExternalMetricValueList: {}; see the adapter for "
                             "external metrics",
                             problem));
}

std::string text_of(Duration distance) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(distance));
}

// The timestamp is cut to whole seconds, so the value may be up to 1 s newer.
bool is_before_release(Time at, const std::optional<Time>& released) {
  return released && at + std::chrono::seconds(1) <= *released;
}

PrometheusAnswer answer_of_item(const Json& item, std::optional<Time> released, Time now) {
  const auto at = parse_rfc3339(codec::text_at(item, {"timestamp"}));
  if (!at) return not_a_metric_list("the value has no valid timestamp");
  const std::string text = codec::text_at(item, {"value"});
  const auto value = codec::parse_quantity(text);
  if (!value)
    return not_a_metric_list(fmt::format("the value {} is not a quantity", in_quotes(text)));
  if (now - *at > max_external_value_age) {
    return missing(Reason::StaleValue,
                   fmt::format("the value is of {}, {} ago, and older than {}; see the adapter for "
                               "external metrics",
                               format_rfc3339(*at), text_of(now - *at),
                               format_duration(max_external_value_age)));
  }
  if (is_before_release(*at, released)) {
    return missing(Reason::StaleValue,
                   fmt::format("the value is of {}, before the release began at {}, so it says "
                               "nothing about the release; the adapter for external metrics may "
                               "have a newer one soon",
                               format_rfc3339(*at), format_rfc3339(*released)));
  }
  if (*at - now > max_clock_skew) {
    return missing(
        Reason::ClockSkew,
        fmt::format("the value is of {}, {} in the future, more than {}; correct the "
                    "clocks of the nodes",
                    format_rfc3339(*at), text_of(*at - now), format_duration(max_clock_skew)));
  }
  return MetricValue{.value = *value, .at = *at};
}

}  // namespace

Result<api::ApiCall> plan_external_metric(const api::ExternalMetricCheck& check,
                                          std::string_view namespace_) {
  // The API server decodes the path before it splits it, so encoding a slash would not help.
  const bool is_segment = !check.metric.empty() && check.metric != "." && check.metric != ".." &&
                          check.metric.find_first_of("/%") == std::string::npos;
  if (!is_segment || !codec::is_dns_label(namespace_)) {
    return fail(ErrorKind::BadInput, fmt::format("{} cannot be the name of an external metric",
                                                 in_quotes(check.metric)));
  }
  std::string selector;
  for (const auto& [name, value] : check.match_labels)
    selector += fmt::format("{}{}={}", selector.empty() ? "" : ",", name, value);
  api::ApiCall call{.target = fmt::format("{}/namespaces/{}/{}", api_path, namespace_,
                                          percent_encoded(check.metric))};
  if (!selector.empty()) call.target += "?labelSelector=" + percent_encoded(selector);
  return call;
}

api::ApiCall plan_external_metrics_api() { return {.target = std::string(api_path)}; }

bool needs_external_metrics_api(const Result<std::string>& response) {
  return !response && response.error().kind == ErrorKind::NotFound;
}

PrometheusAnswer parse_external_metric(const api::ExternalMetricCheck& check,
                                       const ExternalMetricResponse& response, Time now) {
  if (!response.value) return of_error(check, response.value.error(), response.api);
  if (response.value->size() > max_answer_size) {
    return missing(Reason::ResponseTooLarge,
                   "the response with external metrics is larger than 1 MiB; add matchLabels");
  }
  const auto json = codec::parse_json(*response.value);
  if (!json) return not_a_metric_list(in_quotes(*response.value, max_quote_size));
  const Json* const items = codec::find(*json, {"items"});
  if (codec::text_at(*json, {"kind"}) != "ExternalMetricValueList" ||
      (items != nullptr && !items->is_array() && !items->is_null()))
    return not_a_metric_list("it has another kind, or no list of items");
  const Json& values = codec::array_at(*json, {"items"});
  if (values.empty()) {
    return missing(Reason::NoData,
                   fmt::format("there is no value of {}; check the labels, and the configuration "
                               "of the adapter for external metrics",
                               series_of(check)));
  }
  if (values.size() > 1) {
    return missing(Reason::MultipleSeries,
                   fmt::format("there are {} values of {}, expected 1; add matchLabels",
                               values.size(), series_of(check)));
  }
  return answer_of_item(values.front(), response.released, now);
}

InitialDelay initial_delay_of(std::string_view check, std::span<const std::string> delayed) {
  const bool is_delayed = std::ranges::find(delayed, check) != delayed.end();
  return is_delayed ? InitialDelay::Running : InitialDelay::Over;
}

api::Measurement external_metric_before_start(const api::Check& check, InitialDelay delay) {
  return delay == InitialDelay::Over
             ? not_started(check)
             : api::Measurement{.check = check.name, .reason = Reason::Pending};
}

api::Measurement measure_external_metric(const api::Check& check, const PrometheusAnswer& answer,
                                         Time now) {
  const api::ExternalMetricCheck& external = external_of(check);
  const std::string series = series_of(external);
  api::Measurement measurement{
      .check = check.name, .at = now, .threshold = codec::to_string(external.fail_if)};
  if (!answer) {
    measurement.reason = answer.error().reason;
    measurement.message = clip(answer.error().message, max_message_size);
    return measurement;
  }
  const bool fails = meets(answer->value, external.fail_if);
  measurement.result = fails ? MeasurementResult::Fail : MeasurementResult::Pass;
  measurement.reason = fails ? Reason::LimitExceeded : Reason::Passed;
  measurement.value = answer->value;
  measurement.message =
      clip(fmt::format("value {}, fails if {}; metric: {}", codec::format_number(answer->value),
                       measurement.threshold, series),
           max_message_size);
  return measurement;
}

ExternalMetricMeasured measure_external_response(const api::Check& check,
                                                 const ExternalMetricResponse& response, Time now) {
  const api::ExternalMetricCheck& external = external_of(check);
  ExternalMetricMeasured measured{.release = measure_external_metric(
                                      check, parse_external_metric(external, response, now), now)};
  if (measured.release.reason != Reason::StaleValue) return measured;
  ExternalMetricResponse of_any_time = response;
  of_any_time.released.reset();
  const PrometheusAnswer answer = parse_external_metric(external, of_any_time, now);
  if (answer && is_before_release(answer->at, response.released))
    measured.baseline = measure_external_metric(check, answer, now);
  return measured;
}

KnownBefore known_before_of(std::string_view check, std::span<const std::string> known_before) {
  const bool is_known = std::ranges::find(known_before, check) != known_before.end();
  return is_known ? KnownBefore::Yes : KnownBefore::No;
}

api::Measurement with_evidence(api::Measurement measurement, KnownBefore known) {
  if (measurement.result != MeasurementResult::Fail || known == KnownBefore::Yes)
    return measurement;
  measurement.result = MeasurementResult::Unknown;
  measurement.reason = Reason::NoBaselineValue;
  measurement.message = clip(
      "the metric was not measured before a pod of the release had started, so the failure "
      "may be older than the release; it counts only after a pass; " +
          measurement.message,
      max_message_size);
  return measurement;
}

}  // namespace lastgood::checks
