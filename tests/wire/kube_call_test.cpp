// Calls of KubeClient over real sockets, and the errors of the calls.
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

// The result of one call to a server that runs `script` for each connection.
Result<std::string> call_server(const ports::ApiCall& call, Script script,
                                Duration timeout = long_timeout,
                                net::KubeClientLimits limits = {}) {
  asio::io_context io;
  ScriptedServer server(io, std::move(script));
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, limits);
  return await(io, client->call(call, timeout));
}

asio::awaitable<void> read_without_response(ServerConnection& connection) {
  co_await connection.request();
  co_await connection.until_closed();
}

}  // namespace

TEST_CASE("returns the body of a 2xx response wherever its bytes are split") {
  const std::string text = response(201, R"({"kind":"Rollback"})");
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const auto got = call_server(get(), [&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(text.substr(0, at));
      co_await connection.send(text.substr(at));
      co_await connection.until_closed();
    });
    REQUIRE(got);
    REQUIRE(*got == R"({"kind":"Rollback"})");
  }
  CHECK(call_server(get(), [&](ServerConnection& connection) -> asio::awaitable<void> {
          co_await connection.request();
          co_await connection.send_bytewise(text);
        }) == R"({"kind":"Rollback"})");
}

TEST_CASE("sends method, path, host, user agent, token, media type and body") {
  asio::io_context io;
  std::vector<std::string> seen;
  ScriptedServer server(io, [&seen](ServerConnection& connection) -> asio::awaitable<void> {
    while (true) {
      seen.push_back(co_await connection.request());
      if (seen.back().empty()) co_return;
      co_await connection.send(response(200, "{}"));
    }
  });
  auto credentials = plain_credentials(server.port());
  credentials.token = "secret";
  credentials.base_path = "/k8s/one";
  const auto client = client_for(io, credentials);
  REQUIRE(await(io, client->call(get("/apis/apps/v1/deployments?limit=1"), long_timeout)));
  REQUIRE(await(io, client->call(patch("[1]"), long_timeout)));
  REQUIRE(await(
      io, client->call({.verb = ports::Verb::Post, .target = "/x", .body = "{}"}, long_timeout)));
  REQUIRE(await(io, client->call({.verb = ports::Verb::Delete, .target = "/x"}, long_timeout)));
  REQUIRE(await(io, client->call({.target = "/x", .metadata_only = true}, long_timeout)));
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  const std::string common = host +
                             "User-Agent: lastgood-controller/" LASTGOOD_VERSION
                             "\r\nAccept: application/json\r\nAuthorization: Bearer secret\r\n";
  CHECK(seen.at(0) ==
        "GET /k8s/one/apis/apps/v1/deployments?limit=1 HTTP/1.1\r\n" + common + "\r\n");
  CHECK(seen.at(1) ==
        "PATCH /k8s/one/web HTTP/1.1\r\n" + common +
            "Content-Type: application/json-patch+json\r\nContent-Length: 3\r\n\r\n[1]");
  CHECK(seen.at(2) == "POST /k8s/one/x HTTP/1.1\r\n" + common +
                          "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(seen.at(3) == "DELETE /k8s/one/x HTTP/1.1\r\n" + common + "\r\n");
  CHECK(seen.at(4).contains(
      "\r\nAccept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1\r\n"));
}

TEST_CASE("returns the message, kind and Retry-After of an error status") {
  const auto conflict = call_server(
      patch(), always(response(409, R"({"kind":"Status","message":"the object has been modified",)"
                                    R"("reason":"Conflict","code":409})")));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().kind == ErrorKind::Conflict);
  CHECK(conflict.error().status == 409);
  CHECK(conflict.error().message == "the object has been modified");

  const auto busy =
      call_server(get(), always(response(429, "too many requests\n",
                                         "Content-Type: text/plain\r\nRetry-After: 3\r\n")));
  REQUIRE_FALSE(busy);
  CHECK(busy.error().kind == ErrorKind::TooManyRequests);
  CHECK(busy.error().retry_after == Duration(3000));

  const auto redirect = call_server(get(), always(response(302, "", "Location: /login\r\n")));
  REQUIRE_FALSE(redirect);
  CHECK(redirect.error().status == 302);
}

TEST_CASE("reports the Date header of each response") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}", "Date: Mon, 30 Nov 2026 12:00:00 GMT\r\n")));
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Time> dates;
  client->report_dates([&dates](Time date) { dates.push_back(date); });
  REQUIRE(await(io, client->call(get(), long_timeout)));
  REQUIRE(dates.size() == 1);
  CHECK(format_rfc3339(dates.front()) == "2026-11-30T12:00:00Z");
}

