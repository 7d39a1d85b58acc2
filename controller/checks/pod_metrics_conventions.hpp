// The metrics by which common libraries count requests and errors. A podMetrics check that names no
// metric uses the first of these that a pod has. The errors are the requests with the status 5xx,
// unless the table has other errors.
//
//   library                           all requests
//   OpenTelemetry, ASP.NET Core       http_server_request_duration_seconds_count
//                                       {http_response_status_code}
//   OpenTelemetry before 1.23         http_server_duration_milliseconds_count{http_status_code}
//   Spring Boot, Quarkus, Micrometer  http_server_requests_seconds_count{status}
//   Go, Node.js, Python and others    http_requests_total{code}, {status} or {status_code}
//   prometheus-net (.NET)             http_requests_received_total{code}
//   express-prom-bundle and others    http_request_duration_seconds_count{code}, {status} or
//                                       {status_code}
//   gRPC                              grpc_server_handled_total{grpc_code}; errors: the codes for
//                                       a failure of the server, such as Unavailable
//   Istio                             istio_requests_total{reporter="destination",response_code}
//   Linkerd                           response_total{direction="inbound",classification}; errors:
//                                       classification="failure"
//
// For the latency, these are the histograms, in the same order. All are in seconds:
//   http_server_request_duration_seconds, http_server_requests_seconds,
//   http_request_duration_seconds
//
// - https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
// - https://docs.spring.io/spring-boot/reference/actuator/metrics.html
// - https://learn.microsoft.com/aspnet/core/log-mon/metrics/built-in
// - https://istio.io/latest/docs/reference/config/metrics/
// - https://linkerd.io/2/reference/proxy-metrics/
//
// promhttp_metric_handler_requests_total of the Go library is not one of them: it counts only the
// requests of the metrics page itself, and these succeed in every release.
#pragma once

#include <span>

namespace lastgood::checks {

struct RatioConvention {
  const char* total;   // the selector of all requests
  const char* errors;  // the selector of the errors among them
};

// In the order of preference. The metrics of the application are before those of a proxy.
[[nodiscard]] std::span<const RatioConvention> ratio_conventions();

// Names of histograms. Spring Boot has buckets only if the application enables them.
[[nodiscard]] std::span<const char* const> latency_conventions();

}  // namespace lastgood::checks
