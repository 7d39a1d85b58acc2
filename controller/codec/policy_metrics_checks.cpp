#include "codec/policy_metrics_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "codec/promql.hpp"
#include "codec/query_forms.hpp"
#include "codec/series_selector.hpp"
#include "codec/values.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t max_label_matches = 16;
constexpr int default_minimum_requests = 20;
constexpr Comparison default_error_limit{.operation = Comparison::Operator::Greater, .limit = 0.05};

Duration read_timeout(const Reader& reader, Duration fallback, Duration interval) {
  return reader.parsed("timeout", std::min(fallback, interval),
                       duration_within(Duration{100}, minutes{1}));
}

MetricsServer read_server(const Reader& reader, Duration interval) {
  MetricsServer server{.address = reader.text("address"),
                       .credentials = reader.text("credentialsSecret")};
  if (const auto url = parse_http_url(server.address); !server.address.empty() && !url)
    reader.set_error("address", url.error().message);
  if (reader.has("credentialsSecret") && !is_dns_subdomain(server.credentials)) {
    reader.set_error("credentialsSecret",
                     in_quotes(server.credentials) + " is not a valid name of a Secret");
  }
  server.timeout = read_timeout(reader, server.timeout, interval);
  return server;
}

StringMap read_label_matches(const Reader& reader) {
  StringMap labels = reader.strings("matchLabels");
  if (labels.size() > max_label_matches) {
    reader.set_error("matchLabels", fmt::format("has {} labels, at most {} are allowed",
                                                labels.size(), max_label_matches));
  }
  for (const auto& [name, value] : labels) {
    // In PromQL, a series without the label has the empty value, so such a series would match.
    if (value.empty())
      reader.set_error("matchLabels", in_quotes(name) +
                                          " has an empty value, which every series "
                                          "without this label has too");
  }
  return labels;
}

// A number above `low` and at most `high`.
double read_number(const Reader& reader, const char* key, double fallback, double low,
                   double high) {
  const double value = reader.number(key, fallback);
  if (value > low && value <= high) return value;
  reader.set_error(key, fmt::format("{} is not a number above {} and at most {}",
                                    format_number(value), format_number(low), format_number(high)));
  return fallback;
}

constexpr double max_number = 1e15;

std::optional<BaselineComparison> read_compare(const Reader& reader) {
  if (!reader.has("compareWith")) {
    for (const char* key : {"ratioAbove", "andAbove"}) {
      if (reader.has(key)) reader.set_error(key, "needs compareWith: Baseline");
    }
    return {};
  }
  if (reader.text("compareWith") != "Baseline")
    reader.set_error("compareWith", in_quotes(reader.text("compareWith")) + " is not Baseline");
  for (const char* key : {"ratioAbove", "andAbove"}) {
    if (!reader.has(key)) reader.set_error(key, "is missing, but compareWith needs it");
  }
  return BaselineComparison{.ratio_above = read_number(reader, "ratioAbove", 2, 0, max_number),
                            .and_above = reader.number("andAbove")};
}

std::optional<Comparison> read_fail_if(const Reader& reader) {
  if (!reader.has("failIf")) return {};
  return reader.parsed("failIf", default_error_limit, parse_comparison);
}

// Reads the two conditions of a check. If the policy has neither, `fail_if` is `fallback`.
void read_failure_conditions(const Reader& reader, std::optional<Comparison>& fail_if,
                             std::optional<BaselineComparison>& compare,
                             const std::optional<Comparison>& fallback) {
  fail_if = read_fail_if(reader);
  compare = read_compare(reader);
  if (fail_if || compare) return;
  fail_if = fallback;
  if (!fallback)
    reader.set_error("failIf", R"(is missing; use a comparison such as "> 0.05", or compareWith)");
}

std::string read_query(const Reader& reader, const char* key) {
  std::string query = reader.text(key);
  if (!reader.has(key))
    reader.set_error(key, "is missing; use a PromQL expression with one value as its result");
  else if (const auto use = validate_query(query); !use)
    reader.set_error(key, use.error().message);
  return query;
}

