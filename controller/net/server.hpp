// A small HTTP/1.1 server for pages such as /healthz and /metrics, or for messages that clients
// POST. It limits the number of connections, the size of a request and the idle time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_message.hpp"

namespace lastgood::net {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  bool closes_connection = false;
};

// Creates the page of a path. The path has no query. An exception becomes a page with status 500
// and the message of the exception.
using PageHandler = std::function<Page(std::string_view path)>;

// Handles the POST requests of a server that receives messages.
struct MessageHandler {
  // The response to a request that is refused before its body is read, for example because it has
  // no token. Nothing: the request is accepted.
  std::function<std::optional<Page>(const Request& head)> refuse;
  // An exception becomes status 500 without its message: the client is not trusted.
  std::function<boost::asio::awaitable<Page>(Request request)> handle;
};

struct HttpServerLimits {
  // At this number, a new connection closes the open connection that was idle longest.
  std::size_t connections = 64;
  std::size_t request_bytes = std::size_t{8} * 1024;  // without the body
  std::size_t body_bytes = 0;
  Duration idle_timeout{10'000};  // for receiving a request, and again for sending its response
};

class HttpServer {
 public:
  // `listen` is ADDRESS:PORT, for example "0.0.0.0:8080", "[::]:8080" or ":8080". Port 0 chooses a
  // free port. BadInput if `listen` is invalid or cannot be bound.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> bind(
      boost::asio::any_io_executor executor, std::string_view listen, PageHandler handler,
      HttpServerLimits limits = {});
  // A server of messages: it allows only POST. Set limits.body_bytes.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> bind(
      boost::asio::any_io_executor executor, std::string_view listen, MessageHandler handler,
      HttpServerLimits limits);
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;

  // Serves until stop(), and returns when every connection has ended. Closes every connection and
  // throws boost::system::system_error(operation_aborted) if the coroutine is cancelled.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  static Result<std::unique_ptr<HttpServer>> listening(std::shared_ptr<Impl> impl,
                                                       std::string_view listen);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
