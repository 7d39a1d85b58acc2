// Streams of KubeClient. A watch is a stream.
#include <catch2/catch.hpp>

#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

const std::string stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

// One chunk of the chunked transfer coding: its size in hexadecimal digits, and the text.
std::string chunk(std::string_view text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}

ports::ApiCall watch_call() { return get("/apis/apps/v1/deployments?watch=true"); }

struct ReceivedText {
  std::string text;
  // Appends each piece to `text`.
  std::function<bool(std::string_view)> sink() {
    return [this](std::string_view piece) {
      text += piece;
      return true;
    };
  }
};

}  // namespace

TEST_CASE("passes on each event of a stream as it arrives") {
  asio::io_context io;
  ReceivedText got;
  int passed_on = 0;
  ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(stream_head);
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 5; ++i) {
      const std::string event = "{\"event\":" + std::to_string(i) + "}\n";
      co_await connection.send(chunk(event));
      // Send the next event only after the client passed on this one. A client that delays events
      // hangs here.
      while (!got.text.ends_with(event)) co_await asio::post(executor, asio::use_awaitable);
      ++passed_on;
    }
    co_await connection.send("0\r\n\r\n");
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  REQUIRE(await(io, client->stream(watch_call(), long_timeout, got.sink())));
  CHECK(passed_on == 5);
}

TEST_CASE("passes on the same bytes wherever the network splits them") {
  const std::string text = stream_head + chunk("{\"a\":1}\n{\"b\"") + chunk(":2}\n") + "0\r\n\r\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    asio::io_context io;
    ReceivedText got;
    ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(text.substr(0, at));
      co_await connection.send(text.substr(at));
      co_await connection.until_closed();
    });
    const auto client = client_for(io, plain_credentials(server.port()));
    REQUIRE(await(io, client->stream(watch_call(), long_timeout, got.sink())));
    REQUIRE(got.text == "{\"a\":1}\n{\"b\":2}\n");
  }
}

TEST_CASE("passes on the beginning of a stream that breaks, and then fails") {
  const std::string text = stream_head + chunk("{}\n");
  for (const bool reset : {false, true}) {
    asio::io_context io;
    ReceivedText got;
    ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(text);
      const auto executor = co_await asio::this_coro::executor;
      while (got.text.empty()) co_await asio::post(executor, asio::use_awaitable);
      if (reset) connection.reset();
    });
    const auto client = client_for(io, plain_credentials(server.port()));
    const auto ended = await(io, client->stream(watch_call(), long_timeout, got.sink()));
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind ==
          (reset ? ErrorKind::ConnectionRefused : ErrorKind::ConnectionClosed));
    CHECK(got.text == "{}\n");
  }
}

TEST_CASE("times out only after the idle timeout without a byte, not after a long stream") {
  using std::chrono::steady_clock;
  constexpr Duration idle{250};
  asio::io_context io;
  ReceivedText got;
  const auto started = steady_clock::now();
  auto last_sent = started;
  ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(stream_head);
    while (last_sent - started < 2 * idle) {
      last_sent = steady_clock::now();
      if (!co_await connection.send(chunk(" "))) co_return;
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto ended = await(io, client->stream(watch_call(), idle, got.sink()));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::TimedOut);
  CHECK(last_sent - started >= 2 * idle);
  CHECK(steady_clock::now() - last_sent >= idle);
}

TEST_CASE("times out when the server never begins its response") {
  asio::io_context io;
  ReceivedText got;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto ended = await(io, client->stream(watch_call(), short_timeout, got.sink()));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::TimedOut);
}

TEST_CASE("ends a stream and its connection when the receiver returns false") {
  asio::io_context io;
  bool closed = false;
  ScriptedServer server(io, [&closed](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(stream_head + chunk("one\n") + chunk("two\n"));
    co_await connection.until_closed();
    closed = true;
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  int pieces = 0;
  REQUIRE(await(io, client->stream(watch_call(), long_timeout, [&pieces](std::string_view) {
    ++pieces;
    return false;
  })));
  CHECK(pieces == 1);
  run_until(io, [&closed] { return closed; });
}

TEST_CASE("returns an error status of a stream without passing on its body") {
  asio::io_context io;
  ReceivedText got;
  RecordingTelemetry telemetry;
  ScriptedServer server(
      io, always(response(
              410, R"({"kind":"Status","reason":"Expired","message":"too old","code":410})")));
  const auto client = client_for(io, plain_credentials(server.port()), &telemetry);
  const auto ended = await(io, client->stream(watch_call(), long_timeout, got.sink()));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::Expired);
  CHECK(ended.error().message == "too old");
  CHECK(got.text.empty());
  CHECK(telemetry.requests ==
        std::vector<RecordedRequest>{{.method = "GET", .is_watch = true, .status = 410}});
}

TEST_CASE("reports a watch to telemetry when the watch begins") {
  asio::io_context io;
  RecordingTelemetry telemetry;
  ReceivedText got;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(stream_head);
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()), &telemetry);
  Task<Result<void>> task(io, client->stream(watch_call(), long_timeout, got.sink()));
  run_until(io, [&telemetry] { return !telemetry.requests.empty(); });
  CHECK(telemetry.requests ==
        std::vector<RecordedRequest>{{.method = "GET", .is_watch = true, .status = 200}});
  CHECK_FALSE(task.done());
  task.cancel();
  CHECK(task.was_cancelled());
}

TEST_CASE("limits the connections of calls, not the connections of streams") {
  asio::io_context io;
  ReceivedText got;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    const auto request = co_await connection.request();
    if (request.find("watch=") == std::string::npos) {
      co_await connection.send(response(200, "{}"));
    } else {
      co_await connection.send(stream_head);
    }
    co_await connection.until_closed();
  });
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.connections = {.normal = 1}});
  std::vector<Task<Result<void>>> streams;
  for (int i = 0; i < 4; ++i)
    streams.emplace_back(io, client->stream(watch_call(), long_timeout, got.sink()));
  CHECK(await(io, client->call(get(), long_timeout)));
  client->stop();
  for (auto& stream : streams) CHECK(stream.result().error().kind == ErrorKind::Cancelled);
}

TEST_CASE("passes on more bytes than the body limit of a call") {
  asio::io_context io;
  std::uint64_t bytes = 0;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(stream_head);
    const std::string piece = chunk(std::string(100'000, 'x'));
    for (int i = 0; i < 50; ++i) co_await connection.send(piece);
    co_await connection.send("0\r\n\r\n");
    co_await connection.until_closed();
  });
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.body_bytes = 1000});
  REQUIRE(await(io, client->stream(watch_call(), long_timeout, [&bytes](std::string_view piece) {
    bytes += piece.size();
    return true;
  })));
  CHECK(bytes == 5'000'000);
}

}  // namespace lastgood::wire
