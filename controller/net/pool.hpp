// Stores idle connections to one server for reuse, and limits the number of calls in flight. Calls
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
  // Allows at most `limit` calls in flight. A connection that was idle for longer than `max_idle`
  // is not reused.
  ConnectionPool(boost::asio::any_io_executor executor, std::size_t limit, Duration max_idle);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  // Allows one call in flight until the Permit is destroyed. A Permit may outlive the pool.
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

  // The usable idle connection that was used last. Null if no connection is usable.
  [[nodiscard]] std::unique_ptr<Transport> take_idle();
  // Offers a connection for reuse. Its last response must be complete.
  void add_idle(std::unique_ptr<Transport> transport);
  void close_idle();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
