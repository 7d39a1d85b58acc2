// HttpServer with clients such as kubelet and Prometheus, and with clients that try to block it.
#include "net/server.hpp"

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "net/plain.hpp"
#include "net/transport.hpp"
#include "wire/support/loop.hpp"

namespace lastgood::wire {
namespace {

using asio::ip::tcp;

net::Page page_for(std::string_view path) {
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/metrics")
    return {.content_type = "text/plain; version=0.0.4", .body = std::string(3'000'000, 'm')};
  if (path == "/throws") throw std::runtime_error("the page failed");
  return {.status = 404, .body = "no such page\n"};
}

// A running server and its clients on one io_context.
struct RunningServer {
  explicit RunningServer(net::HttpServerLimits limits = {},
                         const std::string& listen = "127.0.0.1:0") {
    http_server = *net::HttpServer::bind(io.get_executor(), listen, page_for, limits);
    run_task.emplace(io, with_result(http_server->run()));
  }

  explicit RunningServer(net::MessageHandler handler) {
    http_server = *net::HttpServer::bind(io.get_executor(), "127.0.0.1:0", std::move(handler),
                                         {.body_bytes = 10});
    run_task.emplace(io, with_result(http_server->run()));
  }

  std::unique_ptr<net::Transport> connect() {
    tcp::socket socket(io);
    socket.connect({asio::ip::address_v4::loopback(), http_server->port()});
    return net::plain_transport(std::move(socket));
  }

  static asio::awaitable<std::string> send_and_receive(net::Transport& client, std::string text,
                                                       std::size_t at_least) {
    std::array<char, 65536> piece{};
    co_await client.write(text);
    std::string got;
    while (got.size() < at_least) {
      const auto read = co_await client.read_some(piece);
      if (read.error || read.bytes == 0) break;
      got.append(piece.data(), read.bytes);
    }
    co_return got;
  }

  // Sends the text. Returns the response once `at_least` bytes have arrived or the server has
  // closed the connection.
  std::string exchange(net::Transport& client, std::string text,
                       std::size_t at_least = 100'000'000) {
    return await(io, send_and_receive(client, std::move(text), at_least));
  }
  // Like exchange(), on a new connection. Waits until the server closes the connection.
  std::string exchange_once(std::string text) { return exchange(*connect(), std::move(text)); }

