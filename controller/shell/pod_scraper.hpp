// Scrapes the metrics pages of many pods at the same moment. The number of scrapes at once is
// limited, because each one needs memory for its response: a scrape waits for a place in its lane.
// checks/scrape_places.hpp lists the lanes: regular, large and silent. A page of more than 512 KiB
// is scraped again in the large lane, and the later scrapes of its run use only the large lane.
//
// One call scrapes at most 8 pods at once. A scrape that gets no place within the timeout of its
// check ends with the problem ProbeLate, which is never a failure.
//
// Private to shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "checks/pod_metrics_run.hpp"
#include "checks/scrape_places.hpp"
#include "ports/clock.hpp"
#include "ports/http_client.hpp"
#include "runtime/signal.hpp"

namespace lastgood::shell {

class PodScraper {
 public:
  PodScraper(ports::HttpClient& http, ports::Clock& clock) : http_(http), clock_(clock) {}
  PodScraper(const PodScraper&) = delete;
  PodScraper& operator=(const PodScraper&) = delete;

  // Does each job once and adds the result to its window. `is_large` of a job becomes true if the
  // page has more than 512 KiB. A pod without an endpoint gets the problem of its target instead.
  // Returns when all jobs have ended. `deployment`: the Deployment of the pods.
  boost::asio::awaitable<void> scrape(std::vector<checks::ScrapeJob> jobs,
                                      const checks::PodMetricsQuestion& question,
                                      std::string deployment);

 private:
  struct Lane {
    checks::ScrapeLane places;
    std::map<checks::ScrapeLane::Ticket, runtime::Signal*> waiting = {};
  };
  class Slot;
  struct Run;  // a call of scrape()

  // Does the jobs that no worker has begun, one after the other, until none is left.
  boost::asio::awaitable<void> work(Run& run);
  boost::asio::awaitable<checks::Scrape> scrape_one(checks::ScrapeJob& job, const Run& run);
  // Sends the call when it gets a place in the lane. Nothing if it gets none within its timeout.
  boost::asio::awaitable<std::optional<api::HttpResponse>> call_in(Lane& lane, api::HttpCall call,
                                                                   const Run& run);

  ports::HttpClient& http_;
  ports::Clock& clock_;
  Lane regular_{.places = checks::ScrapeLane(checks::regular_lane)};
  Lane large_{.places = checks::ScrapeLane(checks::large_lane)};
  Lane silent_{.places = checks::ScrapeLane(checks::silent_lane)};
  checks::SilentPods silent_pods_;
};

}  // namespace lastgood::shell
