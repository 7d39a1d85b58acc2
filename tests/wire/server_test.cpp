// HttpServer, as kubelet and Prometheus use it, and with clients that try to block it.
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
struct Served {
  explicit Served(net::HttpServerLimits limits = {}, const std::string& listen = "127.0.0.1:0") {
    server = *net::HttpServer::bind(io.get_executor(), listen, page_for, limits);
    running.emplace(io, returning_true(server->run()));
  }

  std::unique_ptr<net::Transport> connect() {
    tcp::socket socket(io);
    socket.connect({asio::ip::address_v4::loopback(), server->port()});
    return net::plain_transport(std::move(socket));
  }

  static asio::awaitable<std::string> until_end(net::Transport& client, std::string text,
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

  // Sends the text. Returns the received bytes once the server closes or `at_least` bytes arrived.
  std::string exchange(net::Transport& client, std::string text,
                       std::size_t at_least = 100'000'000) {
    return await(io, until_end(client, std::move(text), at_least));
  }
  std::string once(std::string text) { return exchange(*connect(), std::move(text)); }

  asio::io_context io;
  std::unique_ptr<net::HttpServer> server;
  std::optional<Task<bool>> running;
};

const std::string healthz = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string healthz_response =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nok\n";

}  // namespace

TEST_CASE("serves a page with status, type and length, and keeps the connection open") {
  Served served;
  const auto client = served.connect();
  for (int i = 0; i < 3; ++i)
    CHECK(served.exchange(*client, healthz, healthz_response.size()) == healthz_response);
}

TEST_CASE("parses requests wherever they are split and responds to several in order") {
  for (std::size_t at = 1; at < healthz.size(); ++at) {
    Served served;
    const auto client = served.connect();
    CHECK(served.exchange(*client, healthz.substr(0, at), 0).empty());
    for (int i = 0; i < 5; ++i) served.io.poll();
    REQUIRE(served.exchange(*client, healthz.substr(at), healthz_response.size()) ==
            healthz_response);
  }
  Served served;
  CHECK(served.exchange(*served.connect(), healthz + healthz, 2 * healthz_response.size()) ==
        healthz_response + healthz_response);
}

TEST_CASE("responds to HEAD without a body and ignores the query of a path") {
  Served served;
  const auto got =
      served.once("HEAD /healthz?verbose HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK_THAT(got, Catch::StartsWith("HTTP/1.1 200 OK\r\n") &&
                      Catch::Contains("Content-Length: 3\r\n") && Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("serves a page of several megabytes completely") {
  Served served;
  const auto got = served.once("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(got.size() - got.find("\r\n\r\n") - 4 == 3'000'000);
}

TEST_CASE("responds with an error status to unknown, invalid and oversized requests") {
  Served served;
  CHECK_THAT(served.once("GET /x HTTP/1.0\r\n\r\n"), Catch::StartsWith("HTTP/1.1 404 Not Found"));
  CHECK_THAT(
      served.once("POST /healthz HTTP/1.0\r\n\r\n"),
      Catch::StartsWith("HTTP/1.1 405 Method Not Allowed") && Catch::Contains("Allow: GET, HEAD"));
  CHECK_THAT(served.once("POST /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 413 "));
  CHECK_THAT(served.once("garbage\r\n\r\n"), Catch::StartsWith("HTTP/1.1 400 Bad Request"));
  CHECK_THAT(served.once("GET /" + std::string(8187, 'x')), Catch::StartsWith("HTTP/1.1 413 "));
  CHECK_THAT(served.once("GET /throws HTTP/1.0\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 500 Internal Server Error") &&
                 Catch::EndsWith("the page failed\n"));
}

TEST_CASE("closes a connection that sends no complete request within the idle timeout") {
  for (const std::string text : {"", "GET /healthz HT"}) {
    Served served({.idle_timeout = Duration(60)});
    const auto started = std::chrono::steady_clock::now();
    CHECK(served.once(text).empty());
    CHECK(std::chrono::steady_clock::now() - started >= Duration(60));
  }
}

TEST_CASE("closes a connection that does not receive its response within the idle timeout") {
  Served served({.idle_timeout = Duration(60)});
  const auto client = served.connect();
  std::string many;
  for (int i = 0; i < 20; ++i) many += "GET /metrics HTTP/1.1\r\n\r\n";
  await(served.io, Served::until_end(*client, many, 0));
  // Read nothing until the server closes the connection. Then only a part of the responses arrives.
  asio::steady_timer timer(served.io, Duration(200));
  bool over = false;
  timer.async_wait([&over](boost::system::error_code) { over = true; });
  run_until(served.io, [&over] { return over; });
  CHECK(served.exchange(*client, "").size() < 20 * 3'000'000);
}

TEST_CASE("closes the connection that was idle longest when the limit is reached") {
  Served served({.connections = 4});
  std::vector<std::unique_ptr<net::Transport>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(served.connect());
    REQUIRE(served.exchange(*clients.back(), healthz, healthz_response.size()) == healthz_response);
  }
  // The first client is active again, so the second has been idle longest.
  REQUIRE(served.exchange(*clients[0], healthz, healthz_response.size()) == healthz_response);
  REQUIRE(served.exchange(*served.connect(), healthz, healthz_response.size()) == healthz_response);
  CHECK(served.exchange(*clients[1], "").empty());
  CHECK(served.exchange(*clients[0], healthz, healthz_response.size()) == healthz_response);
}

TEST_CASE("responds while a hundred silent clients are connected") {
  Served served;
  std::vector<std::unique_ptr<net::Transport>> silent_clients;
  for (int i = 0; i < 100; ++i) silent_clients.push_back(served.connect());
  CHECK(served.exchange(*served.connect(), healthz, healthz_response.size()) == healthz_response);
}

TEST_CASE("closes every connection and returns after stop") {
  Served served;
  const auto client = served.connect();
  REQUIRE(served.exchange(*client, healthz, healthz_response.size()) == healthz_response);
  served.server->stop();
  CHECK(served.running->result());
  CHECK(served.exchange(*client, "").empty());
}

TEST_CASE("closes every connection when the server is cancelled") {
  Served served;
  const auto client = served.connect();
  REQUIRE(served.exchange(*client, healthz, healthz_response.size()) == healthz_response);
  served.running->cancel();
  CHECK(served.running->was_cancelled());
  CHECK(served.exchange(*client, "").empty());
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

}  // namespace lastgood::wire
