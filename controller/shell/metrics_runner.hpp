// Sends the queries of metrics checks to their servers. Each server has its own connections, so a
// slow one delays only its own checks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "checks/prometheus_check.hpp"
#include "ports/clock.hpp"
#include "ports/http_client.hpp"

namespace lastgood::shell {

struct MetricsSettings {
  std::string prometheus_address;  // of the checks that have no address; empty: none
};

class MetricsRunner {
 public:
  MetricsRunner(ports::HttpClient& http, ports::Clock& clock, MetricsSettings settings)
      : http_(http), clock_(clock), settings_(std::move(settings)) {}

  // Measures the check `prometheus` with these variables. `at`: the time for which the server
  // evaluates the queries; absent: its present time.
  boost::asio::awaitable<api::Measurement> measure(const api::Check& check,
                                                   const codec::QueryVariables& variables,
                                                   std::optional<Time> at = {});

 private:
  ports::HttpClient& http_;
  ports::Clock& clock_;
  MetricsSettings settings_;
};

}  // namespace lastgood::shell
