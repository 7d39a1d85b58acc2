// Connections that are kept for the next call, and those that were closed in the meantime.
#include <catch2/catch.hpp>

#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

// Answers one request of each connection and then closes it without having said so.
asio::awaitable<void> answer_once(Peer& peer) {
  co_await peer.request();
  co_await peer.send(answer(200, std::to_string(peer.number())));
}

// Answers one request, and takes the next one only to reset the connection.
asio::awaitable<void> answer_then_reset(Peer& peer) {
  co_await peer.request();
  co_await peer.send(answer(200, std::to_string(peer.number())));
  if (peer.number() > 1) co_return co_await peer.until_closed();
  co_await peer.request();
  peer.reset();
}

}  // namespace

TEST_CASE("Calls one after another share one connection") {
  asio::io_context io;
  ScriptedServer server(io, always(answer(200, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()));
  for (int i = 0; i < 10; ++i) REQUIRE(await(io, client->call(get(), ample)));
  CHECK(server.connections() == 1);
}

TEST_CASE("A refusal keeps the connection too") {
  asio::io_context io;
  ScriptedServer server(io, always(answer(409, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(await(io, client->call(patch(), ample)));
  CHECK(server.connections() == 1);
}

TEST_CASE("A connection that the server wants closed is not used again") {
  asio::io_context io;
  ScriptedServer server(io, always(answer(200, "{}", "Connection: close\r\n")));
  const auto client = client_for(io, plain_credentials(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE(await(io, client->call(get(), ample)));
  CHECK(server.connections() == 3);
}

TEST_CASE("At most eight calls are under way at once, and the others follow in their order") {
  asio::io_context io;
  int under_way = 0;
  int most = 0;
  std::vector<std::string> order;
  ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await peer.request();
      if (request.empty()) co_return;
      most = std::max(most, ++under_way);
      order.push_back(request.substr(4, request.find(' ', 4) - 4));
      // Answered only once as many are under way as ever will be.
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      --under_way;
      co_await peer.send(answer(200, "{}"));
    }
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Task<Result<std::string>>> tasks;
  for (int i = 0; i < 40; ++i) tasks.emplace_back(io, client->call(get("/" + std::to_string(i)), ample));
  for (auto& task : tasks) REQUIRE(task.result());
  CHECK(most <= 8);
  CHECK(server.connections() <= 8);
  REQUIRE(order.size() == 40);
  // A call that came 8 or more places later never overtakes.
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(std::abs(std::stoi(order[i].substr(1)) - static_cast<int>(i)) < 8);
}

TEST_CASE("Calls beyond the limit do not connect") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> { co_await peer.until_closed(); });
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Task<Result<std::string>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.emplace_back(io, client->call(get(), ample));
  run_until(io, [&server] { return server.connections() == 8; });
  while (io.poll() > 0) {
  }
  CHECK(server.connections() == 8);
}

TEST_CASE("A kept connection that the server closed while it was idle is noticed: reads and writes go by a new one") {
  asio::io_context io;
  ScriptedServer server(io, answer_once);
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), ample)) == "1");
  CHECK(await(io, client->call(patch(), ample)) == "2");
  CHECK(await(io, client->call(get(), ample)) == "3");
}

TEST_CASE("A kept connection that breaks as it is taken up: a read is asked once more") {
  asio::io_context io;
  ScriptedServer server(io, answer_then_reset);
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), ample)) == "1");
  CHECK(await(io, client->call(get(), ample)) == "2");
  CHECK(server.connections() == 2);
}

TEST_CASE("A kept connection that breaks once a write was sent: Closed, and never sent again") {
  asio::io_context io;
  ScriptedServer server(io, answer_then_reset);
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), ample)) == "1");
  const auto got = await(io, client->call(patch(), ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Closed);
  CHECK(server.connections() == 1);
}

TEST_CASE("A new connection that breaks is not tried again: what to do is the caller's") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> { co_await peer.request(); });
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), ample)).error().kind == ErrorKind::Closed);
  CHECK(server.connections() == 1);
}

TEST_CASE("A read is asked once more at most") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    if (peer.number() > 1) co_return;
    co_await peer.send(answer(200, "{}"));
    co_await peer.request();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  REQUIRE(await(io, client->call(get(), ample)));
  CHECK(await(io, client->call(get(), ample)).error().kind == ErrorKind::Closed);
  CHECK(server.connections() == 2);
}

TEST_CASE("A connection that says something nobody asked for is not used again") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.request();
    co_await peer.send(answer(200, std::to_string(peer.number())));
    co_await peer.send(answer(200, "stray"));
    co_await peer.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), ample)) == "1");
  CHECK(await(io, client->call(patch(), ample)) == "2");
}

TEST_CASE("A connection that was idle for long is not used again") {
  asio::io_context io;
  ScriptedServer server(io, always(answer(200, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()), nullptr, {.keep_idle = Duration(-1)});
  for (int i = 0; i < 3; ++i) REQUIRE(await(io, client->call(get(), ample)));
  CHECK(server.connections() == 3);
}

}  // namespace lastgood::wire
