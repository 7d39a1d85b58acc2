#include "net/transport.hpp"

#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>

namespace lastgood::net {
namespace asio = boost::asio;

void Transport::close() {
  boost::system::error_code ignored;
  socket().close(ignored);
}

bool Transport::is_quiet() {
  if (!socket().is_open()) return false;
  char byte = 0;
  const auto got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::awaitable<NetResult<std::size_t>> read_with_deadline(Transport& transport,
                                                           std::span<char> into,
                                                           Deadline& deadline) {
  const auto scope = deadline.abort_when_over([&transport] { transport.close(); });
  if (deadline.over()) co_return std::unexpected(deadline_failure(deadline));
  const auto done = co_await transport.read_some(into);
  if (deadline.over()) co_return std::unexpected(deadline_failure(deadline));
  if (done.error == asio::error::eof) co_return std::size_t{0};
  if (done.error) co_return std::unexpected(failure_of(done.error, deadline));
  co_return done.bytes;
}

asio::awaitable<Written> write_with_deadline(Transport& transport, std::string_view all,
                                             Deadline& deadline) {
  const auto scope = deadline.abort_when_over([&transport] { transport.close(); });
  if (deadline.over()) co_return Written{.failure = deadline_failure(deadline)};
  if (deadline.has_passed()) {
    co_return Written{.failure = Failure{.transport_error = TransportError::TimedOut,
                                         .detail = "timed out before the request was sent"}};
  }
  const auto done = co_await transport.write(all);
  Written written{.may_have_sent = done.bytes > 0};
  // An aborted write does not report the bytes that the kernel had accepted.
  if (done.error == asio::error::operation_aborted) written.may_have_sent = true;
  if (done.error || deadline.over()) written.failure = failure_of(done.error, deadline);
  co_return written;
}

}  // namespace lastgood::net
