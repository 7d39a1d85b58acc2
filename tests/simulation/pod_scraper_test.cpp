// The limits of concurrent scrapes: the regular lane has 32 places, at most 8 for one Deployment.
// Pods that did not respond to their last scrape are in the silent lane, which has 8 more places,
// at most 2 for one Deployment.
#include "shell/pod_scraper.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/fake/virtual_clock.hpp"

namespace lastgood::simulation {
namespace {

namespace asio = boost::asio;

// Pods that respond only when the test says so.
class HangingPods final : public ports::HttpClient {
 public:
  explicit HangingPods(asio::io_context& io) : io_(io) {}

  asio::awaitable<api::HttpResponse> call(api::HttpCall call) override {
    asio::steady_timer& timer =
        waiting_.emplace(call.host, asio::steady_timer(io_, asio::steady_timer::time_point::max()))
            ->second;
    started.push_back(call.host);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return api::HttpResponse{.outcome = outcome_, .status = 200};
  }

  // The oldest call to this host ends, if there is one.
  void end_one(const std::string& host, api::ProbeOutcome outcome) {
    outcome_ = outcome;
    const auto found = waiting_.find(host);
    if (found == waiting_.end()) return;
    found->second.cancel();
    ended_.push_back(waiting_.extract(found));
  }

  [[nodiscard]] std::optional<std::string> any_waiting() const {
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->first);
  }

  [[nodiscard]] std::ptrdiff_t calls_to(const std::string& host) const {
    return std::ranges::count(started, host);
  }

  std::vector<std::string> started = {};

 private:
  using Calls = std::multimap<std::string, asio::steady_timer>;

  asio::io_context& io_;
  api::ProbeOutcome outcome_ = api::ProbeOutcome::Answered;  // of the call that ends
  Calls waiting_;
  std::deque<Calls::node_type> ended_;  // their coroutines still refer to the timers
};

struct ScraperHarness {
  ScraperHarness() = default;
  ScraperHarness(const ScraperHarness&) = delete;
  ScraperHarness& operator=(const ScraperHarness&) = delete;
  // The coroutines must end before the objects to which they refer.
  ~ScraperHarness() {
    while (const auto host = pods.any_waiting()) end_one(*host);
  }

  // Starts the scrapes of one check, all of the same host. The host is also the Deployment.
  void scrape(const std::string& host, std::size_t number) {
    std::vector<checks::ScrapeJob> jobs;
    for (std::size_t i = 0; i < number; ++i) {
      checks::ScrapeTarget& target = targets.emplace_back();
      target.call.host = host;
      target.call.timeout = std::chrono::seconds(5);
      jobs.push_back({.target = target,
                      .window = windows.emplace_back(question, checks::PodWindow::Metric::Counter),
                      .is_large = are_large.emplace_back(false)});
    }
    asio::co_spawn(io, scraper.scrape(std::move(jobs), question, host), asio::detached);
    run_ready();
  }

  void end_one(const std::string& host, api::ProbeOutcome outcome = api::ProbeOutcome::Answered) {
    pods.end_one(host, outcome);
    run_ready();
  }

  // Each call ends without a response.
  void end_all() {
    while (const auto host = pods.any_waiting()) end_one(*host, api::ProbeOutcome::TimedOut);
  }

  void run_for(Duration time) {
    const MonotonicTime end = clock.monotonic_now() + time;
    for (auto next = clock.next(); next && *next <= end; next = clock.next()) {
      clock.advance();
      run_ready();
    }
    clock.advance_to(end);
  }

  void run_ready() {
    io.restart();
    while (io.poll() > 0) {
    }
  }

  checks::PodMetricsQuestion question = {};
  std::deque<checks::ScrapeTarget> targets;
  std::deque<checks::PodWindow> windows;
  std::deque<bool> are_large;
  asio::io_context io;
  VirtualClock clock;
  HangingPods pods{io};
  shell::PodScraper scraper{pods, clock};
};

}  // namespace

TEST_CASE("scrapes the pods of a check while 100 pods of another check do not respond") {
  ScraperHarness harness;
  harness.scrape("hanging", 100);
  CHECK(harness.pods.calls_to("hanging") == 8);
  harness.scrape("web", 2);
  CHECK(harness.pods.calls_to("web") == 2);
}

TEST_CASE("scrapes in the order of arrival when each place is taken") {
  ScraperHarness harness;
  for (const char* host : {"a", "b", "c", "d"}) harness.scrape(host, 100);
  CHECK(harness.pods.started.size() == 32);
  harness.scrape("web", 2);
  CHECK(harness.pods.calls_to("web") == 0);
  harness.end_one("a");
  CHECK(harness.pods.started.back() == "web");
  harness.end_one("b");
  CHECK(harness.pods.calls_to("web") == 2);
  harness.end_one("c");
  // Of the waiting scrapes, one of "a" has waited for the longest time.
  CHECK(harness.pods.started.back() == "a");
  CHECK(harness.pods.started.size() == 35);
}

TEST_CASE("does each scrape once when many places become free at once") {
  ScraperHarness harness;
  for (const char* host : {"a", "b", "c", "d", "e"}) harness.scrape(host, 20);
  while (const auto host = harness.pods.any_waiting()) harness.end_one(*host);
  CHECK(harness.pods.started.size() == 100);
}

TEST_CASE("scrapes the pods of a check while silent pods of eight others fill their lane") {
  ScraperHarness harness;
  const std::vector<std::string> hanging{"a", "b", "c", "d", "e", "f", "g", "h"};
  for (const std::string& host : hanging) harness.scrape(host, 8);
  harness.end_all();
  harness.pods.started.clear();
  for (const std::string& host : hanging) harness.scrape(host, 8);
  CHECK(harness.pods.started.size() == checks::silent_lane.places);
  CHECK(harness.pods.calls_to("a") == 2);
  harness.scrape("web", 8);
  CHECK(harness.pods.calls_to("web") == 8);
}

TEST_CASE("scrapes a silent pod outside the silent lane again when it has responded") {
  ScraperHarness harness;
  harness.scrape("web", 8);
  harness.end_all();
  harness.scrape("web", 1);
  harness.end_one("web");
  harness.pods.started.clear();
  harness.scrape("web", 8);
  CHECK(harness.pods.calls_to("web") == 8);
}

TEST_CASE("ends a scrape with reason ProbeLate when it gets no place within its timeout") {
  ScraperHarness harness;
  for (const char* host : {"a", "b", "c", "d"}) harness.scrape(host, 8);
  harness.scrape("web", 1);
  harness.run_for(std::chrono::milliseconds(4999));
  CHECK_FALSE(harness.windows.back().has_page());
  CHECK(harness.windows.back().problem()->reason != api::Reason::ProbeLate);
  harness.run_for(std::chrono::milliseconds(1));
  CHECK(harness.pods.calls_to("web") == 0);
  REQUIRE(harness.windows.back().problem());
  CHECK(harness.windows.back().problem()->reason == api::Reason::ProbeLate);
  // The scrape that has ended takes no place: the next scrape gets the place that becomes free.
  harness.scrape("next", 1);
  harness.end_one("a");
  CHECK(harness.pods.calls_to("next") == 1);
}

}  // namespace lastgood::simulation
