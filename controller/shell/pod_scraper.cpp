#include "shell/pod_scraper.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr std::size_t max_small_body = std::size_t{512} * 1024;
// Of one call of scrape(). Less than the small lane has, so that the pods of one check that do not
// respond leave places for the other checks.
constexpr std::size_t max_workers = 8;

}  // namespace

struct PodScraper::Waiter {
  asio::steady_timer turn;  // never expires: cancelled when a slot is free
};

// Takes a place in a lane, until it is destroyed.
class PodScraper::Slot {
 public:
  explicit Slot(LaneState& lane) : lane_(&lane) { --lane.free; }
  Slot(Slot&& other) noexcept : lane_(std::exchange(other.lane_, nullptr)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (!lane_) return;
    ++lane_->free;
    if (!lane_->waiting.empty()) lane_->waiting.front()->turn.cancel();
  }

 private:
  LaneState* lane_;
};

asio::awaitable<PodScraper::Slot> PodScraper::acquire(LaneState& lane) {
  const auto executor = co_await asio::this_coro::executor;
  Waiter waiter{.turn = asio::steady_timer(executor, asio::steady_timer::time_point::max())};
  struct QueueEntry {
    LaneState& lane;
    Waiter& waiter;
    ~QueueEntry() {
      lane.waiting.remove(&waiter);
      // If this waiter was woken and then cancelled, the slot is for the next one.
      if (lane.free > 0 && !lane.waiting.empty()) lane.waiting.front()->turn.cancel();
    }
  };
  // A free slot is for the waiters: the first one has been woken, but has not run yet.
  if (lane.free == 0 || !lane.waiting.empty()) {
    lane.waiting.push_back(&waiter);
    const QueueEntry entry{.lane = lane, .waiter = waiter};
    while (lane.free == 0 || lane.waiting.front() != &waiter) {
      boost::system::error_code ignored;
      // After a cancellation of this coroutine, the second wait throws.
      co_await waiter.turn.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    Slot slot(lane);
    co_return std::move(slot);
  }
  Slot slot(lane);
  co_return std::move(slot);
}

asio::awaitable<checks::Scrape> PodScraper::scrape_one(checks::ScrapeJob& job,
                                                       const checks::PodMetricsQuestion& question) {
  if (job.target.problem) co_return std::unexpected(*job.target.problem);
  api::HttpCall call = job.target.call;
  const std::size_t max_body = call.max_body_bytes;
  if (!job.is_large) {
    const Slot slot = co_await acquire(small_);
    call.max_body_bytes = std::min(max_body, max_small_body);
    const api::HttpResponse response = co_await http_.call(call);
    if (!response.is_too_large) co_return checks::parse_scrape(call, response, question);
    job.is_large = true;
  }
  const Slot slot = co_await acquire(large_);
  call.max_body_bytes = max_body;
  const api::HttpResponse response = co_await http_.call(call);
  co_return checks::parse_scrape(call, response, question);
}

asio::awaitable<void> PodScraper::work(std::vector<checks::ScrapeJob>& jobs, std::size_t& next,
                                       const checks::PodMetricsQuestion& question) {
  while (next < jobs.size()) {
    checks::ScrapeJob& job = jobs[next++];
    checks::Scrape scrape = co_await scrape_one(job, question);
    job.window.add(std::move(scrape));
  }
}

asio::awaitable<void> PodScraper::scrape(std::vector<checks::ScrapeJob> jobs,
                                         const checks::PodMetricsQuestion& question) {
  using Operation = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                            std::declval<asio::awaitable<void>>(), asio::deferred));
  if (jobs.empty()) co_return;
  std::size_t next = 0;
  std::vector<Operation> workers;
  const auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < std::min(jobs.size(), max_workers); ++i)
    workers.push_back(asio::co_spawn(executor, work(jobs, next, question), asio::deferred));
  auto [order, errors] = co_await asio::experimental::make_parallel_group(std::move(workers))
                             .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace lastgood::shell
