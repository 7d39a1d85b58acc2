// Calls of an HttpClient to a scripted server, and scripts that several test files use.
#pragma once

#include <ostream>
#include <string>

#include "net/http_client.hpp"
#include "wire/support/loop.hpp"
#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {

// A query of the server on this port of 127.0.0.1, without TLS.
inline api::HttpCall query(std::uint16_t port, Duration timeout = long_timeout) {
  return {.host = "127.0.0.1", .port = port, .target = "/api/v1/query", .timeout = timeout};
}

inline api::HttpCall post(std::uint16_t port, std::string body = "query=up") {
  auto call = query(port);
  call.method = "POST";
  call.content_type = "application/x-www-form-urlencoded";
  call.body = std::move(body);
  return call;
}

inline asio::awaitable<void> never_respond(ServerConnection& connection) {
  co_await connection.until_closed();
}

// The path of the request.
inline std::string path_of(const std::string& request) {
  const auto at = request.find(' ') + 1;
  return request.substr(at, request.find(' ', at) - at);
}

}  // namespace lastgood::wire
