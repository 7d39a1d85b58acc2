#include "simulation/fake/virtual_clock.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace lastgood::simulation {

namespace asio = boost::asio;

namespace {

constexpr Time start_of_simulation{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};

// Cancels the timer of a coroutine that is cancelled, or destroyed with its process.
class ScopedTimer {
 public:
  ScopedTimer(VirtualClock& clock, VirtualClock::TimerId timer) : clock_(clock), timer_(timer) {}
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;
  ~ScopedTimer() { clock_.cancel(timer_); }

 private:
  VirtualClock& clock_;
  VirtualClock::TimerId timer_;
};

}  // namespace

Time VirtualClock::now() const { return start_of_simulation + monotonic_.time_since_epoch(); }

asio::awaitable<void> VirtualClock::sleep_until(MonotonicTime when) {
  asio::steady_timer never(co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max());
  bool is_due = false;
  const ScopedTimer timer(*this, call_at(when, [&] {
    is_due = true;
    never.cancel();
  }));
  boost::system::error_code ignored;
  co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!is_due) throw boost::system::system_error(asio::error::operation_aborted);
}

VirtualClock::TimerId VirtualClock::call_at(MonotonicTime when, std::function<void()> callback) {
  const TimerId timer{std::max(when, monotonic_), ++timer_count_};
  timers_.emplace(timer, std::move(callback));
  return timer;
}

std::optional<MonotonicTime> VirtualClock::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

void VirtualClock::advance() {
  if (timers_.empty()) return;
  auto timer = timers_.extract(timers_.begin());
  advance_to(timer.key().first);
  timer.mapped()();
}

void VirtualClock::advance_to(MonotonicTime when) { monotonic_ = std::max(monotonic_, when); }

}  // namespace lastgood::simulation
