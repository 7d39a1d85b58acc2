// Time from outside: what a virtual clock must offer too.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"

namespace lastgood::ports {

class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual Steady steady() const = 0;

  // Returns at or after `when`. Ends by boost::system::system_error(operation_aborted) when its coroutine is cancelled.
  virtual boost::asio::awaitable<void> sleep_until(Steady when) = 0;
};

}  // namespace lastgood::ports
