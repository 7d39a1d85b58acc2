#include "shell/metrics_runner.hpp"

#include "checks/baseline.hpp"
#include "checks/metrics_baseline.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

asio::awaitable<api::Measurement> MetricsRunner::measure(const api::Check& check,
                                                         const codec::QueryVariables& variables,
                                                         std::optional<Time> at) {
  const checks::PrometheusPlan plan =
      checks::plan_prometheus(check, variables, settings_.prometheus_address, at);
  if (plan.measurement) co_return *plan.measurement;
  const api::MetricsServer& server = std::get<api::PrometheusCheck>(check.kind).server;
  const auto value = co_await sender_.send(server, variables.namespace_, plan.value);
  if (!value) co_return checks::measurement_without_credentials(check.name, value.error());
  std::optional<api::HttpResponse> traffic;
  if (plan.traffic) {
    const auto response = co_await sender_.send(server, variables.namespace_, *plan.traffic);
    if (!response) co_return checks::measurement_without_credentials(check.name, response.error());
    traffic = *response;
  }
  co_return checks::measure_prometheus(check, plan, *value, traffic, at, clock_.now());
}

asio::awaitable<api::Measurement> MetricsRunner::measure_external(const api::Check& check,
                                                                  const std::string& namespace_,
                                                                  std::optional<Time> released) {
  const auto& external = std::get<api::ExternalMetricCheck>(check.kind);
  const auto call = checks::plan_external_metric(external, namespace_);
  checks::ExternalMetricResponse response{
      .value = call ? co_await kube_.call(*call, external.timeout) : std::unexpected(call.error()),
      .released = released};
  if (checks::needs_external_metrics_api(response.value))
    response.api = co_await kube_.call(checks::plan_external_metrics_api(), external.timeout);
  const Time now = clock_.now();
  co_return checks::measure_external_metric(
      check, checks::parse_external_metric(external, response, now), now);
}

asio::awaitable<api::Measurement> MetricsRunner::measure_external_release(
    const api::Check& check, const api::Deployment& deployment,
    const ExternalMetricRelease& release) {
  api::Measurement measurement = checks::not_started(check);
  if (!release.nothing_started) {
    measurement = co_await measure_external(check, deployment.meta.key.namespace_, release.began);
    measurement = checks::with_evidence(std::move(measurement), release.known_before);
  }
  measurement.at = clock_.now();
  co_return measurement;
}

asio::awaitable<std::optional<api::BaselineResult>> MetricsRunner::external_baseline(
    const api::Check& check, const api::Deployment& deployment,
    const checks::BaselineCandidate& candidate, std::optional<Time> released) {
  constexpr bool nothing_started = true;
  for (int failures = 1;; ++failures) {
    const api::Measurement once =
        co_await measure_external(check, deployment.meta.key.namespace_, released);
    auto result = checks::trusted_result(
        checks::baseline_result(once, rollback::name_of(deployment, candidate.revision),
                                nothing_started, clock_.now()),
        candidate.trust);
    if (!result) co_return std::nullopt;
    if (!checks::repeats_baseline(once, nothing_started, failures))
      co_return checks::with_failures(*std::move(result), failures);
    co_await clock_.sleep_until(clock_.monotonic_now() + checks::repeat_delay);
  }
}

}  // namespace lastgood::shell
