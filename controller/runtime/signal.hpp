// Waiting for a thing to happen, or for a time, whichever is first. One waiter; a raise before the wait is not lost.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "ports/clock.hpp"

namespace lastgood::runtime {

class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor executor);

  void raise();

  // Returns when raised since the last wait, or at `until`. Ends by system_error(operation_aborted) when cancelled.
  boost::asio::awaitable<void> wait(ports::Clock& clock, std::optional<Steady> until = {});

 private:
  boost::asio::steady_timer never_;
  bool raised_ = false;
};

}  // namespace lastgood::runtime
