// Every way an exchange can fail below HTTP's meaning, as one word and the system's own words. The kube client and the
// prober each say in their own terms what it means to them.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <expected>
#include <string>

#include "net/deadline.hpp"

namespace lastgood::net {

enum class Trouble : std::uint8_t {
  Unresolved,   // the name has no address, or none was found in time
  Unreachable,  // no route, denied by the network, or no descriptor left to ask with
  Refused,      // nobody listens
  Reset,        // the connection was reset
  Closed,       // the peer closed too early
  TimedOut,
  Stopped,
  Tls,        // handshake or certificate
  TooLarge,   // headers or body beyond the limit
  Malformed,  // not HTTP
};

struct Failure {
  Trouble trouble = Trouble::Closed;
  std::string detail;
};

template <class T>
using NetResult = std::expected<T, Failure>;

// What an operation's error means under this deadline. An operation that was aborted without the deadline being over was
// cancelled with its coroutine: then this throws system_error(operation_aborted), as a cancelled coroutine should end.
[[nodiscard]] Failure failure_of(const boost::system::error_code& error, const Deadline& deadline);

[[nodiscard]] Failure over(const Deadline& deadline);

}  // namespace lastgood::net
