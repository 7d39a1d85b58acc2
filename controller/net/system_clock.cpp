#include "net/system_clock.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.hpp"

namespace lastgood::net {
namespace {

Time machine_time() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

}  // namespace

SystemClock::SystemClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

Time SystemClock::now() const { return machine_time() + offset_.offset(); }

void SystemClock::on_server_time(Time server) {
  if (!offset_.observe(server, machine_time())) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(offset_.offset()).count();
  log::warn(seconds == 0 ? "the clock of this machine agrees with that of the API server again"
                         : "the clock of this machine is wrong: the time of the API server is used",
            {{"offset_seconds", seconds}});
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
