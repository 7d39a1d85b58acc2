// A small HTTP/1.1 server for pages such as /healthz and /metrics. It allows only GET and HEAD, and
// limits the number of connections, the size of a request and the idle time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::net {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Creates the page of a path, without the query of the request. An exception becomes status 500
// with its message.
using PageHandler = std::function<Page(std::string_view path)>;

struct HttpServerLimits {
  // At this number, a new connection closes the open connection that was idle longest.
  std::size_t connections = 64;
  std::size_t request_bytes = std::size_t{8} * 1024;
  Duration idle_timeout{10'000};  // for receiving a request, and again for sending its response
};

class HttpServer {
 public:
  // `listen` is ADDRESS:PORT, for example "0.0.0.0:8080", "[::]:8080" or ":8080". Port 0 chooses a
  // free port. BadInput if `listen` is invalid or cannot be bound.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> bind(
      boost::asio::any_io_executor executor, std::string_view listen, PageHandler handler,
      HttpServerLimits limits = {});
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;

  // Serves until stop(), and returns when every connection has ended. Closes every connection and
  // throws boost::system::system_error(operation_aborted) if the coroutine is cancelled.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
