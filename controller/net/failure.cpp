#include "net/failure.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

namespace lastgood::net {
namespace {

Trouble trouble_of(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated) return Trouble::Closed;
  if (error.category() == boost::asio::error::get_ssl_category()) return Trouble::Tls;
  switch (error.value()) {
    case ECONNREFUSED: return Trouble::Refused;
    case ECONNRESET:
    case ECONNABORTED: return Trouble::Reset;
    case EPIPE:
    case ENOTCONN:
    case EBADF: return Trouble::Closed;
    case ETIMEDOUT: return Trouble::TimedOut;
    default: return Trouble::Unreachable;
  }
}

}  // namespace

Failure over(const Deadline& deadline) {
  if (deadline.stopped()) return {.trouble = Trouble::Stopped, .detail = "stopped"};
  return {.trouble = Trouble::TimedOut, .detail = "no whole answer in time"};
}

Failure failure_of(const boost::system::error_code& error, const Deadline& deadline) {
  if (deadline.over()) return over(deadline);
  if (error == boost::asio::error::operation_aborted) throw boost::system::system_error(error);
  if (error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated) {
    return {.trouble = Trouble::Closed, .detail = "the connection was closed before a whole answer"};
  }
  return {.trouble = trouble_of(error), .detail = error.message()};
}

}  // namespace lastgood::net
