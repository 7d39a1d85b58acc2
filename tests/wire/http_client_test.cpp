// HttpClient over real sockets: the bytes of a request, and the response for each behavior of a
// server. A call takes at most its timeout and reads at most its limits.
#include "net/http_client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "wire/support/http.hpp"

namespace lastgood::wire {
namespace {

using api::HttpCall;
using api::HttpResponse;
using api::ProbeOutcome;
using std::chrono::steady_clock;

// Calls a server that runs `script`. `change` changes the call.
HttpResponse call_server(Script script, const std::function<void(HttpCall&)>& change = {}) {
  asio::io_context io;
  ScriptedServer server(io, std::move(script));
  net::HttpClient client(io.get_executor());
  auto call = query(server.port());
  if (change) change(call);
  return await(io, client.call(call));
}

// Responds to one request with these pieces. Then closes the connection.
Script send_pieces(std::vector<std::string> pieces) {
  return [pieces = std::move(pieces)](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    for (const auto& piece : pieces) co_await connection.send(piece);
  };
}

// Responds to one request with `beginning`, and then with `piece` every 5 ms until the client
// closes the connection.
Script send_then_slowly(std::string beginning, std::string piece) {
  return [=](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send(beginning);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    do {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(asio::use_awaitable);
    } while (co_await connection.send(piece));
  };
}

const std::string with_length =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
const std::string chunked =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;x=y\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nContent-Type: text/plain\r\n\r\n";

}  // namespace

TEST_CASE("sends method, path, headers and body in one request") {
  asio::io_context io;
  std::string seen;
  ScriptedServer server(io, [&seen](ServerConnection& connection) -> asio::awaitable<void> {
    seen = co_await connection.request();
    co_await connection.send(response(200, ""));
  });
  net::HttpClient client(io.get_executor());
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  const std::string agent = "User-Agent: lastgood-controller/" LASTGOOD_VERSION "\r\n";
  CHECK(await(io, client.call(query(server.port()))).outcome == ProbeOutcome::Answered);
  CHECK(seen == "GET /api/v1/query HTTP/1.1\r\n" + host + agent + "Accept: */*\r\n\r\n");
  auto call = post(server.port(), "query=up%20%3D%3D%201");
  call.headers = {{.name = "X-Scope-OrgID", .value = "shop"},
                  {.name = "Accept", .value = "application/json"},
                  {.name = "Authorization", .value = "Bearer s3cret"}};
  CHECK(await(io, client.call(call)).outcome == ProbeOutcome::Answered);
  CHECK(seen == "POST /api/v1/query HTTP/1.1\r\n" + host + agent +
                    "X-Scope-OrgID: shop\r\nAccept: application/json\r\n"
                    "Authorization: Bearer s3cret\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 21\r\n\r\n"
                    "query=up%20%3D%3D%201");
}

TEST_CASE("sends nothing when a request is not valid, and names no header value in the reason") {
  struct Row {
    const char* detail;
    std::function<void(HttpCall&)> change;
  };
  const std::vector<Row> rows{
      {"the method \"PUT\" is not GET or POST", [](auto& call) { call.method = "PUT"; }},
      {"the method \"GET /\" is not GET or POST", [](auto& call) { call.method = "GET /"; }},
      {"the port is 0", [](auto& call) { call.port = 0; }},
      {"the path must begin with \"/\" and must be percent-encoded",
       [](auto& call) { call.target = "/a\r\nX: y"; }},
      {"the content type contains a control character",
       [](auto& call) { call.content_type = "a\r\nX: y"; }},
      {"the header name \"X: y\\r\\nZ\" is not valid",
       [](auto& call) { call.headers = {{.name = "X: y\r\nZ", .value = "s3cret"}}; }},
      {"the header name \"\" is not valid",
       [](auto& call) { call.headers = {{.name = "", .value = "s3cret"}}; }},
      {"the value of the header \"X\" contains a control character",
       [](auto& call) { call.headers = {{.name = "X", .value = "s3cret\r\nZ: 1"}}; }},
      {"the header \"content-LENGTH\" cannot be set",
       [](auto& call) { call.headers = {{.name = "content-LENGTH", .value = "1"}}; }},
      {"the header \"Accept-Encoding\" cannot be set",
       [](auto& call) { call.headers = {{.name = "Accept-Encoding", .value = "gzip"}}; }},
      {"the header \"Host\" is set twice",
       [](auto& call) {
         call.headers = {{.name = "Host", .value = "a"}, {.name = "host", .value = "b"}};
       }},
  };
  for (const auto& row : rows) {
    asio::io_context io;
    ScriptedServer server(io, always(response(200, "")));
    net::HttpClient client(io.get_executor());
    auto call = query(server.port());
    row.change(call);
    const auto got = await(io, client.call(call));
    CHECK(got.outcome == ProbeOutcome::Unreachable);
    CHECK(got.detail == row.detail);
    CHECK(server.connections() == 0);
  }
}

TEST_CASE("returns status, content type and body of any status, and follows no redirect") {
  for (const int status : {200, 301, 307, 401, 404, 422, 503}) {
    const auto got = call_server(always(
        response(status, "{}", "Location: http://127.0.0.1:1/\r\nContent-Type: text/plain\r\n")));
    CHECK(got.outcome == ProbeOutcome::Answered);
    CHECK(got.status == status);
    CHECK(got.content_type == "text/plain");
    CHECK(got.body == "{}");
    CHECK(got.detail.empty());
  }
  CHECK(call_server(always("HTTP/1.1 204 No Content\r\n\r\n")).status == 204);
  const auto until_close = call_server(send_pieces({"HTTP/1.0 200 OK\r\n\r\n", "all", " of it"}));
  CHECK(until_close.outcome == ProbeOutcome::Answered);
  CHECK(until_close.body == "all of it");
  const std::string long_type = "Content-Type: " + std::string(10'000, 'x') + "\r\n";
  CHECK(call_server(always(response(200, "", long_type))).content_type.size() == 256);
}

TEST_CASE("returns the same response wherever its bytes are split") {
  for (const auto& text : {with_length, chunked}) {
    for (std::size_t at = 0; at <= text.size(); ++at) {
      const auto got = call_server(send_pieces({text.substr(0, at), text.substr(at)}));
      REQUIRE(got.outcome == ProbeOutcome::Answered);
      REQUIRE(got.status == 200);
      REQUIRE(got.content_type == "application/json");
      REQUIRE(got.body == "{\"a\":1}");
    }
    const auto got = call_server([&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send_bytewise(text);
    });
    CHECK(got.body == "{\"a\":1}");
  }
}

TEST_CASE("reports ConnectionClosed without a body when the connection ends in the response") {
  for (const auto& text : {with_length, chunked}) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      const auto got = call_server(send_pieces({text.substr(0, at)}));
      REQUIRE(got.outcome == ProbeOutcome::ConnectionClosed);
      REQUIRE(got.body.empty());
      REQUIRE(got.detail == "the connection was closed before a complete response");
    }
  }
  const auto reset = call_server([](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    connection.reset();
  });
  CHECK(reset.outcome == ProbeOutcome::ConnectionRefused);
}