TEST_CASE("fails with ConnectionRefused and the URL without query when no server listens") {
  asio::io_context io;
  std::uint16_t port = 0;
  {
    const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    port = acceptor.local_endpoint().port();
  }
  const auto client = client_for(io, plain_credentials(port));
  const auto got = await(io, client->call(get("/api/v1?token=x"), long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::ConnectionRefused);
  CHECK(got.error().message ==
        "GET http://127.0.0.1:" + std::to_string(port) + "/api/v1: Connection refused");
}

TEST_CASE("fails with DNSLookupFailed when the host name has no address") {
  asio::io_context io;
  auto credentials = plain_credentials(1);
  credentials.host = "not a name";
  const auto got = await(io, client_for(io, credentials)->call(get(), long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::DNSLookupFailed);
}

TEST_CASE("times out when the server hangs before or within its response") {
  for (const std::string beginning :
       {"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"}) {
    const auto started = std::chrono::steady_clock::now();
    const auto got = call_server(
        patch(),
        [&](ServerConnection& connection) -> asio::awaitable<void> {
          co_await connection.request();
          co_await connection.send(beginning);
          co_await connection.until_closed();
        },
        short_timeout);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::TimedOut);
    const auto took = std::chrono::steady_clock::now() - started;
    CHECK(took >= short_timeout);
    CHECK(took < std::chrono::seconds(5));
  }
}

TEST_CASE("times out when a response arrives byte by byte and never ends") {
  const auto got = call_server(
      get(),
      [](ServerConnection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 200 OK\r\n\r\n");
        while (co_await connection.send("x")) {
        }
      },
      short_timeout);
  REQUIRE_FALSE(got);
  // TooLarge if the body reaches its limit before the timeout.
  CHECK((got.error().kind == ErrorKind::TimedOut || got.error().kind == ErrorKind::TooLarge));
}

TEST_CASE("fails with ConnectionClosed when the server closes the connection within its response") {
  const std::string whole = response(200, "{}");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const auto got = call_server(get(), [&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(whole.substr(0, at));
    });
    REQUIRE_FALSE(got);
    REQUIRE(got.error().kind == ErrorKind::ConnectionClosed);
  }
}

TEST_CASE("fails with ConnectionRefused for a reset read and ConnectionClosed for a reset write") {
  const Script reset = [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    connection.reset();
  };
  const auto read = call_server(get(), reset);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::ConnectionRefused);
  // The server may have executed the write.
  const auto write = call_server(patch(), reset);
  REQUIRE_FALSE(write);
  CHECK(write.error().kind == ErrorKind::ConnectionClosed);
}

TEST_CASE("fails with Protocol for bytes that are not HTTP, and with TooLarge for long headers") {
  const auto garbage = call_server(get(), always("220 mail.example.com ESMTP\r\n\r\n"));
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().kind == ErrorKind::Protocol);
  const auto headers =
      call_server(get(), always("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n"));
  REQUIRE_FALSE(headers);
  CHECK(headers.error().kind == ErrorKind::TooLarge);
}

TEST_CASE("stops reading a body above the limit, and fails with TooLarge") {
  asio::io_context io;
  std::uint64_t sent = 0;
  ScriptedServer server(io, [&sent](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(64 * 1024, 'x');
    while (sent < 10'000'000'000 && co_await connection.send(piece)) sent = connection.sent();
    sent = connection.sent();
  });
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.body_bytes = 1'000'000});
  const auto got = await(io, client->call(get(), long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::TooLarge);
  CHECK(sent < 20'000'000);  // the kernel buffers on both sides hold some megabytes
}

TEST_CASE("reads only the beginning of an error body that never ends") {
  const auto got = call_server(get(), [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send("HTTP/1.1 500 No\r\n\r\n");
    const std::string piece(64 * 1024, 'x');
    while (co_await connection.send(piece)) {
    }
  });
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Server);
  CHECK(got.error().status == 500);
  CHECK(got.error().message.size() <= 2048);
}

TEST_CASE("returns the error status of a server that rejects a long body before reading it") {
  const auto got =
      call_server(patch(std::string(30'000'000, 'x')),
                  [](ServerConnection& connection) -> asio::awaitable<void> {
                    co_await connection.send(response(413, "too large", "Connection: close\r\n"));
                    co_await connection.until_closed();
                  });
  REQUIRE_FALSE(got);
  CHECK(got.error().status == 413);
}

TEST_CASE("never sends a request whose path is not percent-encoded") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto got = await(io, client->call(get("/a b\r\nX: y"), long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::BadInput);
  CHECK(server.connections() == 0);
}

