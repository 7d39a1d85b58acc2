// The machine's clocks and Asio's timers as the port Clock. The only place where real time comes in.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "ports/clock.hpp"

namespace lastgood::net {

class SystemClock final : public ports::Clock {
 public:
  explicit SystemClock(boost::asio::any_io_executor executor);

  [[nodiscard]] Time now() const override;
  [[nodiscard]] Steady steady() const override;
  boost::asio::awaitable<void> sleep_until(Steady when) override;

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace lastgood::net
