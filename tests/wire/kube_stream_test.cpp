// KubeApi's streams: what a watch needs of them.
#include <catch2/catch.hpp>

#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(std::string_view text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}

ports::ApiCall watch() { return get("/apis/apps/v1/deployments?watch=true"); }

struct Collected {
  std::string text;
  std::function<bool(std::string_view)> sink() {
    return [this](std::string_view piece) {
      text += piece;
      return true;
    };
  }
};

}  // namespace

TEST_CASE("A stream hands on each event as it arrives, not when more has come") {
  asio::io_context io;
  Collected got;
  int answered = 0;
  ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(head);
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 5; ++i) {
      const std::string event = "{\"event\":" + std::to_string(i) + "}\n";
      co_await peer.send(chunk(event));
      // The next one is sent only once this one was handed on: a client that held it back would hang here.
      while (!got.text.ends_with(event)) co_await asio::post(executor, asio::use_awaitable);
      ++answered;
    }
    co_await peer.send("0\r\n\r\n");
    co_await peer.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  REQUIRE(await(io, client->stream(watch(), ample, got.sink())));
  CHECK(answered == 5);
}

TEST_CASE("A stream's bytes are the same wherever the network splits them") {
  const std::string text = head + chunk("{\"a\":1}\n{\"b\"") + chunk(":2}\n") + "0\r\n\r\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    asio::io_context io;
    Collected got;
    ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      co_await peer.send(text.substr(0, at));
      co_await peer.send(text.substr(at));
      co_await peer.until_closed();
    });
    const auto client = client_for(io, plain_credentials(server.port()));
    REQUIRE(await(io, client->stream(watch(), ample, got.sink())));
    REQUIRE(got.text == "{\"a\":1}\n{\"b\":2}\n");
  }
}

TEST_CASE("A stream that breaks before its end is Closed, and what came before was handed on") {
  const std::string text = head + chunk("{}\n");
  for (const bool reset : {false, true}) {
    asio::io_context io;
    Collected got;
    ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
      co_await peer.request();
      co_await peer.send(text);
      const auto executor = co_await asio::this_coro::executor;
      while (got.text.empty()) co_await asio::post(executor, asio::use_awaitable);
      if (reset) peer.reset();
    });
    const auto client = client_for(io, plain_credentials(server.port()));
    const auto ended = await(io, client->stream(watch(), ample, got.sink()));
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind == (reset ? ErrorKind::Refused : ErrorKind::Closed));
    CHECK(got.text == "{}\n");
  }
}

TEST_CASE("A stream silent for the idle timeout is TimedOut; one that speaks in time lives longer than that") {
  using std::chrono::steady_clock;
  constexpr Duration idle{250};
  asio::io_context io;
  Collected got;
  const auto started = steady_clock::now();
  auto spoke = started;
  ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(head);
    while (spoke - started < 2 * idle) {
      spoke = steady_clock::now();
      if (!co_await peer.send(chunk(" "))) co_return;
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    co_await peer.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto ended = await(io, client->stream(watch(), idle, got.sink()));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::TimedOut);
  CHECK(spoke - started >= 2 * idle);
  CHECK(steady_clock::now() - spoke >= idle);
}

TEST_CASE("A server that never begins its answer costs a stream the idle timeout") {
  asio::io_context io;
  Collected got;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> { co_await peer.until_closed(); });
  const auto client = client_for(io, plain_credentials(server.port()));
  const auto ended = await(io, client->stream(watch(), brief, got.sink()));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::TimedOut);
}

TEST_CASE("A receiver that wants no more ends its stream as a value, and the connection") {
  asio::io_context io;
  bool left = false;
  ScriptedServer server(io, [&left](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(head + chunk("one\n") + chunk("two\n"));
    co_await peer.until_closed();
    left = true;
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  int pieces = 0;
  REQUIRE(await(io, client->stream(watch(), ample, [&pieces](std::string_view) { return ++pieces < 1; })));
  CHECK(pieces == 1);
  run_until(io, [&left] { return left; });
}

TEST_CASE("Another status than 200 is an Error, and its body is not handed on") {
  asio::io_context io;
  Collected got;
  Counts counts;
  ScriptedServer server(io, always(answer(410, R"({"kind":"Status","reason":"Expired","message":"too old","code":410})")));
  const auto client = client_for(io, plain_credentials(server.port()), &counts);
  const auto ended = await(io, client->stream(watch(), ample, got.sink()));
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::Expired);
  CHECK(ended.error().message == "too old");
  CHECK(got.text.empty());
  CHECK(counts.calls == std::vector<Counts::Call>{{"WATCH", 410}});
}

TEST_CASE("A watch is counted when it begins, not when it ends") {
  asio::io_context io;
  Counts counts;
  Collected got;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(head);
    co_await peer.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()), &counts);
  Task<Result<void>> task(io, client->stream(watch(), ample, got.sink()));
  run_until(io, [&counts] { return !counts.calls.empty(); });
  CHECK(counts.calls == std::vector<Counts::Call>{{"WATCH", 200}});
  CHECK_FALSE(task.done());
  task.cancel();
  CHECK(task.was_cancelled());
}

TEST_CASE("Streams take no place of calls: more of them than connections for calls, and a call still goes through") {
  asio::io_context io;
  Collected got;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    const auto request = co_await peer.request();
    if (request.find("watch=") == std::string::npos) {
      co_await peer.send(answer(200, "{}"));
    } else {
      co_await peer.send(head);
    }
    co_await peer.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.connections = 1});
  std::vector<Task<Result<void>>> streams;
  for (int i = 0; i < 4; ++i) streams.emplace_back(io, client->stream(watch(), ample, got.sink()));
  CHECK(await(io, client->call(get(), ample)));
  client->stop();
  for (auto& stream : streams) CHECK(stream.result().error().kind == ErrorKind::Cancelled);
}

TEST_CASE("A stream is not bounded by what a call may bring") {
  asio::io_context io;
  std::uint64_t bytes = 0;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(head);
    const std::string piece = chunk(std::string(100'000, 'x'));
    for (int i = 0; i < 50; ++i) co_await peer.send(piece);
    co_await peer.send("0\r\n\r\n");
    co_await peer.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.body_bytes = 1000});
  REQUIRE(await(io, client->stream(watch(), ample, [&bytes](std::string_view piece) {
    bytes += piece.size();
    return true;
  })));
  CHECK(bytes == 5'000'000);
}

}  // namespace lastgood::wire
