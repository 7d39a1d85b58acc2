// The delay of the process during probes, which makes their timeouts ProbeLate.
#include "shell/probe_runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "simulation/fake/api_client.hpp"
#include "simulation/fake/leadership.hpp"
#include "simulation/fake/null_telemetry.hpp"

namespace lastgood::simulation {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

// Time passes only when a test says so, and no timer fires: as if the operating system had stopped
// the process, and then handled the sockets before the timers.
struct StoppedClock final : ports::Clock {
  explicit StoppedClock(asio::io_context& context) : io(context) {}

  [[nodiscard]] Time now() const override { return Time{time.time_since_epoch()}; }
  [[nodiscard]] MonotonicTime monotonic_now() const override { return time; }
  asio::awaitable<void> sleep_until(MonotonicTime) override {
    asio::steady_timer never(io, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
  }

  asio::io_context& io;
  MonotonicTime time{seconds(1'000)};
};

// Each probe times out. Meanwhile the process is stopped for `stop`.
struct StoppedProber final : ports::Prober {
  explicit StoppedProber(StoppedClock& used) : clock(used) {}

  asio::awaitable<api::ProbeResponse> probe(api::ProbeRequest) override {
    clock.time += stop;
    co_return api::ProbeResponse{.outcome = api::ProbeOutcome::TimedOut};
  }

  StoppedClock& clock;
  Duration stop{0};
};

Duration delay_of_probe(Duration stop) {
  asio::io_context io;
  StoppedClock clock(io);
  StoppedProber prober(clock);
  prober.stop = stop;
  VirtualClock server_clock;
  ApiServer server(server_clock);
  const FaultScript script;
  ApiClient client(server, server_clock, "lastgood", script);
  FakeLeadership leadership;
  NullTelemetry telemetry;
  runtime::Gateway gateway(client, leadership, api::Lane::Normal);
  runtime::TaskGroup tasks(io.get_executor());
  kube::Stores stores;
  shell::PodView pods(
      io.get_executor(), client, clock, telemetry, tasks, [] { return 0.5; }, [](const Key&) {});
  shell::Gatherer gatherer(gateway, clock, stores, pods);
  shell::ProbeRunner runner(tasks, gatherer, prober, clock);
  std::optional<shell::ProbeResults> results;
  const std::vector<checks::HttpProbe> probes(1);
  asio::co_spawn(io, runner.probe_all(probes),
                 [&](const std::exception_ptr& error, shell::ProbeResults ended) {
                   if (error) std::rethrow_exception(error);
                   results = std::move(ended);
                 });
  io.poll();
  tasks.cancel();
  io.restart();
  io.poll();
  return results.value().delay;
}

}  // namespace

TEST_CASE("measures a stop of the process although the probe ends before the timer fires") {
  CHECK(delay_of_probe(seconds(3)) >= Duration(seconds(2)));
  CHECK(delay_of_probe(Duration{0}) == Duration{0});
}

}  // namespace lastgood::simulation
