// HttpProber over real sockets: the outcome of a probe for each behavior of an endpoint. A probe
// takes at most its timeout, and delays no other probe.
#include "net/prober.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "wire/support/certificates.hpp"
#include "wire/support/loop.hpp"
#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {
namespace {

using api::ProbeOutcome;
using api::ProbeRequest;
using api::ProbeResponse;
using std::chrono::steady_clock;

ProbeRequest request_to(std::uint16_t port, Duration timeout = long_timeout) {
  return {.host = "127.0.0.1", .port = port, .target = "/health", .timeout = timeout};
}

// Probes a server that runs `script`. With `handshake`, the server and the probe use TLS.
ProbeResponse probe(Script script, Duration timeout = long_timeout,
                    ServerHandshake handshake = {}) {
  asio::io_context io;
  ScriptedServer server(io, std::move(script), handshake);
  net::HttpProber prober(io.get_executor());
  auto request = request_to(server.port(), timeout);
  request.tls = static_cast<bool>(handshake);
  return await(io, prober.probe(request));
}

// A port on which no server listens.
std::uint16_t closed_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

asio::awaitable<void> never_respond(ServerConnection& connection) {
  co_await connection.until_closed();
}

}  // namespace

TEST_CASE("returns the status without following redirects or waiting for the body") {
  for (const int status : {200, 204, 301, 404, 500, 503, 599}) {
    const auto got = probe(always(response(status, "{}", "Location: http://127.0.0.1:1/\r\n")));
    CHECK(got.outcome == ProbeOutcome::Answered);
    CHECK(got.status == status);
    CHECK(got.detail.empty());
  }
  const auto got = probe([](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    co_await connection.until_closed();
  });
  CHECK(got.outcome == ProbeOutcome::Answered);
}

TEST_CASE("returns the status wherever the bytes of the response are split") {
  const std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const auto got = probe([&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(text.substr(0, at));
      co_await connection.send(text.substr(at));
      co_await connection.until_closed();
    });
    REQUIRE(got.outcome == ProbeOutcome::Answered);
    REQUIRE(got.status == 503);
  }
}

TEST_CASE("sends path, Host header and user agent, and asks to close the connection") {
  asio::io_context io;
  std::string seen;
  ScriptedServer server(io, [&seen](ServerConnection& connection) -> asio::awaitable<void> {
    seen = co_await connection.request();
    co_await connection.send(response(200, ""));
  });
  net::HttpProber prober(io.get_executor());
  auto request = request_to(server.port());
  request.target = "/health?deep=1";
  await(io, prober.probe(request));
  const std::string rest = "\r\nUser-Agent: lastgood-controller/" LASTGOOD_VERSION
                           "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  CHECK(seen ==
        "GET /health?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + rest);
  request.host_header = "myapp:8080";
  await(io, prober.probe(request));
  CHECK(seen == "GET /health?deep=1 HTTP/1.1\r\nHost: myapp:8080" + rest);
}

TEST_CASE("probes an endpoint behind TLS with any certificate") {
  const auto got =
      probe(always(response(200, "")), Duration(10'000), tls_server(issue({.expired = true})));
  CHECK(got.outcome == ProbeOutcome::Answered);
  CHECK(got.status == 200);
}

TEST_CASE("reports ConnectionRefused when no server listens or the connection is reset") {
  asio::io_context io;
  net::HttpProber prober(io.get_executor());
  const auto refused = await(io, prober.probe(request_to(closed_port())));
  CHECK(refused.outcome == ProbeOutcome::ConnectionRefused);
  CHECK(refused.detail == "Connection refused");
  const auto reset = probe([](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    connection.reset();
  });
  CHECK(reset.outcome == ProbeOutcome::ConnectionRefused);
}

TEST_CASE("reports TimedOut when an endpoint hangs before or in its headers, or in the handshake") {
  for (const std::string beginning : {"", "HTTP/1.1 200 OK\r\nX: y\r\n"}) {
    const auto got = probe(
        [&](ServerConnection& connection) -> asio::awaitable<void> {
          co_await connection.send(beginning);
          co_await connection.until_closed();
        },
        short_timeout);
    CHECK(got.outcome == ProbeOutcome::TimedOut);
    CHECK(got.took >= short_timeout);
    CHECK(got.took < Duration(5000));
  }
  asio::io_context io;
  ScriptedServer server(io, never_respond);
  net::HttpProber prober(io.get_executor());
  auto request = request_to(server.port(), short_timeout);
  request.tls = true;
  CHECK(await(io, prober.probe(request)).outcome == ProbeOutcome::TimedOut);
}

TEST_CASE("reports TimedOut when the headers arrive too slowly") {
  const auto started = steady_clock::now();
  const auto got = probe(
      [&](ServerConnection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 200 OK\r\n");
        asio::steady_timer timer(co_await asio::this_coro::executor);
        do {
          timer.expires_after(std::chrono::milliseconds(5));
          co_await timer.async_wait(asio::use_awaitable);
        } while (co_await connection.send("X: y\r\n"));
      },
      short_timeout);
  CHECK(got.outcome == ProbeOutcome::TimedOut);
  CHECK(steady_clock::now() - started < std::chrono::seconds(5));
}

TEST_CASE("reports ConnectionClosed when the endpoint closes before the end of the headers") {
  const std::string text = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{20}, text.size() - 1}) {
    const auto got = probe([&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(text.substr(0, at));
    });
    CHECK(got.outcome == ProbeOutcome::ConnectionClosed);
    CHECK_FALSE(got.detail.empty());
  }
}

