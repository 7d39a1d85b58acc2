// Kept connections to one server, and how many calls may be under way at once. Whoever has to wait is served in order.
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
  ConnectionPool(boost::asio::any_io_executor executor, std::size_t limit, Duration keep_idle);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  // The right to have one call under way, until it is destroyed. May outlive the pool.
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
  boost::asio::awaitable<NetResult<Permit>> acquire(Deadline& deadline);

  // The connection used last that is still fit; null where there is none.
  [[nodiscard]] std::unique_ptr<Transport> take();
  // One that is whole and silent, for another call.
  void give(std::unique_ptr<Transport> transport);
  void close_idle();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
