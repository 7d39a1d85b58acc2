// Errors as values. Code branches on the kind; the message is for users.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace lastgood {

// The numbers in the comments are HTTP statuses of the API server.
enum class ErrorKind : std::uint8_t {
  BadInput,           // invalid input of a user, or an invalid file
  NotFound,           // 404
  AlreadyExists,      // 409 on create
  Conflict,           // 409: read the object again before the next write
  Invalid,            // 422: validation or a "test" of a JSON patch failed
  Forbidden,          // 403
  Unauthorized,       // 401
  Expired,            // 410, or an ERROR event with that code: the version is no longer served
  VersionTooLarge,    // the server has not reached the requested resource version
  TooManyRequests,    // 429
  ConnectionRefused,  // nothing listens, or the peer reset the connection
  DNSLookupFailed,    // the host name does not resolve
  TimedOut,           // no complete response in time
  ConnectionClosed,   // closed before the response was complete; a write may have been done
  TooLarge,           // more bytes or deeper nesting than the limit
  Protocol,           // the response is not valid HTTP, or not the expected JSON
  Tls,                // the TLS handshake failed, or the certificate is not accepted
  Server,             // 5xx, a status that is not listed here, or an internal failure
  Cancelled,          // the controller is stopping, or is no longer the leader
};

[[nodiscard]] const char* to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::Server;
  std::string message;
  int status = 0;            // HTTP status; 0: no response
  bool has_details = false;  // details.kind of the Status is set; see codec/errors.hpp
  std::optional<std::chrono::milliseconds> retry_after = {};  // from the Retry-After header
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                 int status = 0) {
  return std::unexpected(Error{.kind = kind, .message = std::move(message), .status = status});
}

}  // namespace lastgood
