// The request of a prometheus check: an instant query to a server with the HTTP API of Prometheus.
// https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "api/policy.hpp"
#include "base/result.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

struct ServerAddress {
  bool tls = false;
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string path_prefix;  // "" or, for example, "/prometheus"; without a slash at its end
  bool operator==(const ServerAddress&) const = default;
};

// "https://prometheus.monitoring:9090/prefix": a URL as for codec::parse_http_url(), without a
// query, and without the path of the API. Every error is BadInput.
[[nodiscard]] Result<ServerAddress> parse_server_address(std::string_view text);

// A request to the server without the path of the API. `default_address`: of the chart; empty:
// none. It is used if the check has no address. `timeout`: of the whole request, usually that of
// the check. The error is BadInput, if there is no valid address.
[[nodiscard]] Result<api::HttpCall> plan_api_call(const api::MetricsServer& server,
                                                  std::string_view default_address,
                                                  Duration timeout);

// The request for an instant query. The errors are those of plan_api_call().
[[nodiscard]] Result<api::HttpCall> plan_query(const api::MetricsServer& server,
                                               const codec::BoundQuery& query,
                                               std::string_view default_address, Duration timeout);

// Lets the server evaluate the query for this time, instead of its present time.
void add_time(api::HttpCall& query, Time at);

}  // namespace lastgood::checks
