// Implements the port Clock with the clocks of the machine and the timers of Asio. now() is the
// time of the API server if the clock of the machine is wrong.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "net/clock_offset.hpp"
#include "ports/clock.hpp"

namespace lastgood::net {

class SystemClock final : public ports::Clock {
 public:
  explicit SystemClock(boost::asio::any_io_executor executor);

  [[nodiscard]] Time now() const override;
  [[nodiscard]] MonotonicTime monotonic_now() const override;
  boost::asio::awaitable<void> sleep_until(MonotonicTime when) override;

  // A response of the API server with this Date header has just arrived.
  void on_server_time(Time server);

 private:
  boost::asio::any_io_executor executor_;
  ClockOffset offset_;
};

}  // namespace lastgood::net
