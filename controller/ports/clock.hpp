// The port for time. Tests implement it with a virtual clock.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"

namespace lastgood::ports {

class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual MonotonicTime monotonic_now() const = 0;

  // Returns at or after `when`. Throws boost::system::system_error(operation_aborted) if the
  // coroutine is cancelled.
  virtual boost::asio::awaitable<void> sleep_until(MonotonicTime when) = 0;
};

}  // namespace lastgood::ports
