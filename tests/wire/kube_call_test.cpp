// KubeApi's calls over real sockets: one call, one answer, and every way it can fail.
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

// What a call of `call` comes to where the server does `script` to each connection.
Result<std::string> one_call(const ports::ApiCall& call, Script script, Duration timeout = ample,
                             net::KubeClientLimits limits = {}) {
  asio::io_context io;
  ScriptedServer server(io, std::move(script));
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, limits);
  return await(io, client->call(call, timeout));
}

// Reads the request and then does nothing until the client leaves.
asio::awaitable<void> hang(Peer& peer) {
  co_await peer.request();
  co_await peer.until_closed();
}

}  // namespace

TEST_CASE("A call returns the body of a 2xx answer, however its bytes arrive") {
  const std::string text = answer(201, R"({"kind":"Rollback"})");
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const auto got = one_call(get(), [&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      co_await peer.send(text.substr(0, at));
      co_await peer.send(text.substr(at));
      co_await peer.until_closed();
    });
    REQUIRE(got);
    REQUIRE(*got == R"({"kind":"Rollback"})");
  }
  CHECK(one_call(get(), [&](Peer& peer) -> asio::awaitable<void> {
          co_await peer.request();
          co_await peer.send_bytewise(text);
        }) == R"({"kind":"Rollback"})");
}

TEST_CASE("A request says what it wants and who asks") {
  asio::io_context io;
  std::vector<std::string> seen;
  ScriptedServer server(io, [&seen](Peer& peer) -> asio::awaitable<void> {
    while (true) {
      seen.push_back(co_await peer.request());
      if (seen.back().empty()) co_return;
      co_await peer.send(answer(200, "{}"));
    }
  });
  auto credentials = plain_credentials(server.port());
  credentials.token = "secret";
  credentials.base_path = "/k8s/one";
  const auto client = client_for(io, credentials);
  REQUIRE(await(io, client->call(get("/apis/apps/v1/deployments?limit=1"), ample)));
  REQUIRE(await(io, client->call(patch("[1]"), ample)));
  REQUIRE(await(io, client->call({.verb = ports::Verb::Post, .target = "/x", .body = "{}"}, ample)));
  REQUIRE(await(io, client->call({.verb = ports::Verb::Delete, .target = "/x"}, ample)));
  REQUIRE(await(io, client->call({.target = "/x", .metadata_only = true}, ample)));
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  const std::string common = host + "User-Agent: lastgood-controller/" LASTGOOD_VERSION
                                    "\r\nAccept: application/json\r\nAuthorization: Bearer secret\r\n";
  CHECK(seen.at(0) == "GET /k8s/one/apis/apps/v1/deployments?limit=1 HTTP/1.1\r\n" + common + "\r\n");
  CHECK(seen.at(1) ==
        "PATCH /k8s/one/web HTTP/1.1\r\n" + common + "Content-Type: application/json-patch+json\r\nContent-Length: 3\r\n\r\n[1]");
  CHECK(seen.at(2) == "POST /k8s/one/x HTTP/1.1\r\n" + common + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(seen.at(3) == "DELETE /k8s/one/x HTTP/1.1\r\n" + common + "\r\n");
  CHECK(seen.at(4).contains("\r\nAccept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1\r\n"));
}

TEST_CASE("Another status is an Error with the server's words, kind and wish") {
  const auto conflict = one_call(
      patch(),
      always(answer(409, R"({"kind":"Status","message":"the object has been modified","reason":"Conflict","code":409})")));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().kind == ErrorKind::Conflict);
  CHECK(conflict.error().status == 409);
  CHECK(conflict.error().message == "the object has been modified");

  const auto busy = one_call(get(), always(answer(429, "too many requests\n", "Content-Type: text/plain\r\nRetry-After: 3\r\n")));
  REQUIRE_FALSE(busy);
  CHECK(busy.error().kind == ErrorKind::TooManyRequests);
  CHECK(busy.error().retry_after == Duration(3000));

  const auto elsewhere = one_call(get(), always(answer(302, "", "Location: /login\r\n")));
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().status == 302);
}

TEST_CASE("Nobody listens: Refused, and the message says where was asked but no query") {
  asio::io_context io;
  std::uint16_t port = 0;
  {
    const asio::ip::tcp::acceptor closed(io, {asio::ip::address_v4::loopback(), 0});
    port = closed.local_endpoint().port();
  }
  const auto client = client_for(io, plain_credentials(port));
  const auto got = await(io, client->call(get("/api/v1?token=x"), ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Refused);
  CHECK(got.error().message == "GET http://127.0.0.1:" + std::to_string(port) + "/api/v1: Connection refused");
}

TEST_CASE("A name without an address: Unresolved") {
  asio::io_context io;
  auto credentials = plain_credentials(1);
  credentials.host = "not a name";
  const auto got = await(io, client_for(io, credentials)->call(get(), ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Unresolved);
}

TEST_CASE("A server that hangs, before or within its answer, costs the timeout and no more") {
  for (const std::string beginning : {"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"}) {
    const auto started = std::chrono::steady_clock::now();
    const auto got = one_call(
        patch(),
        [&](Peer& peer) -> asio::awaitable<void> {
          co_await peer.request();
          co_await peer.send(beginning);
          co_await peer.until_closed();
        },
        brief);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::TimedOut);
    const auto took = std::chrono::steady_clock::now() - started;
    CHECK(took >= brief);
    CHECK(took < std::chrono::seconds(5));
  }
}

TEST_CASE("An answer that comes byte by byte for ever is ended by the timeout of the whole exchange") {
  const auto got = one_call(
      get(),
      [](Peer& peer) -> asio::awaitable<void> {
        co_await peer.request();
        co_await peer.send("HTTP/1.1 200 OK\r\n\r\n");
        while (co_await peer.send("x")) {
        }
      },
      brief);
  REQUIRE_FALSE(got);
  CHECK((got.error().kind == ErrorKind::TimedOut || got.error().kind == ErrorKind::TooLarge));
}

TEST_CASE("A server that closes before a whole answer: Closed") {
  const std::string whole = answer(200, "{}");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const auto got = one_call(get(), [&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      co_await peer.send(whole.substr(0, at));
    });
    REQUIRE_FALSE(got);
    REQUIRE(got.error().kind == ErrorKind::Closed);
  }
}

