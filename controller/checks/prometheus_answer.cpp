#include "checks/prometheus_answer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "checks/no_response.hpp"
#include "codec/json_at.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::ProbeOutcome;
using api::Reason;
using codec::Json;

constexpr std::size_t max_quote_size = 200;  // bytes of the server's own words

std::unexpected<MissingValue> no_result(std::string_view problem) {
  return std::unexpected(not_a_result(problem));
}

std::string server_quote(std::string_view text) { return in_quotes(trimmed(text), max_quote_size); }

// The advice for a server that sent no response.
std::string_view advice_for(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::ConnectionRefused: return "check its address, and whether it is running";
    case ProbeOutcome::TimedOut: return "simplify the query, or raise timeout";
    case ProbeOutcome::ConnectionClosed: return "see its log";
    case ProbeOutcome::DNSLookupFailed: return "correct its address";
    case ProbeOutcome::Unreachable: return "check that a NetworkPolicy lets the controller connect";
    case ProbeOutcome::Answered:
    case ProbeOutcome::InvalidResponse: break;
  }
  return "check the scheme and the port of its address";
}

std::unexpected<MissingValue> answer_without_response(const api::HttpResponse& response) {
  const std::string detail =
      response.detail.empty() ? "" : fmt::format(" ({})", clip(response.detail, max_quote_size));
  if (response.outcome == ProbeOutcome::InvalidResponse && response.is_tls_failure) {
    return missing(Reason::TLSFailed,
                   fmt::format("the TLS connection to the metrics server failed{}; check ca.crt, "
                               "serverName, tls.crt and tls.key of the credentials",
                               detail));
  }
  return missing(reason_of(response.outcome),
                 fmt::format("the metrics server {}{}; {}", no_response_text(response), detail,
                             advice_for(response.outcome)));
}

// The error of the API, as JSON. Other servers and proxies send text or HTML.
struct ApiError {
  bool is_json = false;
  std::string type;  // "bad_data", "execution", "timeout", ...; VictoriaMetrics: "400", "422"
  std::string text;
};

ApiError api_error_of(const std::string& body) {
  const auto json = codec::parse_json(body);
  if (!json || codec::text_at(*json, {"status"}) != "error") return {.text = body};
  return {.is_json = true,
          .type = codec::text_at(*json, {"errorType"}),
          .text = codec::text_at(*json, {"error"})};
}

std::unexpected<MissingValue> answer_of_server_error(int status, const ApiError& error) {
  if (error.type == "timeout") {
    return missing(Reason::TimedOut,
                   fmt::format("the metrics server stopped the query: {} {}; simplify the query, "
                               "or raise timeout",
                               status, server_quote(error.text)));
  }
  if (status == 503) {
    return missing(Reason::ServerUnavailable,
                   fmt::format("the metrics server is not available: 503 {}; it may be starting or "
                               "stopping",
                               server_quote(error.text)));
  }
  return missing(Reason::ServerError, fmt::format("the metrics server failed: {} {}; see its log",
                                                  status, server_quote(error.text)));
}

std::unexpected<MissingValue> answer_of_error(int status, const ApiError& error) {
  const std::string answer = fmt::format("{} {}", status, server_quote(error.text));
  if (status >= 300 && status < 400) {
    return missing(Reason::Redirected,
                   fmt::format("the metrics server redirects the request: {}; use its final "
                               "address, with its path",
                               answer));
  }
  if (status == 400 && error.is_json) {
    return missing(
        Reason::InvalidQuery,
        fmt::format("the metrics server rejects the query: {}; correct the query", answer));
  }
  if (status == 401 || status == 403) {
    return missing(Reason::AccessDenied,
                   fmt::format("the metrics server denies access: {}; check the credentials of "
                               "the check",
                               answer));
  }
  if (status == 200 || status == 422) {
    return missing(Reason::QueryFailed,
                   fmt::format("the metrics server cannot evaluate the query: {}; correct the "
                               "query, or see the log of the server",
                               answer));
  }
  if (status >= 400 && status < 500) {
    return missing(Reason::RequestRejected,
                   fmt::format("the metrics server rejects the request: {}; {}", answer,
                               status == 429 ? "use fewer checks or a longer interval"
                                             : "check its address and path"));
  }
  if (status >= 500 && status < 600) return answer_of_server_error(status, error);
  return missing(
      Reason::InvalidResponse,
      fmt::format("the metrics server returned {}, expected 200; check its address", answer));
}

// Thanos sends the infos of PromQL as warnings. They begin with this text.
constexpr std::string_view info_prefix = "PromQL info:";

// The first warning of the server about the result.
std::optional<std::string> warning_of(const Json& answer) {
  const Json* const warnings = codec::find(answer, {"warnings"});
  if (warnings != nullptr && !warnings->is_null()) {
    if (!warnings->is_array()) return clip(warnings->dump(), max_quote_size);
    for (const Json& warning : *warnings) {
      if (!warning.is_string()) return clip(warning.dump(), max_quote_size);
      const auto& text = warning.get_ref<const std::string&>();
      if (!text.starts_with(info_prefix)) return text;
    }
  }
  // The cluster version of VictoriaMetrics, if a storage node does not respond.
  const Json* const partial = codec::find(answer, {"isPartial"});
  if (partial != nullptr && *partial == true) return "isPartial: true";
  return std::nullopt;
}

std::optional<Time> time_of(const Json& seconds) {
  constexpr double end_of_9999 = 253402300800;
  if (!seconds.is_number()) return std::nullopt;
  const auto number = seconds.get<double>();
  if (number < 0 || number >= end_of_9999) return std::nullopt;  // JSON has no NaN
  return Time(Duration(std::llround(number * 1000)));
}

