// Implements the port HttpClient over HTTP/1.1, with or without TLS. A server that is slow, hangs
// or sends without end delays no call to another server, unless 64 calls are in flight.
//
// Request:
// - `method` is GET or POST. Anything else, a port 0, or an invalid target, header name or header
//   value ends with Unreachable: nothing is sent.
// - `headers` may replace Host, User-Agent and Accept. They must not contain the headers that this
//   client sets itself (Content-Length, Content-Type, Connection and their like) or
//   Accept-Encoding: a compressed body is not decompressed.
// - A Host header has no port if the port is the default of the protocol (80, or 443 with TLS).
// - The certificate authorities of the system are read when TLS settings are first used, so a later
//   change of them may have no effect.
//
// Response:
// - `status` and `content_type` (at most 256 bytes) are set if the head of the response was
//   received, also if the body was not complete. `body` is set only if the outcome is Answered.
// - TLS settings that cannot be used end with InvalidResponse and `is_tls_failure`, like a failed
//   handshake.
// - A body above `max_body_bytes` ends the call at once, and closes its connection.
//
// Connections are reused (keep-alive) for calls with the same host, port and TLS settings. If the
// server has closed a reused connection before it sent a byte of the response, the request is sent
// once more on a new connection. The server may thus execute a request twice. Use this client only
// for requests that may be repeated: queries, and requests for a token.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

#include "base/time.hpp"
#include "ports/http_client.hpp"

namespace lastgood::net {

struct HttpClientLimits {
  // Calls in flight. Further calls wait in the order of their arrival, and end with TimedOut after
  // their own timeout. A server is a host and a port.
  std::size_t calls_per_server = 8;
  std::size_t calls = 64;              // in flight to all servers
  std::size_t idle_connections = 128;  // to all servers
  std::size_t tls_contexts = 64;
  Duration max_idle{50'000};  // an idle connection is not reused after this time
};

class HttpClient final : public ports::HttpClient {
 public:
  // The io_context of `executor` must outlive the client. The client may be destroyed while a call
  // is in flight.
  explicit HttpClient(boost::asio::any_io_executor executor, HttpClientLimits limits = {});
  ~HttpClient() override;

  boost::asio::awaitable<api::HttpResponse> call(api::HttpCall call) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
