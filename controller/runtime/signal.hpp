// A condition variable for coroutines with one waiter: wait() returns when the signal is raised or
// a time has come. A raise() before the wait() is not lost.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "base/time.hpp"
#include "ports/clock.hpp"

namespace lastgood::runtime {

class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor executor);

  // Any number of raises before the next wait() count as one.
  void raise();

  // Returns immediately if raise() was called since the last wait(). Else returns at the next
  // raise(), or at `until` if it is set. Throws boost::system::system_error(operation_aborted) if
  // the coroutine is cancelled.
  boost::asio::awaitable<void> wait(ports::Clock& clock, std::optional<MonotonicTime> until = {});

 private:
  boost::asio::steady_timer never_;  // never expires: raise() cancels the wait on it
  bool raised_ = false;
};

}  // namespace lastgood::runtime