std::string text_of(Duration distance) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(distance));
}

PrometheusAnswer answer_of_series(const Json& series, Time evaluated_at) {
  if (codec::find(series, {"histogram"}) != nullptr) {
    return missing(Reason::WrongResultType,
                   "the query returned a native histogram, not a number; use a function such as "
                   "histogram_quantile()");
  }
  const Json* const point = codec::find(series, {"value"});
  if (point == nullptr) return no_result("a series has no value");
  return parse_point(*point, evaluated_at);
}

PrometheusAnswer answer_of_success(const Json& answer, Time evaluated_at) {
  const std::string type = codec::text_at(answer, {"data", "resultType"});
  const Json* const result = codec::find(answer, {"data", "result"});
  if (type == "string" || type == "matrix") {
    return missing(Reason::WrongResultType,
                   fmt::format("the query returned a {}, not a number; {}", type,
                               type == "matrix" ? "remove the range, or use it in a function"
                                                : "correct the query"));
  }
  if ((type != "vector" && type != "scalar") || result == nullptr || !result->is_array())
    return no_result("it has no vector and no scalar");
  if (type == "vector" && result->size() > 1) {
    return missing(Reason::MultipleSeries,
                   fmt::format("the query returned {} series, expected 1; aggregate them, for "
                               "example with sum() or max()",
                               result->size()));
  }
  if (auto warning = warning_in(answer)) return std::unexpected(*std::move(warning));
  if (type == "scalar") return parse_point(*result, evaluated_at);
  if (result->empty()) {
    return missing(Reason::NoData,
                   "the query returned no series; check the name of the metric and the labels, and "
                   "that the query itself compares nothing");
  }
  return answer_of_series(result->front(), evaluated_at);
}

}  // namespace

MissingValue not_a_result(std::string_view problem) {
  return missing_value(Reason::InvalidResponse,
                       fmt::format("the response is not a result of the HTTP API of Prometheus: "
                                   "{}; check the address of the metrics server and its path",
                                   problem));
}

std::optional<MissingValue> warning_in(const Json& body) {
  const auto warning = warning_of(body);
  if (!warning) return {};
  return missing_value(Reason::QueryWarning,
                       fmt::format("the metrics server warns that the value may be wrong: {}; "
                                   "correct the query, or repair the server",
                                   server_quote(*warning)));
}

std::optional<Time> time_of_point(const Json& point) {
  return point.is_array() && !point.empty() ? time_of(point[0]) : std::nullopt;
}

PrometheusAnswer parse_point(const Json& point, Time evaluated_at) {
  if (!point.is_array() || point.size() != 2 || !point[1].is_string())
    return no_result("a value is not a pair of a time and a text");
  const auto at = time_of(point[0]);
  if (!at) return no_result("the time of a value is not valid");
  const auto& text = point[1].get_ref<const std::string&>();
  const auto value = codec::parse_number(text);
  if (!value) return no_result(fmt::format("the value {} is not a number", in_quotes(text)));
  if (evaluated_at - *at > max_value_age) {
    return missing(Reason::StaleValue,
                   fmt::format("the value is of {}, {} before the query, and older than {}; check "
                               "the clock of the metrics server, and the caches before it",
                               format_rfc3339(*at), text_of(evaluated_at - *at),
                               format_duration(max_value_age)));
  }
  if (*at - evaluated_at > max_clock_skew) {
    return missing(Reason::ClockSkew,
                   fmt::format("the value is of {}, {} after the query, more than {}; correct the "
                               "clocks of the metrics server and of the nodes",
                               format_rfc3339(*at), text_of(*at - evaluated_at),
                               format_duration(max_clock_skew)));
  }
  if (std::isnan(*value)) {
    return missing(
        Reason::NotANumber,
        "the query returned NaN: usually it divides by the traffic, and there is none; set "
        "minimumTraffic, or wait for traffic");
  }
  if (std::isinf(*value)) {
    return missing(Reason::InfiniteValue,
                   fmt::format("the query returned {}: usually it divides by 0; correct the query",
                               codec::format_number(*value)));
  }
  return MetricValue{.value = *value, .at = *at};
}

std::expected<Json, MissingValue> parse_api_response(const api::HttpResponse& response,
                                                     std::size_t max_size) {
  if (response.is_too_large || response.body.size() > max_size) {
    return missing(
        Reason::ResponseTooLarge,
        fmt::format("the response of the metrics server is larger than {} MiB; aggregate "
                    "the series, for example with sum()",
                    max_size / (std::size_t{1024} * 1024)));
  }
  if (response.outcome != ProbeOutcome::Answered) return answer_without_response(response);
  if (response.status != 200) return answer_of_error(response.status, api_error_of(response.body));
  auto json = codec::parse_json(response.body);
  if (!json) {
    return no_result(
        fmt::format("{}, {}", clip(response.content_type, 64), server_quote(response.body)));
  }
  const std::string status = codec::text_at(*json, {"status"});
  if (status == "success") return std::move(*json);
  if (status == "error") return answer_of_error(200, api_error_of(response.body));
  return no_result("it has no status");
}

PrometheusAnswer parse_prometheus_answer(const api::HttpResponse& response, Time evaluated_at) {
  const auto body = parse_api_response(response);
  if (!body) return std::unexpected(body.error());
  return answer_of_success(*body, evaluated_at);
}

}  // namespace lastgood::checks
