// Sends the queries of metrics checks to their servers, and reads external metrics. Each server has
// its own connections, so a slow one delays only its own checks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/external_metric.hpp"
#include "checks/prometheus_check.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "shell/metrics_sender.hpp"

namespace lastgood::shell {

struct MetricsSettings {
  std::string prometheus_address;      // of the checks that have no address; empty: none
  std::string prometheus_credentials;  // folder with the credentials for it; empty: none
};

struct ExternalMetricRelease {
  bool nothing_started = false;    // see checks::nothing_started()
  std::optional<Time> began = {};  // when the evaluation of the release began
  checks::KnownBefore known_before = checks::KnownBefore::No;
};

class MetricsRunner {
 public:
  MetricsRunner(MetricsSender& sender, ports::KubeApi& kube, ports::Clock& clock,
                MetricsSettings settings)
      : sender_(sender), kube_(kube), clock_(clock), settings_(std::move(settings)) {}

  // Measures the check `prometheus` with these variables. `at`: the time for which the server
  // evaluates the queries; absent: its present time.
  boost::asio::awaitable<api::Measurement> measure(const api::Check& check,
                                                   const codec::QueryVariables& variables,
                                                   std::optional<Time> at = {});

  // Measures the check `externalMetric` for a release.
  boost::asio::awaitable<api::Measurement> measure_external_release(
      const api::Check& check, const api::Deployment& deployment,
      const ExternalMetricRelease& release);

  // The result of the check for the baseline. No pod of the release has started.
  boost::asio::awaitable<std::optional<api::BaselineResult>> external_baseline(
      const api::Check& check, const api::Deployment& deployment,
      const checks::BaselineCandidate& candidate, std::optional<Time> released);

 private:
  boost::asio::awaitable<api::Measurement> measure_external(const api::Check& check,
                                                            const std::string& namespace_,
                                                            std::optional<Time> released);

  MetricsSender& sender_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  MetricsSettings settings_;
};

}  // namespace lastgood::shell