std::string read_metric_name(const Reader& reader, const char* key) {
  std::string name = reader.text(key);
  if (!is_metric_name(name)) {
    reader.set_error(
        key, in_quotes(name) + " is not the name of a metric, such as \"http_requests_total\"");
  }
  return name;
}

PodLabels read_pod_labels(const Reader& form) {
  PodLabels labels;
  if (form.has("namespaceLabel")) labels.namespace_ = form.text("namespaceLabel");
  if (form.has("podLabel")) labels.pod = form.text("podLabel");
  for (const char* key : {"namespaceLabel", "podLabel"}) {
    const std::string name = form.text(key);
    if (form.has(key) && (!is_metric_name(name) || name.contains(':')))
      form.set_error(key, in_quotes(name) + " is not the name of a label, such as \"pod\"");
  }
  return labels;
}

// Reads errorRatio or latency: see query_forms.hpp.
void read_form(const Reader& form, bool is_latency, PrometheusCheck& check) {
  check.window = form.parsed("window", Duration{minutes{1}}, duration_within(seconds{4}, hours{1}));
  const PodLabels labels = read_pod_labels(form);
  const int requests = form.int_or("minimumRequests", default_minimum_requests, 1, 1'000'000);
  std::string counter;
  if (is_latency) {
    const std::string histogram = read_metric_name(form, "histogram");
    const double quantile = read_number(form, "quantile", 0.99, 0, 1);
    check.query = latency_query(histogram, quantile, labels, check.window);
    counter = histogram + "_count";
  } else {
    counter = read_metric_name(form, "metric");
    const std::string errors = form.has("errors") ? form.text("errors") : R"(code=~"5..")";
    check.query = error_ratio_query(counter, errors, labels, check.window);
    if (const auto use = validate_query(check.query); !use)
      form.set_error("errors", use.error().message);
  }
  check.minimum_traffic = MinimumTraffic{.query = requests_query(counter, labels, check.window),
                                         .at_least = static_cast<double>(requests)};
}

}  // namespace

PrometheusCheck read_prometheus(const Reader& reader, Duration interval) {
  PrometheusCheck check;
  check.server = read_server(reader, interval);
  const int sources = static_cast<int>(reader.has("query")) +
                      static_cast<int>(reader.has("errorRatio")) +
                      static_cast<int>(reader.has("latency"));
  if (sources > 1)
    reader.set_error("query", "must be the only one of query, errorRatio and latency");
  const bool is_error_ratio = reader.has("errorRatio");
  if (is_error_ratio) {
    read_form(reader.object("errorRatio"), false, check);
  } else if (reader.has("latency")) {
    read_form(reader.object("latency"), true, check);
  } else {
    check.query = read_query(reader, "query");
  }
  read_failure_conditions(reader, check.fail_if, check.compare,
                          is_error_ratio ? std::optional(default_error_limit) : std::nullopt);
  if (reader.has("minimumTraffic")) {
    const Reader traffic = reader.object("minimumTraffic");
    check.minimum_traffic = MinimumTraffic{.query = read_query(traffic, "query"),
                                           .at_least = traffic.number("atLeast")};
  }
  return check;
}

PrometheusRuleCheck read_prometheus_rule(const Reader& reader, Duration interval) {
  PrometheusRuleCheck check{.server = read_server(reader, interval),
                            .rule_namespace = reader.text("namespace"),
                            .rule = reader.text("name"),
                            .alert = reader.text("alert"),
                            .match_labels = read_label_matches(reader)};
  if (reader.has("namespace") && !is_dns_label(check.rule_namespace))
    reader.set_error("namespace", in_quotes(check.rule_namespace) + " is not a valid namespace");
  if (!is_dns_subdomain(check.rule))
    reader.set_error("name", in_quotes(check.rule) + " is not a valid name of a PrometheusRule");
  if (check.alert.empty())
    reader.set_error("alert", "is missing; use the name of an alert of the PrometheusRule");
  return check;
}

