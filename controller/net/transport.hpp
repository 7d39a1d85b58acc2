// A connected stream of bytes, plain or TLS, and how one is opened. Knows nothing of HTTP.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/deadline.hpp"
#include "net/failure.hpp"
#include "net/resolver.hpp"

namespace lastgood::net {

class TlsContext;

struct Transferred {
  boost::system::error_code error = {};
  std::size_t bytes = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual boost::asio::awaitable<Transferred> read_some(std::span<char> into) = 0;
  virtual boost::asio::awaitable<Transferred> write(std::string_view all) = 0;

  // Aborts what is being waited for; the transport is of no further use.
  void close();

  // Open, and nothing has come that nobody asked for: neither bytes nor an end. Asks the kernel, waits for nothing.
  [[nodiscard]] bool quiet();

  virtual boost::asio::ip::tcp::socket& socket() = 0;
};

[[nodiscard]] std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);

struct Target {
  std::string host;  // name or address
  std::uint16_t port = 0;
  TlsContext* tls = nullptr;  // null: plain
  std::string server_name;    // what TLS asks for, and verifies where the context does; empty: host
};

// Resolves, connects to the first address that answers, and shakes hands.
boost::asio::awaitable<NetResult<std::unique_ptr<Transport>>> open_transport(boost::asio::any_io_executor executor,
                                                                             Resolver& resolver, Target target,
                                                                             Deadline& deadline);

// As open_transport, each under a watch of the deadline. A failed read that is a clean end is a value of 0 bytes.
boost::asio::awaitable<NetResult<std::size_t>> read_under(Transport& transport, std::span<char> into, Deadline& deadline);

struct Written {
  bool any = false;  // a byte may have reached the peer
  std::optional<Failure> failure = {};
};
boost::asio::awaitable<Written> write_under(Transport& transport, std::string_view all, Deadline& deadline);

// "host:port", with brackets around an IPv6 address.
[[nodiscard]] std::string authority(std::string_view host, std::uint16_t port);

}  // namespace lastgood::net
