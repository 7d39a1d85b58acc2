// Runs the coroutines of a test on its io_context. A test that hangs fails after 20 s.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/time.hpp"

namespace lastgood::wire {

namespace asio = boost::asio;

// For exchanges that must end before their timeout, and for those that must time out.
inline constexpr Duration long_timeout{10'000};
inline constexpr Duration short_timeout{60};

// Runs handlers until `done` returns true. Throws after 20 s.
inline void run_until(asio::io_context& io, const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    io.restart();
    io.run_one_for(std::chrono::seconds(5));
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("the test hangs");
  }
}

// A running coroutine, which a test can cancel.
template <class T>
class Task {
 public:
  Task(asio::io_context& io, asio::awaitable<T> work) : io_(io), state_(std::make_shared<State>()) {
    asio::co_spawn(io, std::move(work),
                   asio::bind_cancellation_slot(
                       state_->signal.slot(), [state = state_](std::exception_ptr error, T value) {
                         state->error = error;
                         state->value.emplace(std::move(value));
                         state->done = true;
                       }));
  }

  [[nodiscard]] bool done() const { return state_->done; }
  void cancel() { state_->signal.emit(asio::cancellation_type::terminal); }

  // Runs handlers until the coroutine ends. Throws the exception of the coroutine, if any.
  T result() {
    run_until(io_, [this] { return state_->done; });
    if (state_->error) std::rethrow_exception(state_->error);
    return std::move(*state_->value);
  }

  // Runs handlers until the coroutine ends. Returns true if it ended with operation_aborted.
  bool was_cancelled() {
    try {
      result();
    } catch (const boost::system::system_error& error) {
      return error.code() == asio::error::operation_aborted;
    }
    return false;
  }

 private:
  struct State {
    asio::cancellation_signal signal;
    bool done = false;
    std::exception_ptr error;
    std::optional<T> value;
  };
  asio::io_context& io_;
  std::shared_ptr<State> state_;
};

// Adds the result `true` to a coroutine without a result: Task and await need a result.
inline asio::awaitable<bool> with_result(asio::awaitable<void> work) {
  co_await std::move(work);
  co_return true;
}

// Runs handlers until the coroutine ends.
template <class T>
T await(asio::io_context& io, asio::awaitable<T> work) {
  Task<T> task(io, std::move(work));
  return task.result();
}

}  // namespace lastgood::wire
