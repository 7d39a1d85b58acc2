// One health question to one address, and every way it can be answered.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace lastgood::ports {

struct HttpQuestion {
  bool tls = false;  // the certificate is not verified, as kubelet does not
  std::string host;  // a name or an address to connect to
  std::uint16_t port = 0;
  std::string target;       // path and query, begins with "/"
  std::string host_header;  // empty: host[:port]
  Duration timeout{2000};   // for everything: resolve, connect, handshake, write, status line and headers

  bool operator==(const HttpQuestion&) const = default;
};

enum class HttpOutcome : std::uint8_t {
  Answered,  // `status` is set; the body is not read
  Refused,   // connection refused or reset
  TimedOut,
  Closed,       // closed before the headers were whole
  Malformed,    // not HTTP, or headers beyond 64 KiB, or the handshake failed
  Unresolved,   // the name does not resolve: cannot be asked
  Unreachable,  // no route, or the network denies it: cannot be asked
};

struct HttpAnswer {
  HttpOutcome outcome = HttpOutcome::TimedOut;
  int status = 0;
  Duration took{0};
  std::string detail;  // the system's words, at most 200 bytes; empty when Answered
};

class Prober {
 public:
  virtual ~Prober() = default;

  // Never throws but on cancellation, never follows a redirect, never reads more than 1 MiB.
  virtual boost::asio::awaitable<HttpAnswer> ask(HttpQuestion question) = 0;
};

}  // namespace lastgood::ports
