// How HttpClient reuses connections, and how it limits the calls in flight: to one server and to
// all servers.
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "wire/support/http.hpp"

namespace lastgood::wire {
namespace {

using api::HttpResponse;
using api::ProbeOutcome;

// Responds to the first request of each connection with the number of the connection. Then runs
// `then` on the first connection, and closes it. Later connections stay open.
Script answer_once(std::function<asio::awaitable<void>(ServerConnection&)> then) {
  return [then = std::move(then)](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(response(200, std::to_string(connection.number())));
    if (connection.number() > 1) co_return co_await connection.until_closed();
    co_await then(connection);
  };
}

// Holds each request until a test releases it.
class Gate {
 public:
  explicit Gate(asio::io_context& io) : timer_(io, asio::steady_timer::time_point::max()) {}

  Script script() {
    return [this](ServerConnection& connection) -> asio::awaitable<void> {
      while (true) {
        const auto request = co_await connection.request();
        if (request.empty()) co_return;
        seen.push_back(path_of(request));
        const auto number = seen.size();
        boost::system::error_code error;
        while (number > released_)
          co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        co_await connection.send(response(200, "{}"));
      }
    };
  }
  // Responds to the first `count` requests.
  void release(std::size_t count) {
    released_ = count;
    timer_.cancel();
  }

  std::vector<std::string> seen;  // the paths of all requests

 private:
  asio::steady_timer timer_;
  std::size_t released_ = 0;
};

void run_all(asio::io_context& io) {
  io.restart();
  while (io.poll() > 0) {
  }
}

}  // namespace

TEST_CASE("sends consecutive queries on one connection, for any status") {
  for (const int status : {200, 404, 503}) {
    asio::io_context io;
    ScriptedServer server(io, always(response(status, "{}")));
    net::HttpClient client(io.get_executor());
    for (int i = 0; i < 10; ++i) REQUIRE(await(io, client.call(query(server.port()))).body == "{}");
    REQUIRE(await(io, client.call(post(server.port()))).body == "{}");
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("opens a new connection for another host name, or after Connection: close") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")));
  net::HttpClient client(io.get_executor());
  auto call = query(server.port());
  await(io, client.call(call));
  call.host = "127.0.0.2";
  CHECK(await(io, client.call(call)).outcome == ProbeOutcome::ConnectionRefused);
  call.host = "localhost";
  CHECK(await(io, client.call(call)).outcome == ProbeOutcome::Answered);
  CHECK(server.connections() == 2);

  ScriptedServer closing(io, always(response(200, "{}", "Connection: close\r\n")));
  for (int i = 0; i < 3; ++i) await(io, client.call(query(closing.port())));
  CHECK(closing.connections() == 3);
}

TEST_CASE("repeats a query once on a new connection when the reused one breaks") {
  const auto close_idle = [](ServerConnection&) -> asio::awaitable<void> { co_return; };
  const auto close_at_request = [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
  };
  const auto reset_at_request = [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    connection.reset();
  };
  const std::vector<std::function<asio::awaitable<void>(ServerConnection&)>> ends{
      close_idle, close_at_request, reset_at_request};
  for (const auto& end : ends) {
    for (const bool is_post : {false, true}) {
      asio::io_context io;
      ScriptedServer server(io, answer_once(end));
      net::HttpClient client(io.get_executor());
      const auto call = is_post ? post(server.port()) : query(server.port());
      CHECK(await(io, client.call(call)).body == "1");
      CHECK(await(io, client.call(call)).body == "2");
      CHECK(server.connections() == 2);
    }
  }
}

TEST_CASE("does not repeat a query after a byte of its response arrived, or more than once") {
  asio::io_context io;
  ScriptedServer partly(io, answer_once([](ServerConnection& connection) -> asio::awaitable<void> {
                          co_await connection.request();
                          co_await connection.send("H");
                        }));
  net::HttpClient client(io.get_executor());
  CHECK(await(io, client.call(query(partly.port()))).outcome == ProbeOutcome::Answered);
  CHECK(await(io, client.call(query(partly.port()))).outcome == ProbeOutcome::ConnectionClosed);
  CHECK(partly.connections() == 1);

  ScriptedServer closing(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    if (connection.number() > 1) co_return;
    co_await connection.send(response(200, "{}"));
    co_await connection.request();
  });
  CHECK(await(io, client.call(query(closing.port()))).outcome == ProbeOutcome::Answered);
  CHECK(await(io, client.call(query(closing.port()))).outcome == ProbeOutcome::ConnectionClosed);
  CHECK(closing.connections() == 2);
  CHECK(await(io, client.call(query(closing.port()))).outcome == ProbeOutcome::ConnectionClosed);
  CHECK(closing.connections() == 3);
}

TEST_CASE("does not reuse a connection with unexpected bytes, a cut body or a long idle time") {
  asio::io_context io;
  ScriptedServer stray(io, always(response(200, "{}") + response(200, "stray")));
  net::HttpClient client(io.get_executor());
  for (int i = 0; i < 3; ++i) CHECK(await(io, client.call(query(stray.port()))).body == "{}");
  CHECK(stray.connections() == 3);

  ScriptedServer large(io, always(response(200, "12345678")));
  auto call = query(large.port());
  call.max_body_bytes = 7;
  for (int i = 0; i < 3; ++i) CHECK(await(io, client.call(call)).is_too_large);
  CHECK(large.connections() == 3);

  // Negative: every idle connection is too old.
  net::HttpClient impatient(io.get_executor(), {.max_idle = Duration(-1)});
  ScriptedServer server(io, always(response(200, "{}")));
  for (int i = 0; i < 3; ++i) await(io, impatient.call(query(server.port())));
  CHECK(server.connections() == 3);
}

TEST_CASE("closes the longest idle connection when more than the limit are idle") {
  asio::io_context io;
  net::HttpClient client(io.get_executor(), {.idle_connections = 2});
  std::vector<std::unique_ptr<ScriptedServer>> servers;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(std::make_unique<ScriptedServer>(io, always(response(200, "{}"))));
    await(io, client.call(query(servers.back()->port())));
  }
  for (const auto i : {2U, 1U, 0U}) await(io, client.call(query(servers[i]->port())));
  CHECK(servers[2]->connections() == 1);
  CHECK(servers[1]->connections() == 1);
  CHECK(servers[0]->connections() == 2);
}

