// Measures an HTTP check for the pods of one revision: probes them, and confirms a failure with the
// pods as they are after the probes. Private to shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http_plan.hpp"
#include "checks/responders.hpp"
#include "checks/silence.hpp"
#include "shell/probe_runner.hpp"

namespace lastgood::shell {

struct HttpRound {
  const std::vector<api::Pod>& pods;  // of the probed revision, before the probes
  // The pods of the revision now, to confirm a failure.
  std::function<boost::asio::awaitable<Result<std::vector<api::Pod>>>()> pods_now;
  // Whether the failures of starting pods are ignored. True for the evaluated revision: such
  // failures must not cause a rollback. False for the baseline: there a failure only blocks a
  // rollback.
  bool excludes_starting_pods = false;
  std::optional<Time> rolled_out = {};
  Duration startup_grace{0};
  checks::Responders responders = {};  // of earlier rounds
  checks::RecordedPass recorded_pass = checks::RecordedPass::No;
};

struct HttpMeasured {
  api::Measurement measurement;
  std::vector<checks::Responder> responders = {};
};

class HttpRunner {
 public:
  HttpRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ports::Prober& prober,
             ports::Clock& clock)
      : probe_runner_(tasks, gatherer, prober, clock), clock_(clock) {}

  // Fails if the pods cannot be listed. Then there is no measurement. `round` must exist until the
  // measurement is complete. Precondition: the check is an HTTP check, and `plan` is its plan.
  boost::asio::awaitable<Result<HttpMeasured>> measure(const api::Check& check,
                                                       const checks::HttpPlan& plan,
                                                       const HttpRound& round);

 private:
  ProbeRunner probe_runner_;
  ports::Clock& clock_;
};

}  // namespace lastgood::shell
