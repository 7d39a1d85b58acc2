// Errors as values: what went wrong, in a kind that code can branch on and words that a person can read.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace lastgood {

enum class ErrorKind : std::uint8_t {
  BadInput,         // what a person wrote cannot be understood
  NotFound,         // 404
  AlreadyExists,    // 409 on create
  Conflict,         // 409: read again and decide again
  Invalid,          // 422: a test of a JSON patch failed, or the object is refused by validation
  Forbidden,        // 403
  Unauthorized,     // 401
  Expired,          // 410, or an ERROR event of that code: the version is no longer served
  VersionTooLarge,  // the server has not reached the asked version
  TooManyRequests,  // 429
  Refused,          // nobody listens, or the connection was reset before an answer
  Unresolved,       // the name does not resolve
  TimedOut,         // no whole answer in time
  Closed,           // the peer closed before a whole answer
  TooLarge,         // more bytes, or deeper nesting, than we are willing to read
  Protocol,         // the answer is not what the protocol says
  Tls,              // handshake or certificate
  Server,           // 5xx and every other status
  Cancelled,        // we are stopping
};

[[nodiscard]] const char* to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::Server;
  std::string message;
  int status = 0;                                             // HTTP status, 0 where there was none
  std::optional<std::chrono::milliseconds> retry_after = {};  // the server's wish
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message, int status = 0) {
  return std::unexpected(Error{.kind = kind, .message = std::move(message), .status = status});
}

}  // namespace lastgood
