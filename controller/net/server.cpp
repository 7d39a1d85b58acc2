#include "net/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <cstdint>
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "net/deadline.hpp"
#include "net/http_message.hpp"
#include "net/plain.hpp"
#include "net/transport.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

Page error_page(const Failure& failure) {
  const bool large = failure.transport_error == TransportError::TooLarge;
  return {.status = large ? 413 : 400,
          .body = large ? "the request is too large, or its body is not accepted\n"
                        : "the request is not valid HTTP\n"};
}

// A response to HEAD has the headers of the body, and no body.
enum class Content : std::uint8_t { HeadersAndBody, HeadersOnly };
enum class AfterResponse : std::uint8_t { KeepOpen, Close };

std::string response_text(const Page& page, std::string_view allowed, Content content,
                          AfterResponse after) {
  std::string text = "HTTP/1.1 " + std::to_string(page.status) + " ";
  text += reason_phrase(page.status);
  text += "\r\nContent-Type: " + page.content_type +
          "\r\nContent-Length: " + std::to_string(page.body.size()) + "\r\n";
  if (page.status == 405) text += "Allow: " + std::string(allowed) + "\r\n";
  if (page.status == 401) text += "WWW-Authenticate: Bearer\r\n";
  if (after == AfterResponse::Close) text += "Connection: close\r\n";
  text += "\r\n";
  if (content == Content::HeadersAndBody) text += page.body;
  return text;
}

asio::awaitable<Page> page_of(const PageHandler& handler, Request request) {
  try {
    co_return handler(request.path);
  } catch (const std::exception& error) {
    co_return Page{.status = 500, .body = std::string(error.what()) + "\n"};
  }
}

MessageHandler pages_of(PageHandler handler) {
  return {.refuse = [](const Request& head) -> std::optional<Page> {
            if (head.method == "GET" || head.method == "HEAD") return {};
            return Page{.status = 405, .body = "use GET or HEAD\n"};
          },
          .handle = [handler = std::move(handler)](
                        Request request) { return page_of(handler, std::move(request)); }};
}

std::optional<tcp::endpoint> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "0.0.0.0";
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, parse_error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (parse_error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return std::nullopt;
  return tcp::endpoint(address, port);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(asio::any_io_executor executor, MessageHandler handler, std::string allowed,
       HttpServerLimits limits)
      : executor_(executor),
        acceptor_(executor),
        ended_(executor, asio::steady_timer::time_point::max()),
        handler_(std::move(handler)),
        allowed_(std::move(allowed)),
        limits_(limits) {}

  boost::system::error_code listen(const tcp::endpoint& endpoint) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    return error;
  }

  [[nodiscard]] std::uint16_t port() const {
    boost::system::error_code error;
    return acceptor_.local_endpoint(error).port();
  }

  void stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    while (!open_.empty()) close_oldest();
    if (running_ == 0) ended_.cancel();
  }

  static asio::awaitable<void> run(std::shared_ptr<Impl> self);

 private:
  struct Session {
    std::unique_ptr<Transport> transport;
    bool open = true;
  };
  using Sessions = std::list<std::shared_ptr<Session>>;

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Session> session);
  asio::awaitable<AfterResponse> respond(Transport& transport,
                                         NetResult<std::optional<Request>> request,
                                         Deadline& deadline);
  // KeepOpen, if `after` says so and the response was written.
  asio::awaitable<AfterResponse> send(Transport& transport, const Page& page, Content content,
                                      AfterResponse after, Deadline& deadline);
  asio::awaitable<Page> page_for(Request request) const;

  void admit(tcp::socket socket, const std::shared_ptr<Impl>& self) {
    while (open_.size() >= limits_.connections) close_oldest();
    auto session = std::make_shared<Session>();
    session->transport = plain_transport(std::move(socket));
    open_.push_back(session);
    ++running_;
    asio::co_spawn(executor_, serve(self, session), [self, session](const std::exception_ptr&) {
      self->forget(session);
      if (--self->running_ == 0 && self->stopped_) self->ended_.cancel();
    });
  }

  void close_oldest() {
    open_.front()->open = false;
    open_.front()->transport->close();
    open_.pop_front();
  }

  void forget(const std::shared_ptr<Session>& session) {
    if (!session->open) return;
    session->open = false;
    session->transport->close();
    open_.remove(session);
  }

  void mark_active(const std::shared_ptr<Session>& session) {
    if (!session->open) return;
    open_.remove(session);
    open_.push_back(session);
  }

  asio::any_io_executor executor_;
  tcp::acceptor acceptor_;
  asio::steady_timer ended_;  // cancelled when the last session ends
  MessageHandler handler_;
  std::string allowed_;  // methods
  HttpServerLimits limits_;
  Sessions open_;  // the session that was idle longest is first
  std::size_t running_ = 0;
  bool stopped_ = false;
};

asio::awaitable<Page> HttpServer::Impl::page_for(Request request) const {
  try {
    co_return co_await handler_.handle(std::move(request));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
  } catch (const std::exception&) {
    // The client is not trusted with the cause.
  }
  co_return Page{.status = 500, .body = "internal error\n"};
}

