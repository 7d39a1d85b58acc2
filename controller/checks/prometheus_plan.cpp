#include "checks/prometheus_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "checks/prometheus_answer.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

std::unexpected<Error> bad_address(std::string_view text, std::string_view problem) {
  return fail(ErrorKind::BadInput, fmt::format("{} {}", in_quotes(text, 128), problem));
}

// Prometheus stops a query at the `timeout` parameter only between two steps, so the client has its
// own deadline too. Prometheus reads "1.5" as seconds, but not "1.5s".
std::string seconds_of(Duration timeout) {
  return fmt::format("{}", static_cast<double>(std::max(timeout, Duration{1}).count()) / 1000);
}

}  // namespace

Result<ServerAddress> parse_server_address(std::string_view text) {
  const auto url = codec::parse_http_url(text);
  if (!url) return std::unexpected(url.error());
  if (url->target.contains('?')) return bad_address(text, "must not contain a query (\"?\")");
  // Prometheus redirects a path with two slashes.
  std::string prefix = url->target;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.contains("//")) return bad_address(text, "must not contain an empty path segment");
  if (prefix.ends_with("/api/v1") || prefix.ends_with("/api/v1/query")) {
    return bad_address(text,
                       "must be the address of the server without \"/api/v1\", such as "
                       "\"http://prometheus.monitoring:9090\"");
  }
  return ServerAddress{
      .tls = url->tls, .host = url->host, .port = url->port, .path_prefix = std::move(prefix)};
}

Result<api::HttpCall> plan_api_call(const api::MetricsServer& server,
                                    std::string_view default_address, Duration timeout) {
  const std::string_view text = server.address.empty() ? default_address : server.address;
  if (text.empty()) {
    return fail(
        ErrorKind::BadInput,
        "neither the check nor the chart has the address of a metrics server; set address in "
        "the check, or prometheus.address of the chart");
  }
  auto address = parse_server_address(text);
  if (!address) return std::unexpected(address.error());
  api::HttpCall call{.host = std::move(address->host),
                     .port = address->port,
                     .target = std::move(address->path_prefix),
                     .headers = {{.name = "Accept", .value = "application/json"}},
                     .max_body_bytes = max_answer_size,
                     .timeout = timeout};
  if (address->tls) call.tls = api::TlsSettings{};
  return call;
}

Result<api::HttpCall> plan_query(const api::MetricsServer& server, const codec::BoundQuery& query,
                                 std::string_view default_address, Duration timeout) {
  auto call = plan_api_call(server, default_address, timeout);
  if (!call) return call;
  call->method = "POST";
  call->target += "/api/v1/query";
  call->content_type = "application/x-www-form-urlencoded";
  // Thanos: an error instead of a result without the stores that do not respond. VictoriaMetrics:
  // the latest data instead of those of 30 s ago. Other servers ignore both parameters.
  call->body = fmt::format("query={}&timeout={}&partial_response=false&nocache=1",
                           percent_encoded(query.value), seconds_of(timeout));
  return call;
}

void add_time(api::HttpCall& query, Time at) {
  const auto milliseconds = at.time_since_epoch().count();
  query.body += fmt::format("&time={}.{:03}", milliseconds / 1000, milliseconds % 1000);
}

}  // namespace lastgood::checks
