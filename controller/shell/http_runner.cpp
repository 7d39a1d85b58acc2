#include "shell/http_runner.hpp"

#include "checks/http_measurement.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

asio::awaitable<Result<HttpMeasured>> HttpRunner::measure(const api::Check& check,
                                                          const checks::HttpPlan& plan,
                                                          const HttpRound& round) {
  if (plan.measurement) co_return HttpMeasured{.measurement = *plan.measurement};
  ProbeResults probed = co_await probe_runner_.probe_all(plan.probes);
  std::vector<checks::ProbeResult>& results = probed.results;
  checks::exclude_late(results, api::http_of(check), probed.delay);
  HttpMeasured measured{.measurement = checks::measure_http(check, results, plan),
                        .responders = checks::responders_of(results, round.rolled_out)};
  if (!checks::needs_confirmation(measured.measurement)) co_return measured;
  const auto pods_now = co_await round.pods_now();
  if (!pods_now) co_return std::unexpected(pods_now.error());
  checks::exclude_terminating(results, round.pods, *pods_now);
  if (round.excludes_starting_pods) {
    checks::Responders responders = round.responders;
    responders.add(measured.responders);
    const checks::StartupAllowance allowance{
        .grace = round.startup_grace, .rolled_out = round.rolled_out, .now = clock_.now()};
    checks::exclude_starting(results, *pods_now, allowance, responders);
    checks::exclude_blocked(results, *pods_now, responders, round.recorded_pass);
    checks::exclude_unneeded_silence(check, results, plan);
    co_await probe_runner_.exclude_silent_nodes(results);
  }
  measured.measurement = checks::measure_http(check, results, plan);
  co_return measured;
}

}  // namespace lastgood::shell
