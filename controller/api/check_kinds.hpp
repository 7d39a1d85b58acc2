// The kinds of checks of a RollbackPolicy: one struct for each kind.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/meta.hpp"
#include "base/time.hpp"

namespace lastgood::api {

struct StatusRange {  // inclusive
  int from = 200;
  int to = 399;
  bool operator==(const StatusRange&) const = default;
};

enum class HttpTarget : std::uint8_t { Pods, Service, Url };
[[nodiscard]] const char* to_string(HttpTarget target);
[[nodiscard]] std::optional<HttpTarget> parse_http_target(std::string_view text);

// A check has exactly one target:
// - Pods: each pod of the new revision, at the IP of the pod.
// - Service: the same pods, at the target port that belongs to `port` of the Service `service`.
// - Url: the `url`. If its host is a Service of the namespace that selects the pods, each of the
//   pods is probed instead.
struct HttpCheck {
  HttpTarget target = HttpTarget::Pods;
  std::string scheme = "http";               // http or https; for Pods and Service
  std::uint16_t port = 0;                    // for Pods and Service
  std::string path = "/";                    // for Pods and Service
  std::string service;                       // for Service
  std::string url;                           // for Url
  std::vector<StatusRange> expected = {{}};  // "200-399", "200,204,300-399"
  Duration timeout = std::chrono::seconds(2);
  int max_failing_percent = 25;  // of the counted pods; the check fails if more of them fail
  bool operator==(const HttpCheck&) const = default;
};

// A comparison of a value with a limit, for example "> 0.05".
struct Comparison {
  enum class Operator : std::uint8_t {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual
  };
  Operator operation = Operator::Greater;
  double limit = 0;
  bool operator==(const Comparison&) const = default;
};

// A comparison with the value of the baseline at the same time. The check fails if the value is
// above two limits: `ratio_above` times the value of the baseline, and the fixed number
// `and_above`.
struct BaselineComparison {
  double ratio_above = 0;
  double and_above = 0;
  bool operator==(const BaselineComparison&) const = default;
};

// Below this traffic the result of a metrics check is Unknown.
struct MinimumTraffic {
  std::string query;
  double at_least = 0;
  bool operator==(const MinimumTraffic&) const = default;
};

// A server with the HTTP API of Prometheus.
struct MetricsServer {
  std::string address;      // "https://prometheus.monitoring:9090/prefix"; empty: from the chart
  std::string credentials;  // name of a Secret of the namespace; empty: none
  Duration timeout = std::chrono::seconds(5);
  bool operator==(const MetricsServer&) const = default;
};

// An instant query. The queries may have the variables of codec/promql.hpp. At least one of
// `fail_if` and `compare` is set. If both are set, the check fails only if both are met.
struct PrometheusCheck {
  MetricsServer server = {};
  std::string query;  // for the forms errorRatio and latency: see codec/query_forms.hpp
  std::optional<Comparison> fail_if = {};
  std::optional<BaselineComparison> compare = {};
  std::optional<MinimumTraffic> minimum_traffic = {};
  Duration window{0};  // of the forms errorRatio and latency; 0: a user wrote the query
  bool operator==(const PrometheusCheck&) const = default;
};

// An alerting rule of a PrometheusRule (monitoring.coreos.com/v1). Its expression and its `for` are
// read from the cluster. Only series of this Deployment count: see `match_labels`.
struct PrometheusRuleCheck {
  MetricsServer server = {};
  std::string rule_namespace;   // of the PrometheusRule; empty: that of the policy
  std::string rule;             // name of the PrometheusRule
  std::string alert;            // name of the alert
  StringMap match_labels = {};  // empty: labels `namespace` and `pod` of the Deployment
  bool operator==(const PrometheusRuleCheck&) const = default;
};

// Fails while an alert fires, as the server reports it or as Alertmanager sent it.
struct AlertCheck {
  MetricsServer server = {};
  std::string alert;            // name of the alert
  StringMap match_labels = {};  // empty: labels `namespace` and `pod` of the Deployment
  bool operator==(const AlertCheck&) const = default;
};

// Metrics that the pods export, without a metrics server. The value is computed from two scrapes.
struct PodMetricsCheck {
  enum class Value : std::uint8_t {
    ErrorRatio,  // increase of `errors` / increase of `total`
    Latency,     // the `quantile` of the increase of `histogram`, in its unit
    Gauge,       // the mean of `gauge` over the pods
  };
  Value value = Value::ErrorRatio;
  // If these fields are unset, the annotations prometheus.io/* of the pod decide.
  std::string scheme;      // http or https; empty and no annotation: http
  std::uint16_t port = 0;  // 0 and no annotation: a container port with a usual name
  std::string path;        // empty and no annotation: "/metrics"
  // Selectors of series, such as `http_requests_total{code=~"5.."}`. If `total`, `errors` or
  // `histogram` is empty, the usual names of HTTP metrics are used.
  std::string total;
  std::string errors;
  std::string histogram;
  std::string gauge;
  double quantile = 0.99;
  double minimum_requests = 20;  // between two scrapes; not for a gauge
  std::optional<Comparison> fail_if = {};
  std::optional<BaselineComparison> compare = {};
  Duration timeout = std::chrono::seconds(2);
  bool operator==(const PodMetricsCheck&) const = default;
};

// A metric of the API external.metrics.k8s.io, which an adapter in the cluster serves.
struct ExternalMetricCheck {
  std::string metric;
  StringMap match_labels = {};
  Comparison fail_if = {};
  Duration timeout = std::chrono::seconds(5);
  bool operator==(const ExternalMetricCheck&) const = default;
};

using CheckKind = std::variant<HttpCheck, PrometheusCheck, PrometheusRuleCheck, AlertCheck,
                               PodMetricsCheck, ExternalMetricCheck>;

}  // namespace lastgood::api
