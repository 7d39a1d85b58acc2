// Scrapes the metrics pages of many pods at the same moment, with a limit for the memory that their
// responses need:
//
//   response            scrapes at once, of all checks together
//   up to 512 KiB       32
//   up to 5 MiB         2; a pod with such a page is scraped again, and then always in this lane
//
// One check scrapes at most 8 pods at once, and scrapes start in the order of their arrival. So
// pods that do not respond delay above all their own check.
//
// Private to shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <list>
#include <vector>

#include "checks/pod_metrics_run.hpp"
#include "ports/http_client.hpp"

namespace lastgood::shell {

class PodScraper {
 public:
  explicit PodScraper(ports::HttpClient& http) : http_(http) {}
  PodScraper(const PodScraper&) = delete;
  PodScraper& operator=(const PodScraper&) = delete;

  // Does each job once and adds the result to its window. `is_large` of a job becomes true if the
  // page has more than 512 KiB. A pod without an endpoint gets the
  // problem of its target instead. Returns when all jobs have ended.
  boost::asio::awaitable<void> scrape(std::vector<checks::ScrapeJob> jobs,
                                      const checks::PodMetricsQuestion& question);

 private:
  class Slot;
  struct Waiter;

  struct LaneState {
    std::size_t free = 0;
    std::list<Waiter*> waiting = {};
  };

  // Does the jobs from `next` on, one after the other, until none is left.
  boost::asio::awaitable<void> work(std::vector<checks::ScrapeJob>& jobs, std::size_t& next,
                                    const checks::PodMetricsQuestion& question);
  boost::asio::awaitable<checks::Scrape> scrape_one(checks::ScrapeJob& job,
                                                    const checks::PodMetricsQuestion& question);
  static boost::asio::awaitable<Slot> acquire(LaneState& lane);

  ports::HttpClient& http_;
  LaneState small_{.free = 32};
  LaneState large_{.free = 2};
};

}  // namespace lastgood::shell
