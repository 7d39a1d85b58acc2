// A small HTTP/1.1 server for /healthz, /readyz and /metrics: GET and HEAD only, everything bounded.
// Knows nothing of the pages: a function gives them.
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

// Gets the path without its query.
using PageHandler = std::function<Page(std::string_view path)>;

struct HttpServerLimits {
  std::size_t connections = 64;  // one more: the one that was silent longest is closed
  std::size_t request_bytes = std::size_t{8} * 1024;
  Duration idle_timeout{10'000};  // for a whole request, and for taking its answer
};

class HttpServer {
 public:
  // `listen` is ADDRESS:PORT as the flag has it ("0.0.0.0:8080", "[::]:8080", port 0 for any free one). BadInput where it
  // cannot be parsed or bound.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> bind(boost::asio::any_io_executor executor, std::string_view listen,
                                                                PageHandler handler, HttpServerLimits limits = {});
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;

  // Serves until stop(), then returns when every connection has ended. Ends by
  // boost::system::system_error(operation_aborted), with every connection closed, when its coroutine is cancelled.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
