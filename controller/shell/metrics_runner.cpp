#include "shell/metrics_runner.hpp"

#include "checks/baseline.hpp"
#include "checks/metrics_baseline.hpp"
#include "checks/rule_check.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

// Here the value of a baseline is always from before a pod of the release had started.
constexpr bool nothing_started = true;

}  // namespace

asio::awaitable<api::Measurement> MetricsRunner::measure(MetricsRequest request) {
  const api::CheckKind& kind = request.check.kind;
  if (std::holds_alternative<api::PrometheusRuleCheck>(kind)) return measure_rule(request);
  if (std::holds_alternative<api::AlertCheck>(kind)) return measure_alert(request);
  return measure_query(request);
}

asio::awaitable<api::Measurement> MetricsRunner::measure_query(MetricsRequest request) {
  const checks::PrometheusPlan plan = checks::plan_prometheus(
      request.check, request.variables, settings_.prometheus_address, request.at);
  if (plan.measurement) co_return *plan.measurement;
  const api::MetricsServer& server = std::get<api::PrometheusCheck>(request.check.kind).server;
  const std::string& namespace_ = request.variables.namespace_;
  const auto value = co_await sender_.send(server, namespace_, plan.value);
  if (!value) co_return checks::measurement_without_credentials(request.check.name, value.error());
  std::optional<api::HttpResponse> traffic;
  if (plan.traffic) {
    const auto response = co_await sender_.send(server, namespace_, *plan.traffic);
    if (!response)
      co_return checks::measurement_without_credentials(request.check.name, response.error());
    traffic = *response;
  }
  const api::Measurement measurement =
      checks::measure_prometheus(request.check, plan, *value, traffic, request.at, clock_.now());
  const auto explanation = checks::plan_explanation(request.check, measurement, request.variables,
                                                    settings_.prometheus_address, request.at);
  if (!explanation) co_return measurement;
  const auto response = co_await sender_.send(server, namespace_, *explanation);
  if (!response) co_return measurement;
  co_return checks::explain(request.check, measurement, request.variables, *response, request.at,
                            clock_.now());
}

asio::awaitable<api::Measurement> MetricsRunner::measure_rule(MetricsRequest request) {
  const auto& wanted = std::get<api::PrometheusRuleCheck>(request.check.kind);
  const std::string& namespace_ = request.variables.namespace_;
  const Key key = checks::rule_key(wanted, namespace_);
  const auto rules = co_await rules_.read(key);
  const checks::RulePlan plan =
      checks::plan_rule(request.check, request.variables, key, *rules, settings_.prometheus_address,
                        request.at, request.pod_label);
  if (plan.measurement) co_return *plan.measurement;
  const auto value = co_await sender_.send(wanted.server, namespace_, plan.value);
  if (!value) co_return checks::measurement_without_credentials(request.check.name, value.error());
  std::optional<api::HttpResponse> presence;
  if (checks::needs_presence(plan, *value, request.at, clock_.now())) {
    const auto response = co_await sender_.send(wanted.server, namespace_, plan.presence);
    if (!response)
      co_return checks::measurement_without_credentials(request.check.name, response.error());
    presence = *response;
  }
  co_return checks::measure_rule(request.check, plan, *value, presence, request.at, clock_.now());
}

asio::awaitable<api::Measurement> MetricsRunner::measure_alert(MetricsRequest request) {
  const auto call = checks::plan_alert(request.check, settings_.prometheus_address);
  const api::MetricsServer& server = std::get<api::AlertCheck>(request.check.kind).server;
  checks::AlertResponse response;
  if (call) response = co_await sender_.send(server, request.variables.namespace_, *call);
  const checks::AlertInputs inputs{.check = request.check,
                                   .variables = request.variables,
                                   .received = request.alerts,
                                   .release = request.release,
                                   .pod_label = request.pod_label};
  checks::AlertResponse presence;
  const auto count =
      checks::plan_alert_presence(inputs, response, settings_.prometheus_address, clock_.now());
  if (count) presence = co_await sender_.send(server, request.variables.namespace_, *count);
  co_return checks::measure_alert(inputs, response, presence, clock_.now());
}

asio::awaitable<checks::ExternalMetricMeasured> MetricsRunner::measure_external(
    const api::Check& check, const std::string& namespace_, std::optional<Time> released) {
  const auto& external = std::get<api::ExternalMetricCheck>(check.kind);
  const auto call = checks::plan_external_metric(external, namespace_);
  checks::ExternalMetricResponse response{
      .value = call ? co_await kube_.call(*call, external.timeout) : std::unexpected(call.error()),
      .released = released};
  if (checks::needs_external_metrics_api(response.value))
    response.api = co_await kube_.call(checks::plan_external_metrics_api(), external.timeout);
  co_return checks::measure_external_response(check, response, clock_.now());
}

asio::awaitable<api::Measurement> MetricsRunner::measure_external_release(
    const api::Check& check, const api::Deployment& deployment,
    const ExternalMetricRelease& release) {
  api::Measurement measurement = checks::external_metric_before_start(check, release.delay);
  if (!release.nothing_started) {
    auto measured = co_await measure_external(check, deployment.meta.key.namespace_, release.began);
    measurement = checks::with_evidence(std::move(measured.release), release.known_before);
    if (measured.baseline && release.replaced) {
      measurement.baseline_revision = release.replaced->revision.hash;
      measurement.baseline = checks::candidate_result(
          *measured.baseline, *release.replaced,
          rollback::name_of(deployment, release.replaced->revision), nothing_started, clock_.now());
    }
  }
  measurement.at = clock_.now();
  co_return measurement;
}

asio::awaitable<std::optional<api::BaselineResult>> MetricsRunner::external_baseline(
    const api::Check& check, const api::Deployment& deployment,
    const checks::BaselineCandidate& candidate) {
  for (int failures = 1;; ++failures) {
    // No pod of the release has started, so a value from before the release is as good as a newer
    // one.
    const auto measured =
        co_await measure_external(check, deployment.meta.key.namespace_, std::nullopt);
    const api::Measurement& once = measured.release;
    auto result =
        checks::candidate_result(once, candidate, rollback::name_of(deployment, candidate.revision),
                                 nothing_started, clock_.now());
    if (!result) co_return std::nullopt;
    if (!checks::repeats_baseline(once, nothing_started, failures))
      co_return checks::with_failures(*std::move(result), failures);
    co_await clock_.sleep_until(clock_.monotonic_now() + checks::repeat_delay);
  }
}

}  // namespace lastgood::shell
