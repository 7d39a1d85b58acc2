#include "net/system_clock.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lastgood::net {

SystemClock::SystemClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

Time SystemClock::now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::monotonic_now() const {
  return std::chrono::floor<Duration>(std::chrono::steady_clock::now());
}

boost::asio::awaitable<void> SystemClock::sleep_until(MonotonicTime when) {
  boost::asio::steady_timer timer(executor_);
  // MonotonicTime::max() means "never". The timer counts nanoseconds and cannot represent it.
  constexpr auto last = std::chrono::floor<Duration>(boost::asio::steady_timer::time_point::max());
  timer.expires_at(std::min(when, MonotonicTime(last)));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace lastgood::net
