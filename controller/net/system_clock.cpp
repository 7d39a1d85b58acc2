#include "net/system_clock.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lastgood::net {

SystemClock::SystemClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

Time SystemClock::now() const { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

Steady SystemClock::steady() const { return std::chrono::floor<Duration>(std::chrono::steady_clock::now()); }

boost::asio::awaitable<void> SystemClock::sleep_until(Steady when) {
  boost::asio::steady_timer timer(executor_);
  // "Never" is written as the last Steady there is, which the timer's finer clock cannot hold.
  constexpr auto last = std::chrono::floor<Duration>(boost::asio::steady_timer::time_point::max());
  timer.expires_at(std::min(when, Steady(last)));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace lastgood::net
