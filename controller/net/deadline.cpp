#include "net/deadline.hpp"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace lastgood::net {

struct Deadline::State {
  explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}

  boost::asio::steady_timer timer;
  std::chrono::steady_clock::time_point until;
  bool expired = false;
  bool stopped = false;
  std::function<void()> abort = {};
};

Deadline::Deadline(const boost::asio::any_io_executor& executor, Duration from_now)
    : state_(std::make_shared<State>(executor)) {
  state_->until = std::chrono::steady_clock::now() + from_now;
  arm(state_);
}

Deadline::~Deadline() = default;

bool Deadline::expired() const { return state_->expired; }

bool Deadline::stopped() const { return state_->stopped; }

void Deadline::arm(const std::shared_ptr<State>& state) {
  state->timer.expires_at(state->until);
  state->timer.async_wait([weak = std::weak_ptr(state)](const boost::system::error_code& error) {
    const auto active = weak.lock();
    if (error || !active || active->expired || active->stopped) return;
    // restart() with a later time does not change the timer, because a stream restarts its deadline
    // with each read. So the timer may fire too early.
    if (std::chrono::steady_clock::now() < active->until) return arm(active);
    end(*active, /*stopped=*/false);
  });
}

void Deadline::end(State& state, bool stopped) {
  (stopped ? state.stopped : state.expired) = true;
  state.timer.cancel();
  if (state.abort) state.abort();
}

void Deadline::restart(Duration from_now) {
  if (over()) return;
  state_->until = std::chrono::steady_clock::now() + from_now;
  if (state_->until < state_->timer.expiry()) arm(state_);
}

void Deadline::stop() {
  if (!over()) end(*state_, /*stopped=*/true);
}

Deadline::Watch Deadline::watch(std::function<void()> abort) {
  state_->abort = std::move(abort);
  if (over()) state_->abort();
  return Watch(*this);
}

Deadline::Watch::~Watch() { deadline_.state_->abort = nullptr; }

}  // namespace lastgood::net
