// Sends one request and reads its response on one connection.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <functional>
#include <optional>
#include <string_view>

#include "net/deadline.hpp"
#include "net/failure.hpp"
#include "net/http_message.hpp"
#include "net/transport.hpp"

namespace lastgood::net {

struct Exchange {
  std::string_view request;  // all bytes of the request
  MessageLimits limits;
  ResponseReader::Sink sink;  // receives the body
  // Called once, when the head of the response is complete. The sink may have received the
  // beginning of the body already.
  std::function<void(const ResponseHead& head)> on_head = {};
  // Called after on_head() if the body is not complete. Returns false to stop reading.
  std::function<bool(const ResponseHead& head)> wants_body = {};
  // Restarts the deadline with this time at the beginning and after each read. Empty: the deadline
  // is for the whole exchange.
  std::optional<Duration> idle_timeout = {};
};

struct ExchangeResult {
  ResponseHead head;
  bool is_reusable = false;  // the connection can be used for another request
};

struct ExchangeFailure {
  bool sent = false;   // a byte of the request may have reached the server
  bool began = false;  // a byte of the response was received
  Failure cause;
};

template <class T>
using ExchangeExpected = std::expected<T, ExchangeFailure>;

// Returns when the response is complete, or when the sink or wants_body() has stopped the exchange.
boost::asio::awaitable<ExchangeExpected<ExchangeResult>> run_exchange(Transport& transport,
                                                                      const Exchange& exchange,
                                                                      Deadline& deadline);

// True if the peer closed or reset the connection.
[[nodiscard]] bool is_connection_lost(const Failure& failure);

}  // namespace lastgood::net
