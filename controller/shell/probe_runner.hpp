// Sends the probes of an HTTP check, and observes the nodes of silent pods. Private to shell/.
#pragma once

#include <algorithm>
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
  // The longest time by which this process was delayed during the probes. A process that is delayed
  // for long may see a timeout although the response has arrived.
  Duration delay{0};
};

class ProbeRunner {
 public:
  ProbeRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ports::Prober& prober,
              ports::Clock& clock)
      : tasks_(tasks), gatherer_(gatherer), prober_(prober), clock_(clock) {}

  // Runs all probes at the same time.
  boost::asio::awaitable<ProbeResults> probe_all(const std::vector<checks::HttpProbe>& probes);

  // Excludes the silent pods on nodes that are not alive: observes the Leases of the nodes whose
  // pods are silent, for at most 13 s.
  boost::asio::awaitable<void> exclude_silent_nodes(std::vector<checks::ProbeResult>& results);

 private:
  struct Delay {
    Duration longest{0};
    MonotonicTime due = MonotonicTime::max();  // when the timer fires if there is no delay

    void add(MonotonicTime now) {
      if (now > due) longest = std::max<Duration>(longest, now - due);
    }
  };

  // Measures the delay of this process. Ends when probe_all() no longer uses `delay`.
  boost::asio::awaitable<void> measure_delay(std::shared_ptr<Delay> delay);

  runtime::TaskGroup& tasks_;
  Gatherer& gatherer_;
  ports::Prober& prober_;
  ports::Clock& clock_;
};

}  // namespace lastgood::shell
