// Who the API server is and who we are: certificates, names, tokens.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "net/token.hpp"
#include "wire/support/certificates.hpp"
#include "wire/support/files.hpp"
#include "wire/support/kube.hpp"

namespace lastgood::wire {
namespace {

const Identity authority = issue({.common_name = "authority", .authority = true});
const Identity other_authority = issue({.common_name = "another authority", .authority = true});

net::Credentials tls_credentials(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port, .ca_pem = authority.certificate_pem, .source = "the test"};
}

// What a call to a TLS server of this identity comes to.
Result<std::string> call_tls(const Identity& server_identity, const std::function<void(net::Credentials&)>& change = {},
                             const std::string& client_authority = "") {
  asio::io_context io;
  ScriptedServer server(io, always(answer(200, "{}")), tls_server(server_identity, client_authority));
  auto credentials = tls_credentials(server.port());
  if (change) change(credentials);
  return await(io, client_for(io, credentials)->call(get(), ample));
}

Identity by_authority(std::vector<std::string> names) { return issue({.alternative = std::move(names)}, &authority); }

// Answers 200 to the token "new" and 401 to any other.
Script only_new(std::vector<std::string>& seen) {
  return [&seen](Peer& peer) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await peer.request();
      if (request.empty()) co_return;
      const auto at = request.find("Bearer ") + 7;
      seen.push_back(request.substr(at, request.find('\r', at) - at));
      co_await peer.send(seen.back() == "new" ? answer(200, "{}") : answer(401, "{}"));
    }
  };
}

}  // namespace

TEST_CASE("A certificate of the authority for the server's address is accepted") {
  CHECK(call_tls(by_authority({"IP:127.0.0.1"})));
  CHECK(call_tls(by_authority({"DNS:kubernetes.default", "IP:10.0.0.1", "IP:127.0.0.1"})));
}

TEST_CASE("A server is asked for and verified by tls-server-name where one is given") {
  const auto named = by_authority({"DNS:kubernetes.default"});
  CHECK(call_tls(named, [](auto& credentials) { credentials.server_name = "kubernetes.default"; }));
  const auto wrong = call_tls(named, [](auto& credentials) { credentials.server_name = "kubernetes.other"; });
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::Tls);
  CHECK_THAT(wrong.error().message, Catch::Contains("\"kubernetes.other\"") && Catch::Contains("ostname mismatch"));
}

TEST_CASE("A certificate for another address is refused") {
  const auto got = call_tls(by_authority({"IP:127.0.0.2", "DNS:localhost"}));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Tls);
  CHECK_THAT(got.error().message, Catch::Contains("IP address mismatch"));
}

TEST_CASE("A certificate of another authority is refused, whatever name it bears") {
  const auto got = call_tls(issue({.alternative = {"IP:127.0.0.1"}}, &other_authority));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Tls);
  CHECK_THAT(got.error().message, Catch::Contains("unable to get local issuer certificate"));
}

TEST_CASE("A certificate that signed itself, or has expired, is refused") {
  CHECK(call_tls(issue({.alternative = {"IP:127.0.0.1"}})).error().kind == ErrorKind::Tls);
  const auto expired = call_tls(issue({.alternative = {"IP:127.0.0.1"}, .expired = true}, &authority));
  REQUIRE_FALSE(expired);
  CHECK_THAT(expired.error().message, Catch::Contains("has expired"));
}

TEST_CASE("insecure-skip-tls-verify accepts any certificate") {
  CHECK(call_tls(issue({}), [](auto& credentials) { credentials.verify = false; }));
}

TEST_CASE("A server that asks for a client certificate gets it, and refuses who has none") {
  const auto server = by_authority({"IP:127.0.0.1"});
  const auto ours = issue({.common_name = "lastgood"}, &authority);
  CHECK(call_tls(
      server,
      [&ours](auto& credentials) {
        credentials.certificate_pem = ours.certificate_pem;
        credentials.key_pem = ours.key_pem;
      },
      authority.certificate_pem));
  CHECK_FALSE(call_tls(server, {}, authority.certificate_pem));
}

TEST_CASE("A server that does not speak TLS is a TLS error") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await peer.until_closed();
  });
  const auto got = await(io, client_for(io, tls_credentials(server.port()))->call(get(), ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Tls);
}

TEST_CASE("A server that hangs within the handshake costs the timeout") {
  asio::io_context io;
  ScriptedServer server(io, [](Peer& peer) -> asio::awaitable<void> { co_await peer.until_closed(); });
  const auto got = await(io, client_for(io, tls_credentials(server.port()))->call(get(), brief));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::TimedOut);
}