TEST_CASE("reports InvalidResponse when an endpoint speaks neither HTTP nor TLS") {
  CHECK(probe(always("220 mail.example.com ESMTP")).outcome == ProbeOutcome::InvalidResponse);
  CHECK(probe(always(std::string(100, '\0'))).outcome == ProbeOutcome::InvalidResponse);
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await connection.until_closed();
  });
  net::HttpProber prober(io.get_executor());
  auto request = request_to(server.port());
  request.tls = true;
  const auto got = await(io, prober.probe(request));
  CHECK(got.outcome == ProbeOutcome::InvalidResponse);
  CHECK_THAT(got.detail, Catch::StartsWith("TLS handshake"));
  CHECK(got.detail.size() <= 200);
}

TEST_CASE("stops reading from an endpoint that sends without end") {
  for (const std::string beginning :
       {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n", "garbage"}) {
    asio::io_context io;
    std::uint64_t sent = 0;
    bool is_closed = false;
    ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      const std::string piece(16 * 1024, 'x');
      co_await connection.send(beginning);
      while (sent < 10'000'000'000 && co_await connection.send(piece)) sent = connection.sent();
      is_closed = true;
    });
    net::HttpProber prober(io.get_executor());
    const auto got = await(io, prober.probe(request_to(server.port())));
    CHECK(got.outcome == (beginning.ends_with("\r\n\r\n") ? ProbeOutcome::Answered
                                                          : ProbeOutcome::InvalidResponse));
    run_until(io, [&is_closed] { return is_closed; });
    // The kernel buffers on both sides hold some megabytes that the prober never read.
    CHECK(sent < 16'000'000);
  }
}

TEST_CASE("reports DNSLookupFailed or Unreachable when no request can be sent") {
  asio::io_context io;
  net::HttpProber prober(io.get_executor());
  auto request = request_to(80);
  request.host = "no such name";
  CHECK(await(io, prober.probe(request)).outcome == ProbeOutcome::DNSLookupFailed);
  request.host = "";
  CHECK(await(io, prober.probe(request)).outcome == ProbeOutcome::DNSLookupFailed);
  // The kernel rejects the broadcast address like an address without a route.
  request.host = "255.255.255.255";
  const auto no_route = await(io, prober.probe(request));
  CHECK(no_route.outcome == ProbeOutcome::Unreachable);
  CHECK_FALSE(no_route.detail.empty());
  request = request_to(80);
  request.target = "/a\r\nX: y";
  CHECK(await(io, prober.probe(request)).outcome == ProbeOutcome::Unreachable);
  request = request_to(0);
  CHECK(await(io, prober.probe(request)).outcome == ProbeOutcome::Unreachable);
}

TEST_CASE("delays no probe while a hundred other probes hang") {
  asio::io_context io;
  ScriptedServer hanging(io, never_respond);
  ScriptedServer healthy(io, always(response(200, "")));
  net::HttpProber prober(io.get_executor());
  std::vector<Task<ProbeResponse>> tasks;
  for (int i = 0; i < 100; ++i)
    tasks.emplace_back(io, prober.probe(request_to(hanging.port(), Duration(60'000))));
  for (int i = 0; i < 20; ++i) {
    CHECK(await(io, prober.probe(request_to(healthy.port()))).outcome == ProbeOutcome::Answered);
  }
  for (auto& task : tasks) {
    CHECK_FALSE(task.done());
    task.cancel();
    CHECK(task.was_cancelled());
  }
}

}  // namespace lastgood::wire
