// Measures the checks that a metrics server answers, and reads external metrics. Each server has
// its own connections, so a slow one delays only its own checks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>
#include <string>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/external_metric.hpp"
#include "checks/placement.hpp"
#include "checks/prometheus_check.hpp"
#include "checks/release_start.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "runtime/gateway.hpp"
#include "shell/metrics_sender.hpp"
#include "shell/rule_reader.hpp"

namespace lastgood::shell {

struct MetricsSettings {
  std::string prometheus_address;      // of the checks that have no address; empty: none
  std::string prometheus_credentials;  // folder with the credentials for it; empty: none
};

struct ExternalMetricRelease {
  bool nothing_started = false;  // see checks::nothing_started()
  checks::InitialDelay delay = checks::InitialDelay::Over;
  std::optional<Time> began = {};  // when the evaluation of the release began
  checks::KnownBefore known_before = checks::KnownBefore::No;
  // The baseline to which a value from before the release belongs; null: there is none.
  const checks::BaselineCandidate* replaced = nullptr;
};

// The subject of a measurement: a check `prometheus`, `prometheusRule` or `alert`.
struct MetricsRequest {
  const api::Check& check;
  const codec::QueryVariables& variables;  // of the measured revision
  // The time for which the server evaluates the queries; absent: its present time. An alert is
  // always of the present time.
  std::optional<Time> at = {};
  std::span<const api::ReceivedAlert> alerts = {};  // from Alertmanager
  checks::ReleaseStart release = {};                // for the alerts
  checks::PodLabel pod_label = checks::PodLabel::Optional;
};

class MetricsRunner {
 public:
  MetricsRunner(MetricsSender& sender, ports::KubeApi& kube, runtime::Gateway& gateway,
                ports::Clock& clock, MetricsSettings settings)
      : sender_(sender),
        kube_(kube),
        clock_(clock),
        rules_(gateway, clock),
        settings_(std::move(settings)) {}

  // The objects of the request must exist until the measurement is complete.
  boost::asio::awaitable<api::Measurement> measure(MetricsRequest request);

  // Measures the check `externalMetric` for a release. If the value is from before the release, it
  // becomes the result of the baseline `release.replaced`.
  boost::asio::awaitable<api::Measurement> measure_external_release(
      const api::Check& check, const api::Deployment& deployment,
      const ExternalMetricRelease& release);

  // The result of the check for the baseline. Precondition: no pod of the release has started.
  boost::asio::awaitable<std::optional<api::BaselineResult>> external_baseline(
      const api::Check& check, const api::Deployment& deployment,
      const checks::BaselineCandidate& candidate);

 private:
  boost::asio::awaitable<api::Measurement> measure_query(MetricsRequest request);
  boost::asio::awaitable<api::Measurement> measure_rule(MetricsRequest request);
  boost::asio::awaitable<api::Measurement> measure_alert(MetricsRequest request);
  boost::asio::awaitable<checks::ExternalMetricMeasured> measure_external(
      const api::Check& check, const std::string& namespace_, std::optional<Time> released);

  MetricsSender& sender_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  RuleReader rules_;
  MetricsSettings settings_;
};

}  // namespace lastgood::shell
