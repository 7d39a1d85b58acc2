// Authentication of the API server and of the client: certificates, server names and tokens.
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
const Identity another_authority = issue({.common_name = "another authority", .authority = true});

net::Credentials tls_credentials(std::uint16_t port) {
  return {
      .host = "127.0.0.1", .port = port, .ca_pem = authority.certificate_pem, .source = "the test"};
}

// The result of one call to a TLS server with this identity. `change` changes the credentials of
// the client before the call. If `client_authority` is not empty, the server requires a client
// certificate of this authority.
Result<std::string> call_tls(const Identity& server_identity,
                             const std::function<void(net::Credentials&)>& change = {},
                             const std::string& client_authority = "") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")),
                        tls_server(server_identity, client_authority));
  auto credentials = tls_credentials(server.port());
  if (change) change(credentials);
  return await(io, client_for(io, credentials)->call(get(), long_timeout));
}

Identity signed_by_authority(std::vector<std::string> names) {
  return issue({.alternative_names = std::move(names)}, &authority);
}

// Returns 200 for the token "new", and 401 for any other token. Appends each token to `seen`.
Script accept_only_new(std::vector<std::string>& seen) {
  return [&seen](ServerConnection& connection) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await connection.request();
      if (request.empty()) co_return;
      const auto at = request.find("Bearer ") + 7;
      seen.push_back(request.substr(at, request.find('\r', at) - at));
      co_await connection.send(seen.back() == "new" ? response(200, "{}") : response(401, "{}"));
    }
  };
}

}  // namespace

TEST_CASE("accepts a certificate that the authority signed for the address of the server") {
  CHECK(call_tls(signed_by_authority({"IP:127.0.0.1"})));
  CHECK(call_tls(signed_by_authority({"DNS:kubernetes.default", "IP:10.0.0.1", "IP:127.0.0.1"})));
}

TEST_CASE("verifies the certificate for tls-server-name if it is set") {
  const auto named = signed_by_authority({"DNS:kubernetes.default"});
  CHECK(call_tls(named, [](auto& credentials) { credentials.server_name = "kubernetes.default"; }));
  const auto wrong =
      call_tls(named, [](auto& credentials) { credentials.server_name = "kubernetes.other"; });
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::Tls);
  // OpenSSL 3 writes "hostname", earlier releases "Hostname".
  CHECK_THAT(wrong.error().message,
             Catch::Contains("\"kubernetes.other\"") && Catch::Contains("ostname mismatch"));
}

TEST_CASE("rejects a certificate for another address") {
  const auto got = call_tls(signed_by_authority({"IP:127.0.0.2", "DNS:localhost"}));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Tls);
  CHECK_THAT(got.error().message, Catch::Contains("IP address mismatch"));
}

TEST_CASE("rejects a certificate of another authority even if the address matches") {
  const auto got = call_tls(issue({.alternative_names = {"IP:127.0.0.1"}}, &another_authority));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Tls);
  CHECK_THAT(got.error().message, Catch::Contains("unable to get local issuer certificate"));
}

TEST_CASE("rejects a self-signed certificate and an expired one") {
  CHECK(call_tls(issue({.alternative_names = {"IP:127.0.0.1"}})).error().kind == ErrorKind::Tls);
  const auto expired =
      call_tls(issue({.alternative_names = {"IP:127.0.0.1"}, .expired = true}, &authority));
  REQUIRE_FALSE(expired);
  CHECK_THAT(expired.error().message, Catch::Contains("has expired"));
}

TEST_CASE("accepts any certificate with insecure-skip-tls-verify") {
  CHECK(call_tls(issue({}), [](auto& credentials) { credentials.verify = false; }));
}

TEST_CASE("presents the client certificate, and fails without one if the server requires one") {
  const auto server = signed_by_authority({"IP:127.0.0.1"});
  const auto client_identity = issue({.common_name = "lastgood"}, &authority);
  CHECK(call_tls(
      server,
      [&client_identity](auto& credentials) {
        credentials.certificate_pem = client_identity.certificate_pem;
        credentials.key_pem = client_identity.key_pem;
      },
      authority.certificate_pem));
  CHECK_FALSE(call_tls(server, {}, authority.certificate_pem));
}

TEST_CASE("fails with Tls when the server does not speak TLS") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await connection.until_closed();
  });
  const auto got =
      await(io, client_for(io, tls_credentials(server.port()))->call(get(), long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::Tls);
}

TEST_CASE("times out when the server hangs within the TLS handshake") {
  asio::io_context io;
  ScriptedServer server(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.until_closed();
  });
  const auto got =
      await(io, client_for(io, tls_credentials(server.port()))->call(get(), short_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::TimedOut);
}