TEST_CASE("accepts a body of exactly the limit, and no byte more") {
  const std::string chunk_head = "HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& text :
       {response(404, "12345678"), chunk_head + "5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n",
        std::string("HTTP/1.1 404 X\r\n\r\n12345678")}) {
    const auto exact =
        call_server(send_pieces({text}), [](auto& call) { call.max_body_bytes = 8; });
    CHECK(exact.outcome == ProbeOutcome::Answered);
    CHECK(exact.body == "12345678");
    const auto above =
        call_server(send_pieces({text}), [](auto& call) { call.max_body_bytes = 7; });
    CHECK(above.outcome == ProbeOutcome::InvalidResponse);
    CHECK(above.is_too_large);
    CHECK(above.status == 404);
    CHECK(above.body.empty());
    CHECK(above.detail == "the body exceeds 7 bytes");
  }
}

TEST_CASE("stops reading at once when the body or the headers exceed their limit") {
  const std::string piece(16 * 1024, 'x');
  struct Row {
    std::string beginning;
    std::string piece;
    bool is_too_large;
  };
  const std::vector<Row> rows{
      {"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", piece, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4000\r\n" + piece + "\r\n", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2540be400\r\n", piece, true},
      {"HTTP/1.1 200 OK\r\n\r\n", piece, true},
      {"HTTP/1.1 200 OK\r\nX: ", piece, false},
      {"garbage", piece, false},
  };
  for (const auto& row : rows) {
    asio::io_context io;
    std::uint64_t sent = 0;
    bool is_closed = false;
    ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
      co_await connection.request();
      co_await connection.send(row.beginning);
      while (sent < 10'000'000'000 && co_await connection.send(row.piece)) sent = connection.sent();
      is_closed = true;
    });
    net::HttpClient client(io.get_executor());
    const auto got = await(io, client.call(query(server.port())));
    CHECK(got.outcome == ProbeOutcome::InvalidResponse);
    CHECK(got.is_too_large == row.is_too_large);
    CHECK(got.body.empty());
    CHECK_FALSE(got.detail.empty());
    run_until(io, [&is_closed] { return is_closed; });
    // The kernel buffers on both sides hold some megabytes that the client never read.
    CHECK(sent < 16'000'000);
  }
}

TEST_CASE("does not wait for a body whose Content-Length exceeds the limit") {
  const auto got = call_server([](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.request();
    co_await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n");
    co_await connection.until_closed();
  });
  CHECK(got.is_too_large);
  CHECK(got.took < long_timeout / 2);
}

TEST_CASE("ends at the deadline when the server is silent or sends slowly") {
  const std::vector<Script> scripts{
      never_respond,
      send_then_slowly("HTTP/1.1 200 ", "O"),
      send_then_slowly("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
      send_then_slowly("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"),
      send_then_slowly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
  };
  for (const auto& script : scripts) {
    const auto got = call_server(script, [](auto& call) { call.timeout = short_timeout; });
    CHECK(got.outcome == ProbeOutcome::TimedOut);
    CHECK(got.took >= short_timeout);
    CHECK(got.took < Duration(5000));
    CHECK(got.body.empty());
  }
}

TEST_CASE("reports ConnectionRefused, DNSLookupFailed or Unreachable when no server is reached") {
  asio::io_context io;
  net::HttpClient client(io.get_executor());
  std::uint16_t closed_port = 0;
  {
    const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    closed_port = acceptor.local_endpoint().port();
  }
  CHECK(await(io, client.call(query(closed_port))).outcome == ProbeOutcome::ConnectionRefused);
  auto call = query(80);
  for (const std::string host : {"", "no such name", "fe80::1%1\r\nX: y"}) {
    call.host = host;
    CHECK(await(io, client.call(call)).outcome == ProbeOutcome::DNSLookupFailed);
  }
  // The kernel rejects the broadcast address like an address without a route.
  call.host = "255.255.255.255";
  const auto no_route = await(io, client.call(call));
  CHECK(no_route.outcome == ProbeOutcome::Unreachable);
  CHECK_FALSE(no_route.detail.empty());
}

}  // namespace lastgood::wire
