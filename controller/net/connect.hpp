// Opens a connection: resolves the name, connects, and does the TLS handshake.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "net/deadline.hpp"
#include "net/failure.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/transport.hpp"

namespace lastgood::net {

struct Endpoint {
  std::string host;  // a DNS name or an IP address
  std::uint16_t port = 0;
  std::shared_ptr<TlsContext> tls = {};  // null: a plain connection
  // For TLS: sent as SNI. If the context verifies certificates, the certificate of the server must
  // be for this name. Empty: `host`.
  std::string server_name = {};

  bool operator==(const Endpoint&) const = default;
};

// Connects to the first address of the host that accepts the connection.
// If the packets of the peer are lost later, the operations of the transport fail after 30 s.
boost::asio::awaitable<NetResult<std::unique_ptr<Transport>>> open_transport(
    boost::asio::any_io_executor executor, Resolver& resolver, Endpoint endpoint,
    Deadline& deadline);

// The Host header for this endpoint: see codec::host_header().
[[nodiscard]] std::string host_header(const Endpoint& endpoint);

}  // namespace lastgood::net
