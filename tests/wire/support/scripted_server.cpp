#include "wire/support/scripted_server.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <utility>

#include "net/plain.hpp"

namespace lastgood::wire {
using asio::ip::tcp;

struct ScriptedServer::State {
  State(asio::io_context& io, Script script, ServerHandshake handshake)
      : acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        script(std::move(script)),
        handshake(std::move(handshake)) {}

  static asio::awaitable<void> serve(std::shared_ptr<State> self, tcp::socket socket, int number) {
    std::unique_ptr<net::Transport> transport;
    if (self->handshake) {
      transport = co_await self->handshake(std::move(socket));
      if (!transport) co_return;
    } else {
      transport = net::plain_transport(std::move(socket));
    }
    ServerConnection connection(std::move(transport), number);
    co_await self->script(connection);
  }

  static asio::awaitable<void> accept(std::shared_ptr<State> self) {
    while (true) {
      boost::system::error_code error;
      auto socket =
          co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      socket.set_option(tcp::no_delay(true));
      asio::co_spawn(self->acceptor.get_executor(),
                     serve(self, std::move(socket), ++self->connections), asio::detached);
    }
  }

  tcp::acceptor acceptor;
  Script script;
  ServerHandshake handshake;
  int connections = 0;
};

ScriptedServer::ScriptedServer(asio::io_context& io, Script script, ServerHandshake handshake)
    : state_(std::make_shared<State>(io, std::move(script), std::move(handshake))) {
  asio::co_spawn(io, State::accept(state_), asio::detached);
}

ScriptedServer::~ScriptedServer() { state_->acceptor.close(); }

std::uint16_t ScriptedServer::port() const { return state_->acceptor.local_endpoint().port(); }

int ScriptedServer::connections() const { return state_->connections; }

asio::awaitable<std::string> ServerConnection::request() {
  std::array<char, 4096> piece{};
  while (true) {
    const auto end = unread_.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::size_t request_size = end + 4;
      constexpr std::string_view header = "Content-Length: ";
      const auto header_at = unread_.find(header);
      if (header_at < end)
        request_size +=
            static_cast<std::size_t>(std::atoll(unread_.c_str() + header_at + header.size()));
      if (unread_.size() >= request_size) {
        std::string request = unread_.substr(0, request_size);
        unread_.erase(0, request_size);
        co_return request;
      }
    }
    const auto got = co_await transport_->read_some(piece);
    if (got.error || got.bytes == 0) co_return std::string();
    unread_.append(piece.data(), got.bytes);
  }
}

asio::awaitable<bool> ServerConnection::send(std::string text) {
  const auto done = co_await transport_->write(text);
  sent_ += done.bytes;
  co_return !done.error;
}

asio::awaitable<bool> ServerConnection::send_bytewise(std::string text) {
  for (const char byte : text) {
    if (!co_await send(std::string(1, byte))) co_return false;
  }
  co_return true;
}

asio::awaitable<void> ServerConnection::until_closed() {
  std::array<char, 4096> piece{};
  while (true) {
    const auto got = co_await transport_->read_some(piece);
    if (got.error || got.bytes == 0) co_return;
  }
}

void ServerConnection::reset() {
  transport_->socket().set_option(asio::socket_base::linger(true, 0));
  transport_->close();
}

std::string response(int status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Reason\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

Script always(std::string text) {
  return [text = std::move(text)](ServerConnection& connection) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await connection.request();
      if (request.empty()) co_return;
      if (!co_await connection.send(text)) co_return;
    }
  };
}

}  // namespace lastgood::wire
