#include "net/deadline.hpp"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace lastgood::net {

struct Deadline::State {
  explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}

  boost::asio::steady_timer timer;
  std::chrono::steady_clock::time_point until;
  bool expired = false;
  bool aborted = false;
  std::function<void()> abort = {};
};

Deadline::Deadline(const boost::asio::any_io_executor& executor, Duration from_now)
    : state_(std::make_shared<State>(executor)) {
  state_->until = std::chrono::steady_clock::now() + from_now;
  arm(state_);
}

Deadline::~Deadline() = default;

bool Deadline::expired() const { return state_->expired; }

bool Deadline::has_passed() const { return std::chrono::steady_clock::now() >= state_->until; }

bool Deadline::aborted() const { return state_->aborted; }

void Deadline::arm(const std::shared_ptr<State>& state) {
  state->timer.expires_at(state->until);
  state->timer.async_wait([weak = std::weak_ptr(state)](const boost::system::error_code& error) {
    const auto active = weak.lock();
    if (error || !active || active->expired || active->aborted) return;
    // The timer may fire before `until`. A stream restarts its deadline with each read, so
    // restart() only stores a later time: that is cheaper than to arm the timer.
    if (std::chrono::steady_clock::now() < active->until) return arm(active);
    end(*active, /*aborted=*/false);
  });
}

void Deadline::end(State& state, bool aborted) {
  (aborted ? state.aborted : state.expired) = true;
  state.timer.cancel();
  if (state.abort) state.abort();
}

void Deadline::restart(Duration from_now) {
  if (over()) return;
  state_->until = std::chrono::steady_clock::now() + from_now;
  if (state_->until < state_->timer.expiry()) arm(state_);
}

void Deadline::abort_now() {
  if (!over()) end(*state_, /*aborted=*/true);
}

Deadline::AbortScope Deadline::abort_when_over(std::function<void()> abort) {
  state_->abort = std::move(abort);
  if (over()) state_->abort();
  return AbortScope(*this);
}

Deadline::AbortScope::~AbortScope() { deadline_.state_->abort = nullptr; }

}  // namespace lastgood::net
