// Runs one podMetrics check: scrapes the pods of the release and of the baseline at the same
// moment, waits, scrapes them again, and compares the increases of their counters.
//
//   one run    |<- interval, at most 30s ->|
//            scrape                      scrape     too little traffic: wait and scrape again,
//                                                   up to 1m after the first scrape
//
// A run needs no scrape of an earlier run, so no values of counters are stored between runs. A
// restart of the controller loses none, no value is compared with that of another pod, and the
// memory is free when the run ends. With an interval of up to 30s, a run begins when the last one
// ends, so no time is left out. A gauge needs only one scrape.
//
// A failure is confirmed with a second list of the pods, as for the http check: a pod that ended or
// restarted meanwhile is not counted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/baseline.hpp"
#include "checks/pod_metrics_run.hpp"
#include "ports/clock.hpp"
#include "ports/http_client.hpp"
#include "shell/baseline_search.hpp"
#include "shell/pod_scraper.hpp"

namespace lastgood::shell {

struct PodMetricsRound {
  const api::Deployment& deployment;
  const api::Revision& revision;      // the measured revision
  const std::vector<api::Pod>& pods;  // of the measured revision
  const std::optional<Time>& rolled_out;
  bool nothing_started = false;  // see checks::nothing_started()
  checks::Established established = checks::Established::Yes;
  BaselinePtr baseline = {};  // null: none
  // The pods of a revision now, to confirm a failure.
  std::function<boost::asio::awaitable<Result<std::vector<api::Pod>>>(const api::Revision&)>
      pods_now;
};

class PodMetricsRunner {
 public:
  PodMetricsRunner(ports::HttpClient& http, ports::Clock& clock)
      : scraper_(http, clock), clock_(clock) {}

  // The measurement, with the result of the baseline. Fails if the pods cannot be listed. Then
  // there is no measurement. Precondition: the check is a podMetrics check.
  boost::asio::awaitable<Result<api::Measurement>> measure(api::Check check, PodMetricsRound round);

 private:
  boost::asio::awaitable<void> scrape(checks::PodMetricsRun& run,
                                      const checks::PodMetricsQuestion& question,
                                      const api::Deployment& deployment);

  PodScraper scraper_;
  ports::Clock& clock_;
};

}  // namespace lastgood::shell