TEST_CASE("reuses a TLS connection until the server closes it") {
  asio::io_context io;
  ScriptedServer server(
      io,
      [](ServerConnection& connection) -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
          co_await connection.request();
          co_await connection.send(response(200, "{}"));
        }
      },
      tls_server(signed_by_authority({"IP:127.0.0.1"})));
  const auto client = client_for(io, tls_credentials(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE(await(io, client->call(get(), long_timeout)));
  CHECK(server.connections() == 1);
  REQUIRE(await(io, client->call(patch(), long_timeout)));
  CHECK(server.connections() == 2);
}

TEST_CASE("passes on each event of a TLS stream as it arrives") {
  asio::io_context io;
  std::string got;
  ScriptedServer server(
      io,
      [&got](ServerConnection& connection) -> asio::awaitable<void> {
        co_await connection.request();
        co_await connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (const std::string event : {"one", "two"}) {
          co_await connection.send_bytewise("3\r\n" + event + "\r\n");
          while (!got.ends_with(event))
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        }
        co_await connection.send("0\r\n\r\n");
        co_await connection.until_closed();
      },
      tls_server(signed_by_authority({"IP:127.0.0.1"})));
  const auto client = client_for(io, tls_credentials(server.port()));
  REQUIRE(await(io, client->stream(get("/?watch=1"), long_timeout, [&got](std::string_view piece) {
    got += piece;
    return true;
  })));
  CHECK(got == "onetwo");
}

TEST_CASE("fails at creation and names the certificate, key, authority or token that is invalid") {
  asio::io_context io;
  const auto error_of = [&io](const std::function<void(net::Credentials&)>& change) {
    auto credentials = tls_credentials(1);
    change(credentials);
    const auto made = net::KubeClient::create(io.get_executor(), credentials, nullptr);
    return made ? std::string() : made.error().message;
  };
  const auto client_identity = issue({});
  CHECK_THAT(error_of([](auto& credentials) { credentials.ca_pem = "garbage"; }),
             Catch::Contains("the certificate authority"));
  CHECK_THAT(error_of([](auto& credentials) { credentials.certificate_pem = "garbage"; }),
             Catch::Contains("the client certificate"));
  CHECK_THAT(error_of([&client_identity](auto& credentials) {
               credentials.certificate_pem = client_identity.certificate_pem;
               credentials.key_pem = issue({}).key_pem;
             }),
             Catch::Contains("the client key"));
  CHECK_THAT(error_of([](auto& credentials) { credentials.token = "a\nb"; }),
             Catch::Contains("token"));
}

TEST_CASE("reads the token file again after a 401, for reads and for writes") {
  for (const auto& call : {get(), patch()}) {
    asio::io_context io;
    const Folder folder;
    std::vector<std::string> seen;
    ScriptedServer server(io, accept_only_new(seen));
    auto credentials = plain_credentials(server.port());
    credentials.token_file = folder.write("token", "old\n");
    const auto client = client_for(io, credentials);
    CHECK(await(io, client->call(get(), long_timeout)).error().kind == ErrorKind::Unauthorized);
    CHECK(seen == std::vector<std::string>{"old"});
    CHECK(await(io, client->call(get(), long_timeout)).error().kind == ErrorKind::Unauthorized);
    folder.write("token", "new\n");
    seen.clear();
    CHECK(await(io, client->call(call, long_timeout)));
    CHECK(seen.back() == "new");
  }
}

TEST_CASE("sends a call again with the new token after the token was rotated") {
  asio::io_context io;
  const Folder folder;
  std::vector<std::string> seen;
  std::string valid_token = "old";
  ScriptedServer server(io, [&](ServerConnection& connection) -> asio::awaitable<void> {
    while (true) {
      const auto request = co_await connection.request();
      if (request.empty()) co_return;
      const bool is_valid = request.find("Bearer " + valid_token + "\r\n") != std::string::npos;
      seen.push_back(is_valid ? "valid" : "old");
      co_await connection.send(is_valid ? response(200, "{}") : response(401, "{}"));
    }
  });
  auto credentials = plain_credentials(server.port());
  credentials.token_file = folder.write("token", "old");
  const auto client = client_for(io, credentials);
  REQUIRE(await(io, client->call(patch(), long_timeout)));
  valid_token = "new";
  folder.write("token", "new");
  REQUIRE(await(io, client->call(patch(), long_timeout)));
  REQUIRE(await(
      io, client->stream(get("/?watch=1"), long_timeout, [](std::string_view) { return true; })));
  CHECK(seen == std::vector<std::string>{"valid", "old", "valid", "valid"});
}

TEST_CASE("reads the token file again only after the reread interval") {
  const Folder folder;
  constexpr Duration reread_interval{50'000};
  net::TokenSource tokens("", folder.write("token", "one\n"), reread_interval);
  const net::TokenSource::TimePoint start{};
  CHECK(tokens.current(start) == "one");
  folder.write("token", "two");
  CHECK(tokens.current(start + std::chrono::seconds(49)) == "one");
  CHECK(tokens.current(start + std::chrono::seconds(50)) == "two");
  std::filesystem::remove(folder.path("token"));
  CHECK(tokens.current(start + std::chrono::seconds(200)) == "two");
  CHECK(tokens.reject("two"));
  const auto missing = tokens.current(start + std::chrono::seconds(200));
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message,
             Catch::Contains(folder.path("token")) && Catch::Contains("No such file"));
}

TEST_CASE("rejects a token file that is empty, has two lines or is too large") {
  const Folder folder;
  for (const auto& content :
       {std::string(), std::string(" \n"), std::string("a\nb"), std::string(100'000, 'x')}) {
    net::TokenSource tokens("", folder.write("token", content), Duration(1));
    CHECK_FALSE(tokens.current({}));
  }
}

namespace {

// A TLS server whose certificate a new authority has signed, and a client that trusts the old one.
// `reload` is called with the credentials that trust the new authority.
using Change = std::function<Result<net::Credentials>(net::Credentials)>;

struct RotatedAuthority {
  explicit RotatedAuthority(Change change)
      : server(io, always(response(200, "{}")),
               tls_server(issue({.alternative_names = {"IP:127.0.0.1"}}, &another_authority))) {
    auto made = net::KubeClient::create(io.get_executor(), tls_credentials(server.port()), nullptr,
                                        {}, [this, change = std::move(change)] {
                                          ++reads;
                                          net::Credentials fresh = tls_credentials(server.port());
                                          fresh.ca_pem = another_authority.certificate_pem;
                                          return change(std::move(fresh));
                                        });
    REQUIRE(made);
    client = *std::move(made);
  }

  Result<std::string> call() { return await(io, client->call(patch(), long_timeout)); }

  asio::io_context io;
  ScriptedServer server;
  std::unique_ptr<net::KubeClient> client;
  int reads = 0;
};

}  // namespace

TEST_CASE("trusts a new authority at once when the old one no longer verifies the server") {
  RotatedAuthority rotated([](net::Credentials fresh) { return fresh; });
  CHECK(rotated.call());
  CHECK(rotated.call());
  CHECK(rotated.reads == 1);
}

TEST_CASE("keeps the last authorities when the files cannot be used, and trusts nothing else") {
  const std::vector<Change> changes{[](net::Credentials) -> Result<net::Credentials> {
                                      return fail(ErrorKind::BadInput, "ca.crt: no such file");
                                    },
                                    [](net::Credentials fresh) -> Result<net::Credentials> {
                                      fresh.ca_pem.clear();
                                      return fresh;
                                    },
                                    [](net::Credentials fresh) -> Result<net::Credentials> {
                                      fresh.ca_pem = "-----BEGIN";
                                      return fresh;
                                    },
                                    // The current context of the kubeconfig was changed.
                                    [](net::Credentials fresh) -> Result<net::Credentials> {
                                      fresh.host = "localhost";
                                      return fresh;
                                    },
                                    [](net::Credentials fresh) -> Result<net::Credentials> {
                                      fresh.verify = false;
                                      return fresh;
                                    },
                                    [](net::Credentials fresh) -> Result<net::Credentials> {
                                      fresh.tls = false;
                                      return fresh;
                                    }};
  for (const Change& change : changes) {
    RotatedAuthority rotated(change);
    const auto failed = rotated.call();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind == ErrorKind::Tls);
    CHECK_FALSE(rotated.call());
    CHECK(rotated.reads == 1);  // at most once a second
  }
}

TEST_CASE("reads the credentials again after the reread interval, without a failure") {
  asio::io_context io;
  const Identity second = issue({.common_name = "second"}, &authority);
  ScriptedServer server(
      io, always(response(200, "{}")),
      tls_server(signed_by_authority({"IP:127.0.0.1"}), authority.certificate_pem));
  auto credentials = tls_credentials(server.port());
  const Identity first = issue({.common_name = "first"}, &another_authority);
  credentials.certificate_pem = first.certificate_pem;
  credentials.key_pem = first.key_pem;
  const auto reload = [credentials, &second]() -> Result<net::Credentials> {
    net::Credentials fresh = credentials;
    fresh.certificate_pem = second.certificate_pem;
    fresh.key_pem = second.key_pem;
    return fresh;
  };
  auto client = net::KubeClient::create(io.get_executor(), credentials, nullptr,
                                        {.reread_interval = Duration{0}}, reload);
  REQUIRE(client);
  CHECK(await(io, (*client)->call(get(), long_timeout)));
}

}  // namespace lastgood::wire