TEST_CASE("limits calls to one server to eight, and starts waiting calls in their order") {
  asio::io_context io;
  Gate gate(io);
  ScriptedServer server(io, gate.script());
  net::HttpClient client(io.get_executor());
  std::vector<Task<HttpResponse>> tasks;
  for (int i = 0; i < 20; ++i) {
    auto call = query(server.port());
    call.target = "/" + std::to_string(i);
    tasks.emplace_back(io, client.call(call));
  }
  run_until(io, [&gate] { return gate.seen.size() == 8; });
  run_all(io);
  REQUIRE(gate.seen.size() == 8);
  for (std::size_t i = 8; i < 20; ++i) {
    gate.release(i - 7);
    run_until(io, [&gate, i] { return gate.seen.size() == i + 1; });
    CHECK(gate.seen.back() == "/" + std::to_string(i));
  }
  gate.release(20);
  for (auto& task : tasks) CHECK(task.result().outcome == ProbeOutcome::Answered);
  CHECK(server.connections() == 8);
}

TEST_CASE("ends a waiting call at its own deadline, and says what it waited for") {
  asio::io_context io;
  ScriptedServer hanging(io, never_respond);
  ScriptedServer other(io, always(response(200, "{}")));
  net::HttpClient client(io.get_executor(), {.calls_per_server = 1, .calls = 1});
  Task<HttpResponse> first(io, client.call(query(hanging.port(), Duration(60'000))));
  run_until(io, [&hanging] { return hanging.connections() == 1; });
  const auto second = await(io, client.call(query(hanging.port(), short_timeout)));
  CHECK(second.outcome == ProbeOutcome::TimedOut);
  CHECK(second.took >= short_timeout);
  CHECK(second.detail == "timed out before it was sent: 1 calls to this server were in flight");
  const auto third = await(io, client.call(query(other.port(), short_timeout)));
  CHECK(third.outcome == ProbeOutcome::TimedOut);
  CHECK(third.detail == "timed out before it was sent: 1 calls to all servers were in flight");
  first.cancel();
  CHECK(first.was_cancelled());
  CHECK(await(io, client.call(query(other.port()))).outcome == ProbeOutcome::Answered);
}

TEST_CASE("limits the calls to all servers, and lets no server wait for the calls of another") {
  asio::io_context io;
  ScriptedServer hanging(io, never_respond);
  net::HttpClient client(io.get_executor(), {.calls_per_server = 2, .calls = 3});
  std::vector<Task<HttpResponse>> waiting;
  for (int i = 0; i < 50; ++i)
    waiting.emplace_back(io, client.call(query(hanging.port(), Duration(60'000))));
  run_until(io, [&hanging] { return hanging.connections() == 2; });

  // Of the three calls that are allowed at once, one is left for all other servers.
  std::vector<std::unique_ptr<ScriptedServer>> servers;
  int in_flight = 0;
  int max_in_flight = 0;
  for (int i = 0; i < 5; ++i) {
    servers.push_back(std::make_unique<ScriptedServer>(
        io, [&](ServerConnection& connection) -> asio::awaitable<void> {
          co_await connection.request();
          max_in_flight = std::max(max_in_flight, ++in_flight);
          co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
          --in_flight;
          co_await connection.send(response(200, "{}"));
          co_await connection.until_closed();
        }));
  }
  std::vector<Task<HttpResponse>> tasks;
  for (const auto& server : servers) tasks.emplace_back(io, client.call(query(server->port())));
  for (auto& task : tasks) CHECK(task.result().outcome == ProbeOutcome::Answered);
  CHECK(max_in_flight == 1);
  CHECK(hanging.connections() == 2);
  for (auto& task : waiting) task.cancel();
  for (auto& task : waiting) CHECK(task.was_cancelled());
}

TEST_CASE("gives the place of a cancelled call to the next call") {
  asio::io_context io;
  Gate gate(io);
  ScriptedServer server(io, gate.script());
  net::HttpClient client(io.get_executor(), {.calls_per_server = 1});
  std::vector<Task<HttpResponse>> tasks;
  for (const std::string target : {"/first", "/second", "/third"}) {
    auto call = query(server.port());
    call.target = target;
    tasks.emplace_back(io, client.call(call));
  }
  run_until(io, [&gate] { return gate.seen.size() == 1; });
  tasks[1].cancel();  // while it waits
  CHECK(tasks[1].was_cancelled());
  tasks[0].cancel();  // while it is in flight
  CHECK(tasks[0].was_cancelled());
  gate.release(2);
  CHECK(tasks[2].result().outcome == ProbeOutcome::Answered);
  CHECK(gate.seen == std::vector<std::string>{"/first", "/third"});
}

TEST_CASE("finishes a call in flight when the client is destroyed") {
  asio::io_context io;
  Gate gate(io);
  ScriptedServer server(io, gate.script());
  auto client = std::make_unique<net::HttpClient>(io.get_executor());
  Task<HttpResponse> task(io, client->call(query(server.port())));
  run_until(io, [&gate] { return gate.seen.size() == 1; });
  client.reset();
  gate.release(1);
  CHECK(task.result().body == "{}");
}

}  // namespace lastgood::wire
