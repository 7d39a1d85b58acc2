// open_transport(): the options of the socket. Other tests of the clients cover the rest.
#include "net/connect.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "wire/support/http.hpp"
#include "wire/support/loop.hpp"
#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {
namespace {

int option_of(net::Transport& transport, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(transport.socket().native_handle(), level, name, &value, &size) == 0);
  return value;
}

asio::awaitable<std::unique_ptr<net::Transport>> opened(asio::io_context& io, std::uint16_t port) {
  net::Resolver resolver(io.get_executor());
  net::Deadline deadline(io.get_executor(), long_timeout);
  auto transport = co_await net::open_transport(io.get_executor(), resolver,
                                                {.host = "127.0.0.1", .port = port}, deadline);
  co_return *std::move(transport);
}

}  // namespace

TEST_CASE("a connection notices within 30 s that the packets of its peer are lost") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")));
  const auto transport = await(io, opened(io, server.port()));
  CHECK(option_of(*transport, SOL_SOCKET, SO_KEEPALIVE) == 1);
  const int idle = option_of(*transport, IPPROTO_TCP, TCP_KEEPIDLE);
  const int probes = option_of(*transport, IPPROTO_TCP, TCP_KEEPCNT);
  CHECK(idle + probes * option_of(*transport, IPPROTO_TCP, TCP_KEEPINTVL) == 30);
  CHECK(option_of(*transport, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
}

}  // namespace lastgood::wire
