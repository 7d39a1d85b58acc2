// The ways in which an exchange over the network can fail. A response with any HTTP status is not a
// failure here. The Kubernetes client and the prober translate the failures into their own errors.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <expected>
#include <string>

#include "net/deadline.hpp"

namespace lastgood::net {

enum class TransportError : std::uint8_t {
  DNSLookupFailed,  // the name has no address, or none was found in time
  Unreachable,      // no route, no permission, or no file descriptor left
  ConnectionRefused,
  ConnectionReset,
  ConnectionClosed,  // the peer closed the connection before the end of the message
  TimedOut,
  Stopped,         // this process stopped the exchange
  Tls,             // the handshake failed, or a certificate was rejected
  TooLarge,        // the headers or the body exceed the limit
  InvalidMessage,  // the message is not HTTP
};

struct Failure {
  TransportError transport_error = TransportError::ConnectionClosed;
  std::string detail;  // for messages to users, such as the error text of the operating system
};

template <class T>
using NetResult = std::expected<T, Failure>;

// The failure of an operation that ran under this deadline. If the operation was aborted although
// the deadline is not over, its coroutine was cancelled: throws system_error(operation_aborted).
[[nodiscard]] Failure failure_of(const boost::system::error_code& error, const Deadline& deadline);

// Stopped or TimedOut. The deadline must be over.
[[nodiscard]] Failure deadline_failure(const Deadline& deadline);

}  // namespace lastgood::net
