// Prober over real sockets: each way an endpoint can answer or fail to is one outcome, costs no more than its timeout,
// and disturbs nobody else.
#include "net/prober.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "wire/support/certificates.hpp"
#include "wire/support/loop.hpp"
#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {
namespace {

using api::HttpAnswer;
using api::HttpOutcome;
using api::HttpQuestion;
using std::chrono::steady_clock;

constexpr Duration brief{80};

HttpQuestion question_to(std::uint16_t port, Duration timeout = Duration(10'000)) {
  return {.host = "127.0.0.1", .port = port, .target = "/health", .timeout = timeout};
}

HttpAnswer ask(Script script, Duration timeout = Duration(10'000), Upgrade upgrade = {}) {
  asio::io_context io;
  ScriptedServer server(io, std::move(script), upgrade);
  net::HttpProber prober(io.get_executor());
  auto question = question_to(server.port(), timeout);
  question.tls = static_cast<bool>(upgrade);
  return await(io, prober.ask(question));
}

std::uint16_t closed_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

asio::awaitable<void> hang(Peer& peer) { co_await peer.until_closed(); }

}  // namespace

TEST_CASE("An endpoint's status is its answer; a redirect is not followed, and a body is not waited for") {
  for (const int status : {200, 204, 301, 404, 500, 503, 599}) {
    const auto got = ask(always(answer(status, "{}", "Location: http://127.0.0.1:1/\r\n")));
    CHECK(got.outcome == HttpOutcome::Answered);
    CHECK(got.status == status);
    CHECK(got.detail.empty());
  }
  const auto got = ask([](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    co_await peer.until_closed();
  });
  CHECK(got.outcome == HttpOutcome::Answered);
}

TEST_CASE("An answer counts wherever its bytes are split") {
  const std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const auto got = ask([&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      co_await peer.send(text.substr(0, at));
      co_await peer.send(text.substr(at));
      co_await peer.until_closed();
    });
    REQUIRE(got.outcome == HttpOutcome::Answered);
    REQUIRE(got.status == 503);
  }
}

TEST_CASE("A question says what is asked, of which host, by whom, and that it is the only one") {
  asio::io_context io;
  std::string seen;
  ScriptedServer server(io, [&seen](Peer& peer) -> asio::awaitable<void> {
    seen = co_await peer.request();
    co_await peer.send(answer(200, ""));
  });
  net::HttpProber prober(io.get_executor());
  auto question = question_to(server.port());
  question.target = "/health?deep=1";
  await(io, prober.ask(question));
  const std::string rest = "\r\nUser-Agent: lastgood-controller/" LASTGOOD_VERSION "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  CHECK(seen == "GET /health?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + rest);
  question.host_header = "myapp:8080";
  await(io, prober.ask(question));
  CHECK(seen == "GET /health?deep=1 HTTP/1.1\r\nHost: myapp:8080" + rest);
}

TEST_CASE("An endpoint behind TLS is asked whatever its certificate says") {
  const auto got = ask(always(answer(200, "")), Duration(10'000), tls_server(issue({.expired = true})));
  CHECK(got.outcome == HttpOutcome::Answered);
  CHECK(got.status == 200);
}

TEST_CASE("Nobody listens, or the connection is reset: Refused") {
  asio::io_context io;
  net::HttpProber prober(io.get_executor());
  const auto refused = await(io, prober.ask(question_to(closed_port())));
  CHECK(refused.outcome == HttpOutcome::Refused);
  CHECK(refused.detail == "Connection refused");
  const auto reset = ask([](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    peer.reset();
  });
  CHECK(reset.outcome == HttpOutcome::Refused);
}

TEST_CASE("An endpoint that hangs costs its timeout: before the answer, within the headers, or within the handshake") {
  for (const std::string beginning : {"", "HTTP/1.1 200 OK\r\nX: y\r\n"}) {
    const auto got = ask(
        [&](Peer& peer) -> asio::awaitable<void> {
          co_await peer.send(beginning);
          co_await peer.until_closed();
        },
        brief);
    CHECK(got.outcome == HttpOutcome::TimedOut);
    CHECK(got.took >= brief);
    CHECK(got.took < Duration(5000));
  }
  asio::io_context io;
  ScriptedServer server(io, hang);
  net::HttpProber prober(io.get_executor());
  auto question = question_to(server.port(), brief);
  question.tls = true;
  CHECK(await(io, prober.ask(question)).outcome == HttpOutcome::TimedOut);
}

TEST_CASE("Headers that come too slowly are TimedOut: each byte gives no new time") {
  const auto started = steady_clock::now();
  const auto got = ask(
      [&](Peer& peer) -> asio::awaitable<void> {
        co_await peer.request();
        co_await peer.send("HTTP/1.1 200 OK\r\n");
        asio::steady_timer timer(co_await asio::this_coro::executor);
        do {
          timer.expires_after(std::chrono::milliseconds(5));
          co_await timer.async_wait(asio::use_awaitable);
        } while (co_await peer.send("X: y\r\n"));
      },
      brief);
  CHECK(got.outcome == HttpOutcome::TimedOut);
  CHECK(steady_clock::now() - started < std::chrono::seconds(5));
}

TEST_CASE("Closing at once, or before the headers are whole: Closed") {
  const std::string text = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{20}, text.size() - 1}) {
    const auto got = ask([&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      co_await peer.send(text.substr(0, at));
    });
    CHECK(got.outcome == HttpOutcome::Closed);
    CHECK_FALSE(got.detail.empty());
  }
}

