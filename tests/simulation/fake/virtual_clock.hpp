// A clock that stands still while any coroutine can run, and then jumps to the next timer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "ports/clock.hpp"

namespace lastgood::simulation {

class VirtualClock final : public ports::Clock {
 public:
  using TimerId = std::pair<MonotonicTime, std::uint64_t>;

  [[nodiscard]] Time now() const override;
  [[nodiscard]] MonotonicTime monotonic_now() const override { return monotonic_; }

  // The caller waits on an asio timer that never expires. At `when`, a callback of call_at()
  // cancels this asio timer, which ends the wait.
  boost::asio::awaitable<void> sleep_until(MonotonicTime when) override;

  // Timers run in the order of their times. Timers of the same time run in the order in which they
  // were set. A timer whose time has passed runs at the next advance().
  TimerId call_at(MonotonicTime when, std::function<void()> callback);
  void cancel(const TimerId& timer) { timers_.erase(timer); }

  // The time of the next timer; nothing if no timer is set.
  [[nodiscard]] std::optional<MonotonicTime> next() const;

  // Jumps to the next timer and runs this one timer.
  void advance();
  // Jumps forward without running timers.
  void advance_to(MonotonicTime when);

 private:
  // Not zero: a time that was set must differ from an unset one, which is MonotonicTime{}.
  MonotonicTime monotonic_{std::chrono::hours(1)};
  std::uint64_t timer_count_ = 0;
  std::map<TimerId, std::function<void()>> timers_;
};

}  // namespace lastgood::simulation
