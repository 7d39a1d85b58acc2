#include "checks/prometheus_check.hpp"

#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "base/text.hpp"
#include "checks/baseline_comparison.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"
#include "checks/missing_data.hpp"
#include "checks/prometheus_answer.hpp"
#include "checks/prometheus_measurement.hpp"
#include "checks/prometheus_plan.hpp"
#include "checks/rule_check.hpp"

namespace lastgood::checks {

namespace {

const api::PrometheusCheck& prometheus_of(const api::Check& check) {
  return std::get<api::PrometheusCheck>(check.kind);
}

api::Measurement unknown(const api::Check& check, const Error& error) {
  // A variable such as $pods has no value: the new revision has no pods yet, or the baseline has no
  // pods any more.
  const bool lacks_pods = error.kind == ErrorKind::NotFound;
  return {.check = check.name,
          .reason = lacks_pods ? api::Reason::NoPodsToProbe : api::Reason::InvalidCheck,
          .message = lacks_pods ? error.message +
                                      ", because the revision has no active pod, or there is no "
                                      "other revision to compare with"
                                : error.message};
}

Result<api::HttpCall> call_for(const api::PrometheusCheck& check, const codec::BoundQuery& query,
                               const std::string& default_address, std::optional<Time> at) {
  auto call = plan_query(check.server, query, default_address, check.server.timeout);
  if (call && at) add_time(*call, *at);
  return call;
}

struct PlannedQuery {
  codec::BoundQuery query;
  api::HttpCall call;
};

// Binds the query and plans its request.
Result<PlannedQuery> plan_one(const api::PrometheusCheck& check, const std::string& query,
                              const codec::QueryVariables& variables,
                              const std::string& default_address, std::optional<Time> at) {
  auto bound = codec::bind_query(query, variables);
  if (!bound) return std::unexpected(bound.error());
  auto call = call_for(check, *bound, default_address, at);
  if (!call) return std::unexpected(call.error());
  return PlannedQuery{.query = *std::move(bound), .call = *std::move(call)};
}

}  // namespace

bool distinguishes_revisions(const api::Check& check) {
  const auto* const prometheus = std::get_if<api::PrometheusCheck>(&check.kind);
  if (!prometheus) return places_by_pod(check.kind);
  const auto use = codec::validate_query(prometheus->query);
  return use && codec::distinguishes_revisions(*use);
}

bool is_about_all_pods(const api::Check& check) {
  return std::visit(Overloaded{[](const api::HttpCheck&) { return false; },
                               [](const api::PodMetricsCheck&) { return false; },
                               [](const api::ExternalMetricCheck&) { return true; },
                               [&](const auto&) { return !distinguishes_revisions(check); }},
                    check.kind);
}

bool uses_baseline_pods(const api::Check& check) {
  const auto uses = [](const std::string& query) {
    const auto use = codec::validate_query(query);
    return use && use->variables.contains(codec::QueryVariable::BaselinePods);
  };
  const auto* const prometheus = std::get_if<api::PrometheusCheck>(&check.kind);
  if (!prometheus) return false;
  return uses(prometheus->query) ||
         (prometheus->minimum_traffic && uses(prometheus->minimum_traffic->query));
}

std::vector<std::string> active_pod_names(std::span<const api::Pod> pods) {
  std::vector<std::string> names;
  for (const api::Pod& pod : pods) {
    if (is_pod_active(pod)) names.push_back(pod.meta.key.name);
  }
  return names;
}

codec::QueryVariables variables_of(const api::Deployment& deployment, const api::Revision& revision,
                                   std::span<const api::Pod> pods) {
  return {.namespace_ = deployment.meta.key.namespace_,
          .deployment = deployment.meta.key.name,
          .pods = active_pod_names(pods),
          .revision = std::to_string(revision.number),
          .hash = revision.hash.value};
}

PrometheusPlan plan_prometheus(const api::Check& check, const codec::QueryVariables& variables,
                               const std::string& default_address, std::optional<Time> at) {
  const api::PrometheusCheck& prometheus = prometheus_of(check);
  auto value = plan_one(prometheus, prometheus.query, variables, default_address, at);
  if (!value) return {.measurement = unknown(check, value.error())};
  PrometheusPlan plan{.query = std::move(value->query), .value = std::move(value->call)};
  if (!prometheus.minimum_traffic) return plan;
  auto traffic =
      plan_one(prometheus, prometheus.minimum_traffic->query, variables, default_address, at);
  if (!traffic) return {.measurement = unknown(check, traffic.error())};
  plan.traffic = std::move(traffic->call);
  return plan;
}

api::Measurement measure_prometheus(const api::Check& check, const PrometheusPlan& plan,
                                    const api::HttpResponse& value,
                                    const std::optional<api::HttpResponse>& traffic,
                                    std::optional<Time> at, Time now) {
  const Time evaluated_at = at.value_or(now);
  const api::PrometheusCheck& prometheus = prometheus_of(check);
  std::optional<PrometheusAnswer> traffic_answer;
  if (traffic) traffic_answer = parse_prometheus_answer(*traffic, evaluated_at);
  const PrometheusAnswer answer = parse_prometheus_answer(value, evaluated_at);
  auto measurement =
      measure_prometheus(check.name, prometheus, plan.query, answer, traffic_answer, now);
  measurement.threshold = threshold_text(prometheus.fail_if, prometheus.compare);
  measurement.query = clip(on_one_line(plan.query.value, ' '), max_message_size);
  if (traffic_answer && *traffic_answer) measurement.traffic = (*traffic_answer)->value;
  if (answer) {
    measurement.value = answer->value;
    measurement.evaluated_at = answer->at;
  }
  return measurement;
}

std::optional<api::HttpCall> plan_explanation(const api::Check& check,
                                              const api::Measurement& measurement,
                                              const codec::QueryVariables& variables,
                                              const std::string& default_address,
                                              std::optional<Time> at) {
  const api::PrometheusCheck& prometheus = prometheus_of(check);
  const auto plan = plan_missing_data(prometheus, measurement.reason, variables);
  if (!plan) return std::nullopt;
  auto call = call_for(prometheus, plan->query, default_address, at);
  return call ? std::optional(*std::move(call)) : std::nullopt;
}

api::Measurement explain(const api::Check& check, api::Measurement measurement,
                         const codec::QueryVariables& variables, const api::HttpResponse& response,
                         std::optional<Time> at, Time now) {
  const auto plan = plan_missing_data(prometheus_of(check), measurement.reason, variables);
  if (!plan) return measurement;
  const auto found =
      explain_missing_data(*plan, parse_prometheus_answer(response, at.value_or(now)));
  if (!found) return measurement;
  measurement.reason = found->reason;
  measurement.message = found->message;
  return measurement;
}

}  // namespace lastgood::checks
