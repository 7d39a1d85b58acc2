#include "net/failure.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

namespace lastgood::net {
namespace {

TransportError transport_error_of(const boost::system::error_code& error) {
  if (error.category() == boost::asio::error::get_ssl_category()) return TransportError::Tls;
  switch (error.value()) {
    case ECONNREFUSED: return TransportError::ConnectionRefused;
    case ECONNRESET:
    case ECONNABORTED: return TransportError::ConnectionReset;
    case EPIPE:
    case ENOTCONN:
    case EBADF: return TransportError::ConnectionClosed;
    case ETIMEDOUT: return TransportError::TimedOut;
    default: return TransportError::Unreachable;
  }
}

}  // namespace

Failure deadline_failure(const Deadline& deadline) {
  if (deadline.aborted()) return {.transport_error = TransportError::Stopped, .detail = "stopped"};
  return {.transport_error = TransportError::TimedOut,
          .detail = "timed out before a complete response"};
}

Failure failure_of(const boost::system::error_code& error, const Deadline& deadline) {
  if (deadline.over()) return deadline_failure(deadline);
  if (error == boost::asio::error::operation_aborted) throw boost::system::system_error(error);
  if (error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated) {
    return {.transport_error = TransportError::ConnectionClosed,
            .detail = "the connection was closed before a complete response"};
  }
  return {.transport_error = transport_error_of(error), .detail = error.message()};
}

}  // namespace lastgood::net
