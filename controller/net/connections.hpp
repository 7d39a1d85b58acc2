// Sends requests to any number of servers. Reuses idle connections. If the server has closed the
// reused connection in the meantime, the request can be sent again on a new one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "net/connect.hpp"
#include "net/exchange.hpp"
#include "net/idle_connections.hpp"
#include "net/resolver.hpp"

namespace lastgood::net {

// Whether a request is sent again on a new connection, if the server closed the reused connection
// before it sent a byte of the response.
enum class Resend : std::uint8_t {
  Always,     // yes: the server may execute the request twice
  IfNotSent,  // only if no byte of the request can have reached the server
};

class Connections {
 public:
  Connections(boost::asio::any_io_executor executor, std::size_t max_idle_connections,
              Duration max_idle);

  // Sends the request on an idle connection, or on a new one if no connection is idle. Sends it
  // again at most once. The connection is stored for reuse if it can be reused.
  boost::asio::awaitable<ExchangeExpected<ResponseHead>> send(Endpoint endpoint,
                                                              const Exchange& exchange,
                                                              Resend resend, Deadline& deadline);
  // Closes the idle connections. No connection is stored for reuse afterwards.
  void close();

 private:
  boost::asio::any_io_executor executor_;
  Resolver resolver_;
  IdleConnections idle_;
  bool is_closed_ = false;
};

}  // namespace lastgood::net
