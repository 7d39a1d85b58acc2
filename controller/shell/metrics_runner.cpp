#include "shell/metrics_runner.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

asio::awaitable<api::Measurement> MetricsRunner::measure(const api::Check& check,
                                                         const codec::QueryVariables& variables,
                                                         std::optional<Time> at) {
  const checks::PrometheusPlan plan =
      checks::plan_prometheus(check, variables, settings_.prometheus_address, at);
  if (plan.measurement) co_return *plan.measurement;
  const api::HttpResponse value = co_await http_.call(plan.value);
  std::optional<api::HttpResponse> traffic;
  if (plan.traffic) traffic = co_await http_.call(*plan.traffic);
  co_return checks::measure_prometheus(check, plan, value, traffic, at, clock_.now());
}

}  // namespace lastgood::shell
