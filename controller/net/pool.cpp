#include "net/pool.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <optional>
#include <utility>

namespace lastgood::net {
namespace asio = boost::asio;
using std::chrono::steady_clock;
namespace {

struct Waiter {
  asio::steady_timer timer;
  std::optional<ConnectionPool::Permit> permit;
};

}  // namespace

struct ConnectionPool::State {
  struct Idle {
    std::unique_ptr<Transport> transport;
    steady_clock::time_point since;
  };

  asio::any_io_executor executor;
  std::size_t limit;
  Duration max_idle;
  std::size_t free;  // permits
  std::list<Waiter*> waiting = {};
  std::vector<Idle> idle = {};  // the connection that was used last is at the end
};

ConnectionPool::ConnectionPool(asio::any_io_executor executor, std::size_t limit, Duration max_idle)
    : state_(std::make_shared<State>(State{
          .executor = std::move(executor), .limit = limit, .max_idle = max_idle, .free = limit})) {}

ConnectionPool::~ConnectionPool() { close_idle(); }

ConnectionPool::Permit::~Permit() {
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

asio::awaitable<NetResult<ConnectionPool::Permit>> ConnectionPool::acquire(Deadline& deadline) {
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

std::unique_ptr<Transport> ConnectionPool::take_idle() {
  auto& idle = state_->idle;
  while (!idle.empty()) {
    auto last = std::move(idle.back());
    idle.pop_back();
    if (steady_clock::now() - last.since <= state_->max_idle && last.transport->is_quiet())
      return std::move(last.transport);
  }
  return nullptr;
}

void ConnectionPool::add_idle(std::unique_ptr<Transport> transport) {
  if (state_->idle.size() < state_->limit)
    state_->idle.push_back({std::move(transport), steady_clock::now()});
}

void ConnectionPool::close_idle() { state_->idle.clear(); }

}  // namespace lastgood::net
