// Stores idle connections to any number of servers for reuse.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>

#include "base/time.hpp"
#include "net/connect.hpp"
#include "net/transport.hpp"

namespace lastgood::net {

class IdleConnections {
 public:
  // Stores at most `limit` connections. A connection that was idle for longer than `max_idle` is
  // not reused. It is closed by the next take() or add(), also for another endpoint.
  IdleConnections(std::size_t limit, Duration max_idle) : limit_(limit), max_idle_(max_idle) {}

  // The connection to this endpoint that was used last. Null if there is none. Closes the
  // connections that cannot be reused: see Transport::is_quiet().
  [[nodiscard]] std::unique_ptr<Transport> take(const Endpoint& endpoint);
  // Offers a connection for reuse. Its last response must be complete. Above the limit, the
  // connection that is idle for the longest time is closed.
  void add(Endpoint endpoint, std::unique_ptr<Transport> transport);
  void close(const Endpoint& endpoint);
  void close_all() { idle_.clear(); }

 private:
  struct Idle {
    Endpoint endpoint;
    std::unique_ptr<Transport> transport;
    std::chrono::steady_clock::time_point since;
  };
  void close_old();

  std::size_t limit_;
  Duration max_idle_;
  std::list<Idle> idle_;  // the connection that was used last is at the end
};

}  // namespace lastgood::net
