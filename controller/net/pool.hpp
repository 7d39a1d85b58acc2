// Idle connections to one server for reuse, and a limit for the number of calls in flight. Calls
// above the limit wait in the order of their arrival.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "net/deadline.hpp"
#include "net/failure.hpp"
#include "net/transport.hpp"

namespace lastgood::net {

class ConnectionPool {
  struct State;

 public:
  // At most `limit` calls in flight. An idle connection is reused for at most `max_idle`.
  ConnectionPool(boost::asio::any_io_executor executor, std::size_t limit, Duration max_idle);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  // Allows one call in flight until it is destroyed. It may outlive the pool.
  class Permit {
   public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    friend class ConnectionPool;
    explicit Permit(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };
  // Waits for a permit. Fails with Stopped or TimedOut if the deadline is over first.
  boost::asio::awaitable<NetResult<Permit>> acquire(Deadline& deadline);

  // The usable connection that was used last; null if there is none.
  [[nodiscard]] std::unique_ptr<Transport> take_idle();
  // Offers a connection for reuse. Its last response must be complete.
  void add_idle(std::unique_ptr<Transport> transport);
  void close_idle();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
