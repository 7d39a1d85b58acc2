// A connected stream of bytes, with or without TLS. net/connect.hpp opens it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "net/deadline.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

struct Transferred {
  boost::system::error_code error = {};
  std::size_t bytes = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // A clean end of the stream is the error asio::error::eof.
  virtual boost::asio::awaitable<Transferred> read_some(std::span<char> into) = 0;
  virtual boost::asio::awaitable<Transferred> write(std::string_view all) = 0;

  // Aborts the pending operations. The transport cannot be used afterwards.
  void close();

  // True if the connection is open and there is nothing to read, not even an end of the stream.
  // Does not block. Reuse a connection between two requests only if this is true.
  [[nodiscard]] bool is_quiet();

  virtual boost::asio::ip::tcp::socket& socket() = 0;
};

// Reads once, at most until the deadline. Returns 0 bytes for a clean end of the stream.
boost::asio::awaitable<NetResult<std::size_t>> read_with_deadline(Transport& transport,
                                                                  std::span<char> into,
                                                                  Deadline& deadline);

struct Written {
  bool may_have_sent = false;  // a byte may have reached the peer
  std::optional<Failure> failure = {};
};

// Writes everything, at most until the deadline.
boost::asio::awaitable<Written> write_with_deadline(Transport& transport, std::string_view all,
                                                    Deadline& deadline);

}  // namespace lastgood::net