TEST_CASE("Calls over TLS share one connection, and a closed one is noticed") {
  asio::io_context io;
  ScriptedServer server(
      io,
      [](Peer& peer) -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
          co_await peer.request();
          co_await peer.send(answer(200, "{}"));
        }
      },
      tls_server(by_authority({"IP:127.0.0.1"})));
  const auto client = client_for(io, tls_credentials(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE(await(io, client->call(get(), ample)));
  CHECK(server.connections() == 1);
  REQUIRE(await(io, client->call(patch(), ample)));
  CHECK(server.connections() == 2);
}

TEST_CASE("A stream over TLS hands on each event as it arrives") {
  asio::io_context io;
  std::string got;
  ScriptedServer server(
      io,
      [&got](Peer& peer) -> asio::awaitable<void> {
        co_await peer.request();
        co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (const std::string event : {"one", "two"}) {
          co_await peer.send_bytewise("3\r\n" + event + "\r\n");
          while (!got.ends_with(event)) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        }
        co_await peer.send("0\r\n\r\n");
        co_await peer.until_closed();
      },
      tls_server(by_authority({"IP:127.0.0.1"})));
  const auto client = client_for(io, tls_credentials(server.port()));
  REQUIRE(await(io, client->stream(get("/?watch=1"), ample, [&got](std::string_view piece) {
    got += piece;
    return true;
  })));
  CHECK(got == "onetwo");
}

TEST_CASE("Certificates, keys and authorities that cannot be used are refused at the start, by name") {
  asio::io_context io;
  const auto error_of = [&io](const std::function<void(net::Credentials&)>& change) {
    auto credentials = tls_credentials(1);
    change(credentials);
    const auto made = net::KubeClient::create(io.get_executor(), credentials, nullptr);
    return made ? std::string() : made.error().message;
  };
  const auto ours = issue({});
  CHECK_THAT(error_of([](auto& credentials) { credentials.ca_pem = "garbage"; }), Catch::Contains("the certificate authority"));
  CHECK_THAT(error_of([](auto& credentials) { credentials.certificate_pem = "garbage"; }),
             Catch::Contains("the client certificate"));
  CHECK_THAT(error_of([&ours](auto& credentials) {
               credentials.certificate_pem = ours.certificate_pem;
               credentials.key_pem = issue({}).key_pem;
             }),
             Catch::Contains("the client key"));
  CHECK_THAT(error_of([](auto& credentials) { credentials.token = "a\nb"; }), Catch::Contains("token"));
}

TEST_CASE("A refused token is read again from its file at once, for reads and for writes") {
  for (const auto& call : {get(), patch()}) {
    asio::io_context io;
    const Folder folder;
    std::vector<std::string> seen;
    ScriptedServer server(io, only_new(seen));
    auto credentials = plain_credentials(server.port());
    credentials.token_file = folder.write("token", "old\n");
    const auto client = client_for(io, credentials);
    CHECK(await(io, client->call(get(), ample)).error().kind == ErrorKind::Unauthorized);
    CHECK(seen == std::vector<std::string>{"old"});
    CHECK(await(io, client->call(get(), ample)).error().kind == ErrorKind::Unauthorized);
    folder.write("token", "new\n");
    seen.clear();
    CHECK(await(io, client->call(call, ample)));
    CHECK(seen.back() == "new");
  }
}

TEST_CASE("A token that was good and is rotated: the call that is refused is made again with the new one") {
  asio::io_context io;
  const Folder folder;
  std::vector<std::string> seen;
  std::string good = "old";
  ScriptedServer server(io, [&](Peer& peer) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await peer.request();
      if (request.empty()) co_return;
      const bool known = request.find("Bearer " + good + "\r\n") != std::string::npos;
      seen.push_back(known ? "good" : "bad");
      co_await peer.send(known ? answer(200, "{}") : answer(401, "{}"));
    }
  });
  auto credentials = plain_credentials(server.port());
  credentials.token_file = folder.write("token", "old");
  const auto client = client_for(io, credentials);
  REQUIRE(await(io, client->call(patch(), ample)));
  good = "new";
  folder.write("token", "new");
  REQUIRE(await(io, client->call(patch(), ample)));
  REQUIRE(await(io, client->stream(get("/?watch=1"), ample, [](std::string_view) { return true; })));
  CHECK(seen == std::vector<std::string>{"good", "bad", "good", "good"});
}

TEST_CASE("A token file is read again when its last reading is old, and only then") {
  const Folder folder;
  net::TokenSource tokens("", folder.write("token", "one\n"), Duration(50'000));
  const net::TokenSource::Instant start{};
  CHECK(tokens.current(start) == "one");
  folder.write("token", "two");
  CHECK(tokens.current(start + std::chrono::seconds(49)) == "one");
  CHECK(tokens.current(start + std::chrono::seconds(50)) == "two");
  std::filesystem::remove(folder.path("token"));
  CHECK(tokens.current(start + std::chrono::seconds(200)) == "two");
  CHECK(tokens.refuse("two"));
  const auto gone = tokens.current(start + std::chrono::seconds(200));
  REQUIRE_FALSE(gone);
  CHECK_THAT(gone.error().message, Catch::Contains(folder.path("token")) && Catch::Contains("No such file"));
}

TEST_CASE("A token file that is empty, has two lines or is huge is no token") {
  const Folder folder;
  for (const auto& content : {std::string(), std::string(" \n"), std::string("a\nb"), std::string(100'000, 'x')}) {
    net::TokenSource tokens("", folder.write("token", content), Duration(1));
    CHECK_FALSE(tokens.current({}));
  }
}

}  // namespace lastgood::wire