TEST_CASE("A reset before an answer is Refused for a read, and Closed for a write, which may have been done") {
  const Script reset = [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    peer.reset();
  };
  const auto read = one_call(get(), reset);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::Refused);
  const auto write = one_call(patch(), reset);
  REQUIRE_FALSE(write);
  CHECK(write.error().kind == ErrorKind::Closed);
}

TEST_CASE("Garbage is Protocol, and long headers are TooLarge") {
  const auto garbage = one_call(get(), always("220 mail.example.com ESMTP\r\n\r\n"));
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().kind == ErrorKind::Protocol);
  const auto headers = one_call(get(), always("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n"));
  REQUIRE_FALSE(headers);
  CHECK(headers.error().kind == ErrorKind::TooLarge);
}

TEST_CASE("A body beyond the limit is TooLarge, and reading it stops early") {
  asio::io_context io;
  std::uint64_t sent = 0;
  ScriptedServer server(io, [&sent](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(64 * 1024, 'x');
    while (sent < 10'000'000'000 && co_await peer.send(piece)) sent = peer.sent();
    sent = peer.sent();
  });
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.body_bytes = 1'000'000});
  const auto got = await(io, client->call(get(), ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::TooLarge);
  CHECK(sent < 20'000'000);  // the kernel's buffers on both sides
}

TEST_CASE("A refusal whose words never end is read only at its beginning") {
  const auto got = one_call(get(), [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send("HTTP/1.1 500 No\r\n\r\n");
    const std::string piece(64 * 1024, 'x');
    while (co_await peer.send(piece)) {
    }
  });
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Server);
  CHECK(got.error().status == 500);
  CHECK(got.error().message.size() <= 2048);
}

TEST_CASE("A long body that the server refuses before it has read it: the refusal is what counts") {
  const auto got = one_call(patch(std::string(30'000'000, 'x')), [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.send(answer(413, "too large", "Connection: close\r\n"));
    co_await peer.until_closed();
  });
  REQUIRE_FALSE(got);
  CHECK(got.error().status == 413);
}

TEST_CASE("A target that is not percent-encoded is never sent") {
  asio::io_context io;
  ScriptedServer server(io, always(answer(200, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto got = await(io, client->call(get("/a b\r\nX: y"), ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::BadInput);
  CHECK(server.connections() == 0);
}

TEST_CASE("A cancelled call ends at once as cancelled, and its place is free again") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    if (peer.number() == 1) {
      co_await hang(peer);
    } else {
      co_await peer.request();
      co_await peer.send(answer(200, "{}"));
    }
  });
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.connections = 1});
  Task<Result<std::string>> first(io, client->call(patch(), ample));
  Task<Result<std::string>> second(io, client->call(get(), ample));
  run_until(io, [&] { return server.connections() == 1; });
  first.cancel();
  CHECK(first.was_cancelled());
  CHECK(second.result());
}

TEST_CASE("A call that waits for its turn can be cancelled, and times out by its own time") {
  asio::io_context io;
  ScriptedServer server(io, hang);
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.connections = 1});
  Task<Result<std::string>> first(io, client->call(get(), ample));
  Task<Result<std::string>> second(io, client->call(get(), ample));
  Task<Result<std::string>> third(io, client->call(get(), brief));
  const auto late = third.result();
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::TimedOut);
  second.cancel();
  CHECK(second.was_cancelled());
  CHECK_FALSE(first.done());
}

TEST_CASE("After stop every call, under way, waiting or new, is Cancelled") {
  asio::io_context io;
  ScriptedServer server(io, hang);
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.connections = 1});
  Task<Result<std::string>> first(io, client->call(get(), ample));
  Task<Result<std::string>> second(io, client->call(get(), ample));
  run_until(io, [&] { return server.connections() == 1; });
  client->stop();
  Task<Result<std::string>> third(io, client->call(get(), ample));
  for (auto* task : {&first, &second, &third}) {
    const auto got = task->result();
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::Cancelled);
  }
}

TEST_CASE("A client that goes away with calls under way leaves nothing behind") {
  asio::io_context io;
  ScriptedServer server(io, hang);
  auto client = client_for(io, plain_credentials(server.port()));
  Task<Result<std::string>> call(io, client->call(get(), ample));
  run_until(io, [&] { return server.connections() == 1; });
  client.reset();
  const auto got = call.result();
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Cancelled);
}

TEST_CASE("Every request is counted with its verb and the status of its answer") {
  asio::io_context io;
  Counts counts;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(answer(200, "{}"));
    co_await peer.request();
    co_await peer.send(answer(404, "{}"));
    co_await peer.request();
  });
  const auto client = client_for(io, plain_credentials(server.port()), &counts);
  await(io, client->call(get(), ample));
  await(io, client->call(patch(), ample));
  await(io, client->call({.verb = ports::Verb::Post, .target = "/x", .body = "{}"}, ample));
  CHECK(counts.calls == std::vector<Counts::Call>{{"GET", 200}, {"PATCH", 404}, {"POST", 0}});
}

}  // namespace lastgood::wire
