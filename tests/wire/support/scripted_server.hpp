// A TCP server on 127.0.0.1 and a free port. It runs a script for each connection.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/transport.hpp"

namespace lastgood::wire {

namespace asio = boost::asio;

// The server side of one connection. The functions throw only if the coroutine is cancelled. If the
// client has closed the connection, their return value says so.
class ServerConnection {
 public:
  explicit ServerConnection(std::unique_ptr<net::Transport> transport, int number)
      : transport_(std::move(transport)), number_(number) {}

  // The number of the connection. The first connection of a server has the number 1.
  [[nodiscard]] int number() const { return number_; }

  // The next request with its body. Empty if the client has closed the connection.
  asio::awaitable<std::string> request();
  // Returns false if the client has closed the connection.
  asio::awaitable<bool> send(std::string text);
  // Like send(), with a separate write for each byte.
  asio::awaitable<bool> send_bytewise(std::string text);
  // Reads until the client closes the connection.
  asio::awaitable<void> until_closed();
  // Closes the connection with a TCP reset.
  void reset();
  // The number of bytes sent.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  std::unique_ptr<net::Transport> transport_;
  int number_;
  std::string unread_;
  std::uint64_t sent_ = 0;
};

// The behavior of the server on one connection. The connection is closed when the script returns.
using Script = std::function<asio::awaitable<void>(ServerConnection& connection)>;
// Does the TLS handshake of the server. Returns null if the handshake fails.
using ServerHandshake =
    std::function<asio::awaitable<std::unique_ptr<net::Transport>>(asio::ip::tcp::socket socket)>;

class ScriptedServer {
 public:
  ScriptedServer(asio::io_context& io, Script script, ServerHandshake handshake = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] int connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// An HTTP/1.1 response with a Content-Length. Each line of `headers` must end with \r\n.
[[nodiscard]] std::string response(int status, std::string_view body,
                                   std::string_view headers = "");
// Sends `text` as the response to every request.
[[nodiscard]] Script always(std::string text);

}  // namespace lastgood::wire
