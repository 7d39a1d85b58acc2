// One call to an API server and one health question, as plain data: pure code plans them, net/
// carries them out, and a test can read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace lastgood::api {

enum class Verb : std::uint8_t { Get, Post, Put, Patch, Delete };

inline constexpr std::string_view json_patch = "application/json-patch+json";    // RFC 6902
inline constexpr std::string_view merge_patch = "application/merge-patch+json";  // RFC 7386

struct ApiCall {
  Verb verb = Verb::Get;
  std::string target;  // path and query, already percent-encoded:
                       // "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood"
  std::string body;    // empty for GET
  std::string content_type;  // of the body; empty means application/json
  bool metadata_only =
      false;  // of a GET: what the object holds is not wanted and never leaves the server

  bool operator==(const ApiCall&) const = default;
};

struct ProbeRequest {
  bool tls = false;  // the certificate is not verified, as kubelet does not
  std::string host;  // a name or an address to connect to
  std::uint16_t port = 0;
  std::string target;       // path and query, begins with "/"
  std::string host_header;  // empty: host[:port]
  Duration timeout{
      2000};  // for everything: resolve, connect, handshake, write, status line and headers

  bool operator==(const ProbeRequest&) const = default;
};

enum class ProbeOutcome : std::uint8_t {
  Answered,           // `status` is set; the body is not read
  ConnectionRefused,  // connection refused or reset
  TimedOut,
  ConnectionClosed,  // closed before the headers were whole
  InvalidResponse,   // not HTTP, or headers beyond 64 KiB, or the handshake failed
  DNSLookupFailed,   // the name does not resolve: cannot be asked
  Unreachable,       // no route, or the network denies it: cannot be asked
};

struct ProbeResponse {
  ProbeOutcome outcome = ProbeOutcome::TimedOut;
  int status = 0;
  Duration took{0};
  std::string detail;  // the system's words, at most 200 bytes; empty when Answered
};

}  // namespace lastgood::api
