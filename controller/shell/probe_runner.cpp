#include "shell/probe_runner.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds lease_read_period{2};

}  // namespace

asio::awaitable<ProbeResults> ProbeRunner::probe_all(const std::vector<checks::HttpProbe>& probes) {
  using Operation = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                            std::declval<asio::awaitable<ports::ProbeResponse>>(),
                                            asio::deferred));
  const auto delay = std::make_shared<Delay>();
  tasks_.spawn("delay of probes", measure_delay(delay));
  std::vector<Operation> operations;
  operations.reserve(probes.size());
  const auto executor = co_await asio::this_coro::executor;
  for (const checks::HttpProbe& probe : probes)
    operations.push_back(asio::co_spawn(executor, prober_.probe(probe.request), asio::deferred));
  auto [order, errors, responses] =
      co_await asio::experimental::make_parallel_group(std::move(operations))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  // After a stop of the process, the end of a probe may be handled before the timer of the delay.
  delay->add(clock_.monotonic_now());
  ProbeResults out{.delay = delay->longest};
  out.results.reserve(probes.size());
  for (std::size_t i = 0; i < responses.size(); ++i)
    out.results.push_back({.probe = probes[i], .response = responses[i]});
  co_return out;
}

asio::awaitable<void> ProbeRunner::exclude_silent_nodes(std::vector<checks::ProbeResult>& results) {
  std::vector<checks::NodeObservation> nodes;
  const MonotonicTime began = clock_.monotonic_now();
  for (const std::string& node : checks::nodes_to_check(results))
    nodes.emplace_back(node, co_await gatherer_.node_lease(node));
  while (std::ranges::any_of(nodes, &checks::NodeObservation::is_open)) {
    co_await clock_.sleep_until(clock_.monotonic_now() + lease_read_period);
    for (checks::NodeObservation& node : nodes) {
      if (!node.is_open()) continue;
      auto lease = co_await gatherer_.node_lease(node.node());
      node.add(std::move(lease), clock_.monotonic_now() - began);
    }
  }
  checks::exclude_silent_nodes(results, nodes);
}

asio::awaitable<void> ProbeRunner::measure_delay(std::shared_ptr<Delay> delay) {
  constexpr std::chrono::milliseconds period{100};
  while (delay.use_count() > 1) {
    delay->due = clock_.monotonic_now() + period;
    co_await clock_.sleep_until(delay->due);
    delay->add(clock_.monotonic_now());
  }
}

}  // namespace lastgood::shell