asio::awaitable<AfterResponse> HttpServer::Impl::send(Transport& transport, const Page& page,
                                                      Content content, AfterResponse after,
                                                      Deadline& deadline) {
  const std::string text = response_text(page, allowed_, content, after);
  const auto written = co_await write_with_deadline(transport, text, deadline);
  if (after == AfterResponse::Close) {
    boost::system::error_code ignored;
    transport.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }
  co_return written.failure ? AfterResponse::Close : after;
}

asio::awaitable<AfterResponse> HttpServer::Impl::respond(Transport& transport,
                                                         NetResult<std::optional<Request>> request,
                                                         Deadline& deadline) {
  if (!request)
    co_return co_await send(transport, error_page(request.error()), Content::HeadersAndBody,
                            AfterResponse::Close, deadline);
  const bool is_kept_alive = (*request)->keep_alive;
  const Content content =
      (*request)->method == "HEAD" ? Content::HeadersOnly : Content::HeadersAndBody;
  std::optional<Page> page = handler_.refuse(**request);
  if (!page) page = co_await page_for(std::move(**request));
  const bool stays_open = is_kept_alive && !page->closes_connection;
  deadline.restart(limits_.idle_timeout);
  co_return co_await send(transport, *page, content,
                          stays_open ? AfterResponse::KeepOpen : AfterResponse::Close, deadline);
}

asio::awaitable<void> HttpServer::Impl::serve(std::shared_ptr<Impl> self,
                                              std::shared_ptr<Session> session) {
  RequestReader reader(self->limits_.request_bytes, self->limits_.body_bytes);
  Deadline deadline(self->executor_, self->limits_.idle_timeout);
  while (session->open) {
    auto request = reader.next();
    if (request && !*request) {
      if (const Request* head = reader.without_body()) {
        if (const auto refused = self->handler_.refuse(*head)) {
          deadline.restart(self->limits_.idle_timeout);
          co_await self->send(*session->transport, *refused, Content::HeadersAndBody,
                              AfterResponse::Close, deadline);
          break;
        }
      }
      const auto bytes = co_await read_with_deadline(*session->transport, reader.space(), deadline);
      if (!bytes || *bytes == 0) break;
      reader.received(*bytes);
      continue;
    }
    self->mark_active(session);
    // The response and the next request each have the whole idle timeout.
    deadline.restart(self->limits_.idle_timeout);
    const AfterResponse after =
        co_await self->respond(*session->transport, std::move(request), deadline);
    if (after == AfterResponse::Close) break;
    deadline.restart(self->limits_.idle_timeout);
  }
}

asio::awaitable<void> HttpServer::Impl::run(std::shared_ptr<Impl> self) {
  struct Closer {
    Impl& server;
    ~Closer() { server.stop(); }
  } const closer{*self};
  while (!self->stopped_) {
    boost::system::error_code error;
    tcp::socket socket =
        co_await self->acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (self->stopped_) break;
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (!error) {
      self->admit(std::move(socket), self);
      continue;
    }
    // Usually no file descriptor is left. The connection stays in the queue, so another accept
    // would fail at once. Wait before the next accept.
    asio::steady_timer pause(self->executor_, std::chrono::milliseconds(100));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  boost::system::error_code error;
  if (self->running_ > 0)
    co_await self->ended_.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { impl_->stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::bind(asio::any_io_executor executor,
                                                     std::string_view listen, PageHandler handler,
                                                     HttpServerLimits limits) {
  auto impl = std::make_shared<Impl>(std::move(executor), pages_of(std::move(handler)), "GET, HEAD",
                                     limits);
  return listening(std::move(impl), listen);
}

Result<std::unique_ptr<HttpServer>> HttpServer::bind(asio::any_io_executor executor,
                                                     std::string_view listen,
                                                     MessageHandler handler,
                                                     HttpServerLimits limits) {
  handler.refuse = [refuse = std::move(handler.refuse)](const Request& head) {
    if (head.method == "POST") return refuse(head);
    return std::optional(Page{.status = 405, .body = "use POST\n"});
  };
  return listening(std::make_shared<Impl>(std::move(executor), std::move(handler), "POST", limits),
                   listen);
}

Result<std::unique_ptr<HttpServer>> HttpServer::listening(std::shared_ptr<Impl> impl,
                                                          std::string_view listen) {
  const auto endpoint = parse_listen(listen);
  if (!endpoint)
    return fail(ErrorKind::BadInput, "cannot listen on " + in_quotes(listen) +
                                         ": use ADDRESS:PORT, for example 0.0.0.0:8080");
  if (const auto error = impl->listen(*endpoint); error) {
    return fail(ErrorKind::BadInput,
                "cannot listen on " + in_quotes(listen) + ": " + error.message());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }

asio::awaitable<void> HttpServer::run() { return Impl::run(impl_); }

void HttpServer::stop() { impl_->stop(); }

}  // namespace lastgood::net