TEST_CASE("ends a cancelled call at once and frees its connection") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    if (connection.number() == 1) {
      co_await read_without_response(connection);
    } else {
      co_await connection.request();
      co_await connection.send(response(200, "{}"));
    }
  });
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.connections = {.normal = 1}});
  Task<Result<std::string>> first(io, client->call(patch(), long_timeout));
  Task<Result<std::string>> second(io, client->call(get(), long_timeout));
  run_until(io, [&] { return server.connections() == 1; });
  first.cancel();
  CHECK(first.was_cancelled());
  CHECK(second.result());
}

TEST_CASE("cancels or times out a call that waits for a connection") {
  asio::io_context io;
  ScriptedServer server(io, read_without_response);
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.connections = {.normal = 1}});
  Task<Result<std::string>> first(io, client->call(get(), long_timeout));
  Task<Result<std::string>> second(io, client->call(get(), long_timeout));
  Task<Result<std::string>> third(io, client->call(get(), short_timeout));
  const auto timed_out = third.result();
  REQUIRE_FALSE(timed_out);
  CHECK(timed_out.error().kind == ErrorKind::TimedOut);
  second.cancel();
  CHECK(second.was_cancelled());
  CHECK_FALSE(first.done());
}

TEST_CASE("fails running, waiting and new calls with Cancelled after stop()") {
  asio::io_context io;
  ScriptedServer server(io, read_without_response);
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.connections = {.normal = 1}});
  Task<Result<std::string>> first(io, client->call(get(), long_timeout));
  Task<Result<std::string>> second(io, client->call(get(), long_timeout));
  run_until(io, [&] { return server.connections() == 1; });
  client->stop();
  Task<Result<std::string>> third(io, client->call(get(), long_timeout));
  for (auto* task : {&first, &second, &third}) {
    const auto got = task->result();
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == ErrorKind::Cancelled);
  }
}

TEST_CASE("fails running calls with Cancelled when the client is destroyed") {
  asio::io_context io;
  ScriptedServer server(io, read_without_response);
  auto client = client_for(io, plain_credentials(server.port()));
  Task<Result<std::string>> call(io, client->call(get(), long_timeout));
  run_until(io, [&] { return server.connections() == 1; });
  client.reset();
  const auto got = call.result();
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Cancelled);
}

TEST_CASE("reports every request to telemetry with its method, host and status") {
  asio::io_context io;
  RecordingTelemetry telemetry;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(response(200, "{}"));
    co_await connection.request();
    co_await connection.send(response(404, "{}"));
    co_await connection.request();
  });
  const auto client = client_for(io, plain_credentials(server.port()), &telemetry);
  await(io, client->call(get(), long_timeout));
  await(io, client->call(patch(), long_timeout));
  await(io, client->call({.verb = ports::Verb::Post, .target = "/x", .body = "{}"}, long_timeout));
  CHECK(telemetry.requests == std::vector<RecordedRequest>{{.method = "GET", .status = 200},
                                                           {.method = "PATCH", .status = 404},
                                                           {.method = "POST", .status = 0}});
  CHECK(telemetry.hosts == std::set<std::string>{"127.0.0.1:" + std::to_string(server.port())});
}

TEST_CASE("returns the texts of the Warning headers, at most 16") {
  std::string headers = R"(Warning: 299 - "would violate PodSecurity \"restricted:latest\"")"
                        "\r\n";
  for (int i = 0; i < 20; ++i) headers += "warning: 299 - \"again\"\r\n";
  asio::io_context io;
  ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send("HTTP/1.1 200 OK\r\n" + headers + "Content-Length: 2\r\n\r\n{}");
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto got = await(io, client->call_with_warnings(patch(), long_timeout));
  REQUIRE(got);
  CHECK(got->body == "{}");
  REQUIRE(got->warnings.size() == 16);
  CHECK(got->warnings[0] == R"(would violate PodSecurity "restricted:latest")");
  CHECK(got->warnings[1] == "again");
}

TEST_CASE("a response counts as a success unless its status is 401 or 5xx") {
  struct Row {
    int status;
    bool is_success;
  };
  for (const Row& row : {Row{200, true}, Row{404, true}, Row{409, true}, Row{403, true},
                         Row{401, false}, Row{500, false}, Row{503, false}}) {
    CAPTURE(row.status);
    asio::io_context io;
    ScriptedServer server(io, always(response(row.status, "{}")));
    const auto client = client_for(io, plain_credentials(server.port()));
    const auto before = client->last_success();
    (void)await(io, client->call(get(), long_timeout));
    CHECK((client->last_success() > before) == row.is_success);
  }
}

}  // namespace lastgood::wire
