// Sends the probes of an HTTP check, and observes the nodes of silent pods. Private to shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "checks/http_plan.hpp"
#include "checks/silence.hpp"
#include "ports/clock.hpp"
#include "ports/prober.hpp"
#include "runtime/task_group.hpp"
#include "shell/gatherer.hpp"

namespace lastgood::shell {

struct ProbeResults {
  std::vector<checks::ProbeResult> results;  // in the order of the probes
  Duration delay{0};  // the longest time by which this process was delayed meanwhile
};

class ProbeRunner {
 public:
  ProbeRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ports::Prober& prober,
              ports::Clock& clock)
      : tasks_(tasks), gatherer_(gatherer), prober_(prober), clock_(clock) {}

  // Runs all probes at the same time.
  boost::asio::awaitable<ProbeResults> probe_all(const std::vector<checks::HttpProbe>& probes);

  // Observes the Leases of the nodes whose pods are silent, for at most 13 s.
  boost::asio::awaitable<void> exclude_silent_nodes(std::vector<checks::ProbeResult>& results);

 private:
  // Measures the delay of this process, until `delay` is not used elsewhere any more.
  boost::asio::awaitable<void> measure_delay(std::shared_ptr<Duration> delay);

  runtime::TaskGroup& tasks_;
  Gatherer& gatherer_;
  ports::Prober& prober_;
  ports::Clock& clock_;
};

}  // namespace lastgood::shell