TEST_CASE("Garbage is Malformed, and so is a handshake with what does not speak TLS") {
  CHECK(ask(always("220 mail.example.com ESMTP")).outcome == HttpOutcome::Malformed);
  CHECK(ask(always(std::string(100, '\0'))).outcome == HttpOutcome::Malformed);
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await peer.until_closed();
  });
  net::HttpProber prober(io.get_executor());
  auto question = question_to(server.port());
  question.tls = true;
  const auto got = await(io, prober.ask(question));
  CHECK(got.outcome == HttpOutcome::Malformed);
  CHECK_THAT(got.detail, Catch::StartsWith("TLS handshake"));
  CHECK(got.detail.size() <= 200);
}

TEST_CASE("An endpoint that floods costs less than 1 MiB of reading, whether in its headers or in its body") {
  for (const std::string beginning : {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n", "garbage"}) {
    asio::io_context io;
    std::uint64_t taken = 0;
    bool gone = false;
    ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      const std::string piece(16 * 1024, 'x');
      co_await peer.send(beginning);
      while (taken < 10'000'000'000 && co_await peer.send(piece)) taken = peer.sent();
      gone = true;
    });
    net::HttpProber prober(io.get_executor());
    const auto got = await(io, prober.ask(question_to(server.port())));
    CHECK(got.outcome == (beginning.ends_with("\r\n\r\n") ? HttpOutcome::Answered : HttpOutcome::Malformed));
    run_until(io, [&gone] { return gone; });
    // What the kernel's buffers on both sides took before the prober left is not what it read.
    CHECK(taken < 16'000'000);
  }
}

TEST_CASE("A name without an address, and a question nobody can be asked, are not the endpoint's failure") {
  asio::io_context io;
  net::HttpProber prober(io.get_executor());
  auto question = question_to(80);
  question.host = "no such name";
  CHECK(await(io, prober.ask(question)).outcome == HttpOutcome::Unresolved);
  question.host = "";
  CHECK(await(io, prober.ask(question)).outcome == HttpOutcome::Unresolved);
  // The broadcast address: the kernel denies it as it denies what has no route.
  question.host = "255.255.255.255";
  const auto denied = await(io, prober.ask(question));
  CHECK(denied.outcome == HttpOutcome::Unreachable);
  CHECK_FALSE(denied.detail.empty());
  question = question_to(80);
  question.target = "/a\r\nX: y";
  CHECK(await(io, prober.ask(question)).outcome == HttpOutcome::Unreachable);
  question = question_to(0);
  CHECK(await(io, prober.ask(question)).outcome == HttpOutcome::Unreachable);
}

TEST_CASE("A hundred endpoints that hang delay no other endpoint") {
  asio::io_context io;
  ScriptedServer hanging(io, hang);
  ScriptedServer healthy(io, always(answer(200, "")));
  net::HttpProber prober(io.get_executor());
  std::vector<Task<HttpAnswer>> tasks;
  for (int i = 0; i < 100; ++i) tasks.emplace_back(io, prober.ask(question_to(hanging.port(), Duration(60'000))));
  for (int i = 0; i < 20; ++i) {
    CHECK(await(io, prober.ask(question_to(healthy.port()))).outcome == HttpOutcome::Answered);
  }
  for (auto& task : tasks) {
    CHECK_FALSE(task.done());
    task.cancel();
    CHECK(task.was_cancelled());
  }
}

}  // namespace lastgood::wire
