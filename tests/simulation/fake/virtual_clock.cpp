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

constexpr Time began{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};

// A coroutine that is cancelled, or destroyed with its process, waits for nothing any more.
class Waiting {
 public:
  Waiting(VirtualClock& clock, VirtualClock::Ticket ticket) : clock_(clock), ticket_(ticket) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { clock_.forget(ticket_); }

 private:
  VirtualClock& clock_;
  VirtualClock::Ticket ticket_;
};

}  // namespace

Time VirtualClock::now() const { return began + steady_.time_since_epoch(); }

asio::awaitable<void> VirtualClock::sleep_until(Steady when) {
  asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  bool due = false;
  const Waiting waiting(*this, call_at(when, [&] {
    due = true;
    never.cancel();
  }));
  boost::system::error_code ignored;
  co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!due) throw boost::system::system_error(asio::error::operation_aborted);
}

VirtualClock::Ticket VirtualClock::call_at(Steady when, std::function<void()> call) {
  const Ticket ticket{std::max(when, steady_), ++asked_};
  waiting_.emplace(ticket, std::move(call));
  return ticket;
}

std::optional<Steady> VirtualClock::next() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first.first;
}

void VirtualClock::advance() {
  if (waiting_.empty()) return;
  auto due = waiting_.extract(waiting_.begin());
  advance_to(due.key().first);
  due.mapped()();
}

void VirtualClock::advance_to(Steady when) { steady_ = std::max(steady_, when); }

}  // namespace lastgood::simulation