AlertCheck read_alert(const Reader& reader, Duration interval) {
  AlertCheck check{.server = read_server(reader, interval),
                   .alert = reader.text("name"),
                   .match_labels = read_label_matches(reader)};
  if (check.alert.empty()) reader.set_error("name", "is missing; use the name of an alert");
  return check;
}

namespace {

// Empty if the key is absent.
std::string read_selector(const Reader& reader, const char* key) {
  std::string text = reader.text(key);
  if (text.empty()) return text;
  if (const auto parsed = SeriesSelector::parse(text); !parsed)
    reader.set_error(key, parsed.error().message);
  return text;
}

void read_pod_metrics_value(const Reader& reader, PodMetricsCheck& check) {
  const int sources = static_cast<int>(reader.has("errorRatio")) +
                      static_cast<int>(reader.has("latency")) +
                      static_cast<int>(reader.has("gauge"));
  if (sources > 1)
    reader.set_error("errorRatio", "must be the only one of errorRatio, latency and gauge");
  if (reader.has("latency")) {
    const Reader latency = reader.object("latency");
    check.value = PodMetricsCheck::Value::Latency;
    check.histogram = read_selector(latency, "histogram");
    check.quantile = read_number(latency, "quantile", check.quantile, 0, 1);
  } else if (reader.has("gauge")) {
    check.value = PodMetricsCheck::Value::Gauge;
    check.gauge = read_selector(reader.object("gauge"), "metric");
    if (check.gauge.empty())
      reader.object("gauge").set_error("metric", "is missing; use the name of a gauge");
  } else {
    const Reader ratio = reader.object("errorRatio");
    check.total = read_selector(ratio, "total");
    check.errors = read_selector(ratio, "errors");
    if (check.total.empty() != check.errors.empty()) {
      ratio.set_error(check.total.empty() ? "total" : "errors",
                      "is missing; set both total and errors, or none");
    }
  }
}

}  // namespace

PodMetricsCheck read_pod_metrics(const Reader& reader, Duration interval) {
  PodMetricsCheck check;
  read_pod_metrics_value(reader, check);
  if (reader.has("port"))
    check.port = static_cast<std::uint16_t>(reader.int_or("port", 1, 1, 65535));
  check.path = reader.text("path");
  if (reader.has("path") && !is_request_path(check.path))
    reader.set_error("path", in_quotes(check.path) + R"( must begin with "/" and have no spaces)");
  check.scheme = reader.text("scheme");
  if (reader.has("scheme") && check.scheme != "http" && check.scheme != "https")
    reader.set_error("scheme", in_quotes(check.scheme) + " is not http or https");
  check.minimum_requests = reader.int_or("minimumRequests", default_minimum_requests, 1, 1'000'000);
  const bool has_default = check.value == PodMetricsCheck::Value::ErrorRatio;
  read_failure_conditions(reader, check.fail_if, check.compare,
                          has_default ? std::optional(default_error_limit) : std::nullopt);
  check.timeout = read_timeout(reader, check.timeout, interval);
  return check;
}

ExternalMetricCheck read_external_metric(const Reader& reader, Duration interval) {
  ExternalMetricCheck check{.metric = reader.text("metric"),
                            .match_labels = read_label_matches(reader)};
  if (check.metric.empty())
    reader.set_error("metric", "is missing; use the name of an external metric");
  if (check.metric.size() > 253 || check.metric.contains('/'))
    reader.set_error("metric", in_quotes(check.metric) + " is not the name of a metric");
  const auto fail_if = read_fail_if(reader);
  if (!fail_if) reader.set_error("failIf", R"(is missing; use a comparison such as "> 100")");
  check.fail_if = fail_if.value_or(Comparison{});
  check.timeout = read_timeout(reader, check.timeout, interval);
  return check;
}

}  // namespace lastgood::codec
