// A TCP server on 127.0.0.1 and a free port that does to each connection what a script says.
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

// The server's end of one connection. Nothing here throws but on cancellation: whether the other side is gone is a value.
class Peer {
 public:
  explicit Peer(std::unique_ptr<net::Transport> transport, int number) : transport_(std::move(transport)), number_(number) {}

  [[nodiscard]] int number() const { return number_; }  // of the connection, from 1

  // The next request, head and body; empty when the client has closed.
  asio::awaitable<std::string> request();
  asio::awaitable<bool> send(std::string text);
  // Each byte in a write of its own.
  asio::awaitable<bool> send_bytewise(std::string text);
  // Reads until the client closes.
  asio::awaitable<void> until_closed();
  void close() { transport_->close(); }
  // With a reset instead of an end.
  void reset();
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  std::unique_ptr<net::Transport> transport_;
  int number_;
  std::string unread_;
  std::uint64_t sent_ = 0;
};

using Script = std::function<asio::awaitable<void>(Peer& peer)>;
// Makes the server's end of a connection; nothing where the handshake fails.
using Upgrade = std::function<asio::awaitable<std::unique_ptr<net::Transport>>(asio::ip::tcp::socket socket)>;

class ScriptedServer {
 public:
  ScriptedServer(asio::io_context& io, Script script, Upgrade upgrade = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] int connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// An HTTP/1.1 answer with a length.
[[nodiscard]] std::string answer(int status, std::string_view body, std::string_view headers = "");
// Answers every request of every connection with the same.
[[nodiscard]] Script always(std::string text);

}  // namespace lastgood::wire
