#include "net/connect.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "codec/http_header.hpp"
#include "net/plain.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

// Prefers any other failure to Unreachable: many hosts have an IPv6 address, which is unreachable
// from a machine without an IPv6 network.
void keep_more_helpful(std::optional<Failure>& kept, Failure failure) {
  if (!kept || kept->transport_error == TransportError::Unreachable) kept = std::move(failure);
}

// A peer whose packets are lost without a reset (a dead node, a dropped NAT entry) is noticed after
// silent_peer_timeout: by probes if nothing is in flight, else because nothing is acknowledged. See
// tcp(7).
constexpr int first_probe_after = 15;                // seconds
constexpr int probe_interval = 5;                    // seconds
constexpr unsigned max_probes = 3;                   // then the connection fails
constexpr unsigned silent_peer_timeout = 30 * 1000;  // ms

void set_options(tcp::socket& socket) {
  boost::system::error_code ignored;
  // Each request is a single write. Nagle's algorithm would only delay it.
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(tcp::socket::keep_alive(true), ignored);
  const auto set = [&](int name, unsigned value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, name, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, first_probe_after);
  set(TCP_KEEPINTVL, probe_interval);
  set(TCP_KEEPCNT, max_probes);
  set(TCP_USER_TIMEOUT, silent_peer_timeout);
}

asio::awaitable<NetResult<tcp::socket>> connect(asio::any_io_executor executor,
                                                const Addresses& addresses, std::uint16_t port,
                                                Deadline& deadline) {
  std::optional<Failure> failure;
  for (const auto& address : addresses) {
    tcp::socket socket(executor);
    boost::system::error_code error;
    socket.open(address.is_v6() ? tcp::v6() : tcp::v4(), error);
    if (!error) {
      const auto scope = deadline.abort_when_over([&socket] {
        boost::system::error_code ignored;
        socket.close(ignored);
      });
      if (!deadline.over()) {
        const tcp::endpoint endpoint(address, port);
        co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
      }
    }
    if (deadline.over()) co_return std::unexpected(deadline_failure(deadline));
    if (error) {
      keep_more_helpful(failure, failure_of(error, deadline));
      continue;
    }
    set_options(socket);
    co_return socket;
  }
  co_return std::unexpected(failure.value_or(
      Failure{.transport_error = TransportError::DNSLookupFailed, .detail = "no address"}));
}

}  // namespace

asio::awaitable<NetResult<std::unique_ptr<Transport>>> open_transport(
    asio::any_io_executor executor, Resolver& resolver, Endpoint endpoint, Deadline& deadline) {
  const auto addresses = co_await resolver.resolve(endpoint.host, deadline);
  if (!addresses) co_return std::unexpected(addresses.error());
  auto socket = co_await connect(executor, *addresses, endpoint.port, deadline);
  if (!socket) co_return std::unexpected(socket.error());
  if (!endpoint.tls) co_return plain_transport(std::move(*socket));
  std::string name = endpoint.server_name.empty() ? endpoint.host : endpoint.server_name;
  co_return co_await tls_transport(std::move(*socket), std::move(endpoint.tls), std::move(name),
                                   deadline);
}

std::string host_header(const Endpoint& endpoint) {
  return codec::host_header(endpoint.host, endpoint.port, endpoint.tls != nullptr);
}

}  // namespace lastgood::net
