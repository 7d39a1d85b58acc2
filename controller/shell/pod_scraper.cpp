#include "shell/pod_scraper.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr std::size_t max_small_body = std::size_t{512} * 1024;
constexpr std::size_t max_workers = 8;  // of one call of scrape()

}  // namespace

struct PodScraper::Run {
  std::vector<checks::ScrapeJob>& jobs;
  const checks::PodMetricsQuestion& question;
  const std::string& deployment;
  std::size_t next = 0;  // the first job that no worker has begun
};

// A scrape that waits for a place in the lane, and then has the place until this object is
// destroyed.
class PodScraper::Slot {
 public:
  Slot(Lane& lane, const std::string& deployment, const asio::any_io_executor& executor)
      : lane_(lane), turn_(executor), ticket_(lane.places.join(deployment)) {
    lane_.waiting.emplace(ticket_, &turn_);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() {
    lane_.waiting.erase(ticket_);
    lane_.places.leave(ticket_);
    wake_next();
  }

  // False: there was no place until `deadline`. Nothing: it waits as long as necessary.
  asio::awaitable<bool> take(ports::Clock& clock, std::optional<MonotonicTime> deadline) {
    while (lane_.places.next() != ticket_) {
      if (deadline && clock.monotonic_now() >= *deadline) co_return false;
      co_await turn_.wait(clock, deadline);
    }
    lane_.places.take(ticket_);
    lane_.waiting.erase(ticket_);
    wake_next();
    co_return true;
  }

 private:
  void wake_next() {
    if (const auto next = lane_.places.next()) lane_.waiting.at(*next)->raise();
  }

  Lane& lane_;
  runtime::Signal turn_;
  checks::ScrapeLane::Ticket ticket_;
};

asio::awaitable<std::optional<api::HttpResponse>> PodScraper::call_in(Lane& lane,
                                                                      api::HttpCall call,
                                                                      const Run& run) {
  Slot slot(lane, run.deployment, co_await asio::this_coro::executor);
  // The large pages of one Deployment wait for each other. Its pods have just responded.
  std::optional<MonotonicTime> deadline;
  if (&lane != &large_) deadline = clock_.monotonic_now() + call.timeout;
  const bool has_place = co_await slot.take(clock_, deadline);
  if (!has_place) co_return std::nullopt;
  const std::string address = call.host;
  api::HttpResponse response = co_await http_.call(std::move(call));
  silent_pods_.update(address, response.outcome);
  co_return response;
}

asio::awaitable<checks::Scrape> PodScraper::scrape_one(checks::ScrapeJob& job, const Run& run) {
  if (job.target.problem) co_return std::unexpected(*job.target.problem);
  api::HttpCall call = job.target.call;
  if (!job.is_large) {
    call.max_body_bytes = std::min(call.max_body_bytes, max_small_body);
    Lane& lane = silent_pods_.contains(call.host) ? silent_ : regular_;
    const auto response = co_await call_in(lane, call, run);
    if (!response) co_return checks::late_scrape(call);
    if (!response->is_too_large) co_return checks::parse_scrape(call, *response, run.question);
    job.is_large = true;
  }
  const auto response = co_await call_in(large_, job.target.call, run);
  if (!response) co_return checks::late_scrape(call);
  co_return checks::parse_scrape(call, *response, run.question);
}

asio::awaitable<void> PodScraper::work(Run& run) {
  while (run.next < run.jobs.size()) {
    checks::ScrapeJob& job = run.jobs[run.next++];
    checks::Scrape scrape = co_await scrape_one(job, run);
    job.window.add(std::move(scrape));
  }
}

asio::awaitable<void> PodScraper::scrape(std::vector<checks::ScrapeJob> jobs,
                                         const checks::PodMetricsQuestion& question,
                                         std::string deployment) {
  using Operation = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                            std::declval<asio::awaitable<void>>(), asio::deferred));
  if (jobs.empty()) co_return;
  Run run{.jobs = jobs, .question = question, .deployment = deployment};
  std::vector<Operation> workers;
  const auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < std::min(jobs.size(), max_workers); ++i)
    workers.push_back(asio::co_spawn(executor, work(run), asio::deferred));
  auto [order, errors] = co_await asio::experimental::make_parallel_group(std::move(workers))
                             .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace lastgood::shell
