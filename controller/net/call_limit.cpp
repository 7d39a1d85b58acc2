#include "net/call_limit.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <optional>
#include <utility>

namespace lastgood::net {
namespace asio = boost::asio;
namespace {

struct Waiter {
  asio::steady_timer timer;
  std::optional<CallLimit::Permit> permit;
};

}  // namespace

struct CallLimit::State {
  asio::any_io_executor executor;
  std::size_t free;  // permits
  std::list<Waiter*> waiting = {};
};

CallLimit::CallLimit(asio::any_io_executor executor, std::size_t limit)
    : state_(std::make_shared<State>(State{.executor = std::move(executor), .free = limit})) {}

CallLimit::~CallLimit() = default;

CallLimit::Permit::~Permit() {
  if (!state_) return;
  if (state_->waiting.empty()) {
    ++state_->free;
    return;
  }
  // Give the permit directly to the first waiter, so that a later call cannot overtake that waiter.
  Waiter& next = *state_->waiting.front();
  state_->waiting.pop_front();
  next.permit.emplace(Permit(std::move(state_)));
  next.timer.cancel();
}

asio::awaitable<NetResult<CallLimit::Permit>> CallLimit::acquire(Deadline& deadline) {
  const auto state = state_;
  if (state->free > 0) {
    --state->free;
    co_return Permit(state);
  }
  Waiter waiter{.timer = asio::steady_timer(state->executor, asio::steady_timer::time_point::max()),
                .permit = {}};
  struct QueueEntry {
    State& state;
    Waiter& waiter;
    ~QueueEntry() { state.waiting.remove(&waiter); }
  } const entry{*state, waiter};
  state->waiting.push_back(&waiter);
  {
    const auto scope = deadline.abort_when_over([&waiter] { waiter.timer.cancel(); });
    boost::system::error_code error;
    if (!deadline.over())
      co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  if (waiter.permit) co_return std::move(*waiter.permit);
  co_return std::unexpected(failure_of(asio::error::operation_aborted, deadline));
}

}  // namespace lastgood::net
