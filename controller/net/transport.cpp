#include "net/transport.hpp"

#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <utility>

#include "net/stream.hpp"
#include "net/tls.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<Transferred> read_some(std::span<char> into) override { return read_some_of(socket_, into); }
  asio::awaitable<Transferred> write(std::string_view all) override { return write_all_to(socket_, all); }

  tcp::socket& socket() override { return socket_; }

 private:
  tcp::socket socket_;
};

// Of several addresses' failures the one that says most: that an IPv6 address has no route says nothing where the IPv4
// address of the same name refuses.
void keep_telling(std::optional<Failure>& kept, Failure failure) {
  if (!kept || kept->trouble == Trouble::Unreachable) kept = std::move(failure);
}

asio::awaitable<NetResult<tcp::socket>> connect(asio::any_io_executor executor, const Addresses& addresses, std::uint16_t port,
                                                Deadline& deadline) {
  std::optional<Failure> kept;
  for (const auto& address : addresses) {
    tcp::socket socket(executor);
    boost::system::error_code error;
    // Opened here and not by the connect, so that a failure to open is seen as ours.
    socket.open(address.is_v6() ? tcp::v6() : tcp::v4(), error);
    if (!error) {
      const auto watch = deadline.watch([&socket] {
        boost::system::error_code ignored;
        socket.close(ignored);
      });
      if (!deadline.over()) {
        const tcp::endpoint endpoint(address, port);
        co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
      }
    }
    if (deadline.over()) co_return std::unexpected(over(deadline));
    if (error) {
      keep_telling(kept, failure_of(error, deadline));
      continue;
    }
    // A request is one write; waiting to fill a segment would only delay it.
    socket.set_option(tcp::no_delay(true), error);
    co_return socket;
  }
  co_return std::unexpected(kept.value_or(Failure{.trouble = Trouble::Unresolved, .detail = "no address"}));
}

}  // namespace

void Transport::close() {
  boost::system::error_code ignored;
  socket().close(ignored);
}

bool Transport::quiet() {
  if (!socket().is_open()) return false;
  char byte = 0;
  const auto got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::unique_ptr<Transport> plain_transport(tcp::socket socket) { return std::make_unique<PlainTransport>(std::move(socket)); }

asio::awaitable<NetResult<std::unique_ptr<Transport>>> open_transport(asio::any_io_executor executor, Resolver& resolver,
                                                                      Target target, Deadline& deadline) {
  const auto addresses = co_await resolver.resolve(target.host, deadline);
  if (!addresses) co_return std::unexpected(addresses.error());
  auto socket = co_await connect(executor, *addresses, target.port, deadline);
  if (!socket) co_return std::unexpected(socket.error());
  if (target.tls == nullptr) co_return plain_transport(std::move(*socket));
  std::string name = target.server_name.empty() ? target.host : target.server_name;
  co_return co_await tls_transport(std::move(*socket), *target.tls, std::move(name), deadline);
}

asio::awaitable<NetResult<std::size_t>> read_under(Transport& transport, std::span<char> into, Deadline& deadline) {
  const auto watch = deadline.watch([&transport] { transport.close(); });
  if (deadline.over()) co_return std::unexpected(over(deadline));
  const auto done = co_await transport.read_some(into);
  if (deadline.over()) co_return std::unexpected(over(deadline));
  if (done.error == asio::error::eof) co_return std::size_t{0};
  if (done.error) co_return std::unexpected(failure_of(done.error, deadline));
  co_return done.bytes;
}

asio::awaitable<Written> write_under(Transport& transport, std::string_view all, Deadline& deadline) {
  const auto watch = deadline.watch([&transport] { transport.close(); });
  if (deadline.over()) co_return Written{.failure = over(deadline)};
  const auto done = co_await transport.write(all);
  Written written{.any = done.bytes > 0};
  // An aborted write says nothing of the bytes that the kernel had already taken.
  if (done.error == asio::error::operation_aborted) written.any = true;
  if (done.error || deadline.over()) written.failure = failure_of(done.error, deadline);
  co_return written;
}

std::string authority(std::string_view host, std::uint16_t port) {
  const bool six = host.find(':') != std::string_view::npos;
  return (six ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

}  // namespace lastgood::net