  asio::io_context io;
  std::unique_ptr<net::HttpServer> http_server;
  std::optional<Task<bool>> run_task;
};

// Responds to a message with its path and body, if it has the token "t". The body "busy" gets a 503
// that closes the connection, and the body "throw" makes the handler throw.
net::MessageHandler echo() {
  return {.refuse = [](const net::Request& head) -> std::optional<net::Page> {
            if (head.authorization == "Bearer t") return {};
            return net::Page{.status = 401, .body = "no\n"};
          },
          .handle = [](net::Request request) -> asio::awaitable<net::Page> {
            if (request.body == "busy")
              co_return net::Page{.status = 503, .body = "x", .closes_connection = true};
            if (request.body == "throw") throw std::runtime_error("a secret");
            co_return net::Page{.body = request.path + " " + request.body};
          }};
}

const std::string healthz = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string healthz_response =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nok\n";

}  // namespace

TEST_CASE("serves a page with status, type and length, and keeps the connection open") {
  RunningServer server;
  const auto client = server.connect();
  for (int i = 0; i < 3; ++i)
    CHECK(server.exchange(*client, healthz, healthz_response.size()) == healthz_response);
}

TEST_CASE("parses requests wherever their bytes are split, and responds to each in order") {
  for (std::size_t at = 1; at < healthz.size(); ++at) {
    RunningServer server;
    const auto client = server.connect();
    CHECK(server.exchange(*client, healthz.substr(0, at), 0).empty());
    for (int i = 0; i < 5; ++i) server.io.poll();
    REQUIRE(server.exchange(*client, healthz.substr(at), healthz_response.size()) ==
            healthz_response);
  }
  RunningServer server;
  CHECK(server.exchange(*server.connect(), healthz + healthz, 2 * healthz_response.size()) ==
        healthz_response + healthz_response);
}

TEST_CASE("responds to HEAD without a body, and ignores the query of a path") {
  RunningServer server;
  const auto got = server.exchange_once(
      "HEAD /healthz?verbose HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK_THAT(got, Catch::StartsWith("HTTP/1.1 200 OK\r\n") &&
                      Catch::Contains("Content-Length: 3\r\n") && Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("serves a page of several megabytes completely") {
  RunningServer server;
  const auto got = server.exchange_once("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(got.size() - got.find("\r\n\r\n") - 4 == 3'000'000);
}

TEST_CASE("responds with an error status to unknown, invalid and oversized requests") {
  RunningServer server;
  CHECK_THAT(server.exchange_once("GET /x HTTP/1.0\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 404 Not Found"));
  CHECK_THAT(
      server.exchange_once("POST /healthz HTTP/1.0\r\n\r\n"),
      Catch::StartsWith("HTTP/1.1 405 Method Not Allowed") && Catch::Contains("Allow: GET, HEAD"));
  CHECK_THAT(server.exchange_once("POST /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 413 "));
  CHECK_THAT(server.exchange_once("garbage\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 400 Bad Request"));
  // 8 KiB without the end of the request line.
  CHECK_THAT(server.exchange_once("GET /" + std::string(8187, 'x')),
             Catch::StartsWith("HTTP/1.1 413 "));
}

TEST_CASE("responds with status 500 when the page throws") {
  RunningServer server;
  CHECK_THAT(server.exchange_once("GET /throws HTTP/1.0\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 500 Internal Server Error") &&
                 Catch::EndsWith("the page failed\n"));
}

TEST_CASE("closes a connection that sends no complete request within the idle timeout") {
  for (const std::string text : {"", "GET /healthz HT"}) {
    RunningServer server({.idle_timeout = Duration(60)});
    const auto started = std::chrono::steady_clock::now();
    CHECK(server.exchange_once(text).empty());
    CHECK(std::chrono::steady_clock::now() - started >= Duration(60));
  }
}

TEST_CASE("closes a connection when its client reads no response within the idle timeout") {
  RunningServer server({.idle_timeout = Duration(60)});
  const auto client = server.connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "GET /metrics HTTP/1.1\r\n\r\n";
  await(server.io, RunningServer::send_and_receive(*client, requests, 0));
  // The client reads nothing until the server has closed the connection. Then only a part of the
  // responses has arrived.
  asio::steady_timer timer(server.io, Duration(200));
  bool over = false;
  timer.async_wait([&over](boost::system::error_code) { over = true; });
  run_until(server.io, [&over] { return over; });
  CHECK(server.exchange(*client, "").size() < 20 * 3'000'000);
}

TEST_CASE("closes the connection that was idle longest when a new one exceeds the limit") {
  RunningServer server({.connections = 4});
  std::vector<std::unique_ptr<net::Transport>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(server.connect());
    REQUIRE(server.exchange(*clients.back(), healthz, healthz_response.size()) == healthz_response);
  }
  // The first client is active again, so the second has been idle longest.
  REQUIRE(server.exchange(*clients[0], healthz, healthz_response.size()) == healthz_response);
  REQUIRE(server.exchange(*server.connect(), healthz, healthz_response.size()) == healthz_response);
  CHECK(server.exchange(*clients[1], "").empty());
  CHECK(server.exchange(*clients[0], healthz, healthz_response.size()) == healthz_response);
}

TEST_CASE("responds while a hundred silent clients are connected") {
  RunningServer server;
  std::vector<std::unique_ptr<net::Transport>> silent_clients;
  for (int i = 0; i < 100; ++i) silent_clients.push_back(server.connect());
  CHECK(server.exchange(*server.connect(), healthz, healthz_response.size()) == healthz_response);
}

TEST_CASE("closes every connection and returns after stop()") {
  RunningServer server;
  const auto client = server.connect();
  REQUIRE(server.exchange(*client, healthz, healthz_response.size()) == healthz_response);
  server.http_server->stop();
  CHECK(server.run_task->result());
  CHECK(server.exchange(*client, "").empty());
}

TEST_CASE("closes every connection when the server is cancelled") {
  RunningServer server;
  const auto client = server.connect();
  REQUIRE(server.exchange(*client, healthz, healthz_response.size()) == healthz_response);
  server.run_task->cancel();
  CHECK(server.run_task->was_cancelled());
  CHECK(server.exchange(*client, "").empty());
}

TEST_CASE("rejects an address on which it cannot listen") {
  asio::io_context io;
  const auto error_of = [&io](const std::string& listen) {
    const auto made = net::HttpServer::bind(io.get_executor(), listen, page_for);
    return made ? std::string() : made.error().message;
  };
  CHECK_THAT(error_of("8080"), Catch::Contains("use ADDRESS:PORT"));
  CHECK_THAT(error_of("0.0.0.0:70000"), Catch::Contains("use ADDRESS:PORT"));
  CHECK_THAT(error_of("localhost:8080"), Catch::Contains("use ADDRESS:PORT"));
  const auto first = *net::HttpServer::bind(io.get_executor(), ":0", page_for);
  CHECK_THAT(error_of("0.0.0.0:" + std::to_string(first->port())), Catch::Contains("in use"));
}

TEST_CASE("passes the body of a POST request to its handler") {
  RunningServer server(echo());
  const auto got = server.exchange_once(
      "POST /a HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Length: 5\r\nConnection: "
      "close\r\n\r\nhello");
  CHECK_THAT(got, Catch::StartsWith("HTTP/1.1 200 OK\r\n") && Catch::EndsWith("\r\n\r\n/a hello"));
}

TEST_CASE("refuses a request without a token before its body has arrived") {
  RunningServer server(echo());
  CHECK_THAT(server.exchange_once("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 401 Unauthorized\r\n") &&
                 Catch::Contains("WWW-Authenticate: Bearer\r\n"));
}

TEST_CASE("a server of messages rejects other methods and large bodies, and hides exceptions") {
  RunningServer server(echo());
  CHECK_THAT(server.exchange_once("GET /a HTTP/1.0\r\nAuthorization: Bearer t\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 405 ") && Catch::Contains("Allow: POST"));
  CHECK_THAT(server.exchange_once(
                 "POST /a HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Length: 11\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 413 "));
  CHECK_THAT(server.exchange_once("POST /a HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Length: "
                                  "5\r\nConnection: close\r\n\r\nthrow"),
             Catch::StartsWith("HTTP/1.1 500 ") && !Catch::Contains("secret"));
}

TEST_CASE("closes a connection if the page says so, so that the client may reach another server") {
  RunningServer server(echo());
  CHECK_THAT(server.exchange_once(
                 "POST /a HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Length: 4\r\n\r\nbusy"),
             Catch::StartsWith("HTTP/1.1 503 ") && Catch::Contains("Connection: close\r\n"));
}

}  // namespace lastgood::wire
