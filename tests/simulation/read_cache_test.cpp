// The cache of values that are read from a server: which caller reads, which callers wait, and how
// long a value is used.
#include "shell/read_cache.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <string>
#include <vector>

namespace lastgood::simulation {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

class SettableClock final : public ports::Clock {
 public:
  [[nodiscard]] Time now() const override { return {}; }
  [[nodiscard]] MonotonicTime monotonic_now() const override { return time; }
  asio::awaitable<void> sleep_until(MonotonicTime /*wake*/) override { co_return; }

  MonotonicTime time{seconds(1000)};
};

struct CacheHarness {
  // Starts to get the value of the key. Its result goes to the end of `results`. The n-th read
  // returns n, after the test has called end_reads().
  void get(const std::string& key, Duration lifetime = seconds(10)) {
    results.emplace_back();
    asio::co_spawn(io, read_into(results.back(), key, lifetime),
                   asio::bind_cancellation_slot(cancels.emplace_back().slot(), asio::detached));
    run_ready();
  }

  void end_reads() {
    std::deque<asio::steady_timer> ended = std::move(reads);
    reads.clear();
    for (asio::steady_timer& read : ended) read.cancel();
    run_ready();
  }

  void cancel(std::size_t call) {
    cancels.at(call).emit(asio::cancellation_type::terminal);
    run_ready();
  }

  void run_ready() {
    io.restart();
    io.poll();
  }

  asio::awaitable<void> read_into(std::optional<int>& result, std::string key, Duration lifetime) {
    result = co_await cache.get(key, [&] { return read(); }, [lifetime](int) { return lifetime; });
  }

  asio::awaitable<int> read() {
    const int number = ++started;
    asio::steady_timer& timer = reads.emplace_back(io, asio::steady_timer::time_point::max());
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    co_return number;
  }

  asio::io_context io;
  SettableClock clock;
  shell::ReadCache<int> cache{clock};
  int started = 0;
  std::deque<asio::steady_timer> reads;
  std::deque<asio::cancellation_signal> cancels;
  std::deque<std::optional<int>> results;
};

using Results = std::deque<std::optional<int>>;

}  // namespace

TEST_CASE("ReadCache reads once for all that need the same value at the same time") {
  CacheHarness harness;
  harness.get("a");
  harness.get("a");
  harness.get("b");
  CHECK(harness.started == 2);
  CHECK(harness.results == Results{{}, {}, {}});
  harness.end_reads();
  CHECK(harness.results == Results{1, 1, 2});
}

TEST_CASE("ReadCache uses a value for its lifetime, and then reads again") {
  CacheHarness harness;
  harness.get("a", seconds(10));
  harness.end_reads();
  harness.clock.time += seconds(10) - Duration(1);
  harness.get("a");
  CHECK(harness.results.back() == 1);
  harness.clock.time += Duration(1);
  harness.get("a");
  CHECK_FALSE(harness.results.back());
  harness.end_reads();
  CHECK(harness.results.back() == 2);
}

TEST_CASE("ReadCache gives a value without a lifetime to all that waited for it") {
  CacheHarness harness;
  harness.get("a", seconds(0));
  harness.get("a", seconds(0));
  harness.end_reads();
  CHECK(harness.results == Results{1, 1});
  harness.get("a");
  CHECK(harness.started == 2);
  harness.end_reads();
}

TEST_CASE("ReadCache lets a waiting coroutine read when the read is cancelled") {
  CacheHarness harness;
  harness.get("a");
  harness.get("a");
  harness.cancel(0);
  harness.end_reads();
  CHECK(harness.started == 2);
  harness.end_reads();
  CHECK_FALSE(harness.results[0]);
  CHECK(harness.results[1] == 2);
}

TEST_CASE("ReadCache drops only the value that the caller has seen") {
  CacheHarness harness;
  harness.get("a");
  harness.end_reads();
  harness.cache.drop("a", 1);
  harness.get("a");
  harness.end_reads();
  CHECK(harness.results.back() == 2);
  // Another caller that saw the first value comes late.
  harness.cache.drop("a", 1);
  harness.cache.drop("missing", 1);
  harness.get("a");
  CHECK(harness.results.back() == 2);
  CHECK(harness.started == 2);
}

}  // namespace lastgood::simulation
