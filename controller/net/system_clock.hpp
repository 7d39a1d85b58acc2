// Implements the port Clock with the clocks of the machine and the timers of Asio.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "ports/clock.hpp"

namespace lastgood::net {

class SystemClock final : public ports::Clock {
 public:
  explicit SystemClock(boost::asio::any_io_executor executor);

  [[nodiscard]] Time now() const override;
  [[nodiscard]] MonotonicTime monotonic_now() const override;
  boost::asio::awaitable<void> sleep_until(MonotonicTime when) override;

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace lastgood::net
