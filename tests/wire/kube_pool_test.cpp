// How KubeClient reuses connections, also if the server has closed them in the meantime.
#include <catch2/catch.hpp>

#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

// Responds to one request of each connection. Then closes it, without a "Connection: close" header
// in the response.
asio::awaitable<void> respond_once(ServerConnection& connection) {
  co_await connection.request();
  co_await connection.send(response(200, std::to_string(connection.number())));
}

// Responds to the first request of each connection. Resets the first connection at its second
// request.
asio::awaitable<void> respond_then_reset(ServerConnection& connection) {
  co_await connection.request();
  co_await connection.send(response(200, std::to_string(connection.number())));
  if (connection.number() > 1) co_return co_await connection.until_closed();
  co_await connection.request();
  connection.reset();
}

}  // namespace

TEST_CASE("sends consecutive calls on one connection") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()));
  for (int i = 0; i < 10; ++i) REQUIRE(await(io, client->call(get(), long_timeout)));
  CHECK(server.connections() == 1);
}

TEST_CASE("reuses a connection after an error status") {
  asio::io_context io;
  ScriptedServer server(io, always(response(409, "{}")));
  const auto client = client_for(io, plain_credentials(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(await(io, client->call(patch(), long_timeout)));
  CHECK(server.connections() == 1);
}

TEST_CASE("opens a new connection after a response with the header Connection: close") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}", "Connection: close\r\n")));
  const auto client = client_for(io, plain_credentials(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE(await(io, client->call(get(), long_timeout)));
  CHECK(server.connections() == 3);
}

TEST_CASE("limits calls in flight to eight, and starts waiting calls in the order of arrival") {
  asio::io_context io;
  int in_flight = 0;
  int max_in_flight = 0;
  std::vector<std::string> order;
  ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await connection.request();
      if (request.empty()) co_return;
      max_in_flight = std::max(max_in_flight, ++in_flight);
      order.push_back(request.substr(4, request.find(' ', 4) - 4));
      // Give further requests the chance to arrive before this response.
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      --in_flight;
      co_await connection.send(response(200, "{}"));
    }
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Task<Result<std::string>>> tasks;
  for (int i = 0; i < 40; ++i)
    tasks.emplace_back(io, client->call(get("/" + std::to_string(i)), long_timeout));
  for (auto& task : tasks) REQUIRE(task.result());
  CHECK(max_in_flight <= 8);
  CHECK(server.connections() <= 8);
  REQUIRE(order.size() == 40);
  // A call never overtakes a call that was made 8 or more calls earlier.
  for (std::size_t i = 0; i < order.size(); ++i)
    CHECK(std::abs(std::stoi(order[i].substr(1)) - static_cast<int>(i)) < 8);
}

TEST_CASE("opens at most eight connections when twenty calls are made") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Task<Result<std::string>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.emplace_back(io, client->call(get(), long_timeout));
  run_until(io, [&server] { return server.connections() == 8; });
  while (io.poll() > 0) {
  }
  CHECK(server.connections() == 8);
}

TEST_CASE("opens a new connection when the server has closed the idle one") {
  asio::io_context io;
  ScriptedServer server(io, respond_once);
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), long_timeout)) == "1");
  CHECK(await(io, client->call(patch(), long_timeout)) == "2");
  CHECK(await(io, client->call(get(), long_timeout)) == "3");
}

TEST_CASE("sends a read again when the reused connection breaks") {
  asio::io_context io;
  ScriptedServer server(io, respond_then_reset);
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), long_timeout)) == "1");
  CHECK(await(io, client->call(get(), long_timeout)) == "2");
  CHECK(server.connections() == 2);
}

TEST_CASE("never sends a write again when the reused connection breaks after the write was sent") {
  asio::io_context io;
  ScriptedServer server(io, respond_then_reset);
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), long_timeout)) == "1");
  const auto got = await(io, client->call(patch(), long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::ConnectionClosed);
  CHECK(server.connections() == 1);
}

TEST_CASE("does not send a read again when a new connection breaks") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), long_timeout)).error().kind == ErrorKind::ConnectionClosed);
  CHECK(server.connections() == 1);
}

TEST_CASE("sends a read again at most once") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    if (connection.number() > 1) co_return;  // closes the connection without a response
    co_await connection.send(response(200, "{}"));
    co_await connection.request();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  REQUIRE(await(io, client->call(get(), long_timeout)));
  CHECK(await(io, client->call(get(), long_timeout)).error().kind == ErrorKind::ConnectionClosed);
  CHECK(server.connections() == 2);
}

TEST_CASE("does not reuse a connection on which the server sent unexpected bytes") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(response(200, std::to_string(connection.number())));
    co_await connection.send(response(200, "stray"));
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  CHECK(await(io, client->call(get(), long_timeout)) == "1");
  CHECK(await(io, client->call(patch(), long_timeout)) == "2");
}

TEST_CASE("does not reuse a connection that was idle for too long") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")));
  // Negative: every idle connection is too old.
  const auto client =
      client_for(io, plain_credentials(server.port()), nullptr, {.max_idle = Duration(-1)});
  for (int i = 0; i < 3; ++i) REQUIRE(await(io, client->call(get(), long_timeout)));
  CHECK(server.connections() == 3);
}

TEST_CASE("opens a new connection after a reused connection timed out") {
  asio::io_context io;
  // Each connection answers its first request and then nothing, as if its packets were lost.
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(response(200, "{}"));
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Task<Result<std::string>>> tasks;
  for (int i = 0; i < 4; ++i) tasks.emplace_back(io, client->call(get(), long_timeout));
  for (auto& task : tasks) REQUIRE(task.result());
  const int connections = server.connections();
  CHECK(await(io, client->call(get(), short_timeout)).error().kind == ErrorKind::TimedOut);
  CHECK(await(io, client->call(get(), long_timeout)));
  CHECK(server.connections() == connections + 1);
}

TEST_CASE("a call of one lane does not wait for the calls of another lane") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    const auto request = co_await connection.request();
    if (!request.starts_with("GET /hang")) co_await connection.send(response(200, "{}"));
    co_await connection.until_closed();
  });
  const auto client = client_for(io, plain_credentials(server.port()));
  std::vector<Task<Result<std::string>>> hanging;
  for (const auto lane : {api::Lane::Normal, api::Lane::Background, api::Lane::Rollback}) {
    for (int i = 0; i < 20; ++i) {
      ports::ApiCall call = get("/hang");
      call.lane = lane;
      hanging.emplace_back(io, client->call(std::move(call), long_timeout));
    }
    const bool is_last = lane == api::Lane::Rollback;
    ports::ApiCall next = get();
    next.lane = is_last ? api::Lane::Lease : api::Lane(static_cast<int>(lane) + 1);
    CHECK(await(io, client->call(std::move(next), long_timeout)));
  }
  client->stop();
  for (auto& task : hanging) CHECK(task.result().error().kind == ErrorKind::Cancelled);
}

}  // namespace lastgood::wire
