// TLS of HttpClient: which servers it trusts, how it identifies itself, and which calls share a
// connection.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <catch2/catch.hpp>

#include "net/tls_contexts.hpp"
#include "wire/support/certificates.hpp"
#include "wire/support/http.hpp"

namespace lastgood::wire {
namespace {

using api::HttpResponse;
using api::ProbeOutcome;
using api::TlsSettings;

const Identity authority = issue({.common_name = "authority", .authority = true});
const Identity another_authority = issue({.common_name = "another authority", .authority = true});

Identity signed_by_authority(std::vector<std::string> names) {
  return issue({.alternative_names = std::move(names)}, &authority);
}

TlsSettings trusting() { return {.authorities = authority.certificate_pem}; }

// The response of a TLS server with this identity. If `client_authority` is not empty, the server
// requires a client certificate of this authority.
HttpResponse call_tls(const Identity& identity, const TlsSettings& settings,
                      const std::string& client_authority = "") {
  asio::io_context io;
  ScriptedServer server(io, always(response(200, "{}")), tls_server(identity, client_authority));
  net::HttpClient client(io.get_executor());
  auto call = query(server.port());
  call.tls = settings;
  return await(io, client.call(call));
}

// The same private key, encrypted with a password.
std::string encrypted(const std::string& key_pem) {
  BIO* in = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  std::array<unsigned char, 4> password{'p', 'a', 's', 's'};
  PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), password.data(), 4, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  EVP_PKEY_free(key);
  BIO_free(in);
  BIO_free(out);
  return text;
}

}  // namespace

TEST_CASE("accepts a certificate of its authorities for the host or for the given name") {
  const auto got = call_tls(signed_by_authority({"IP:127.0.0.1"}), trusting());
  CHECK(got.outcome == ProbeOutcome::Answered);
  CHECK(got.body == "{}");
  auto named = trusting();
  named.server_name = "prometheus.monitoring";
  CHECK(call_tls(signed_by_authority({"DNS:prometheus.monitoring"}), named).outcome ==
        ProbeOutcome::Answered);
}

TEST_CASE("reports InvalidResponse and the reason when the certificate is not accepted") {
  auto named = trusting();
  named.server_name = "prometheus.monitoring";
  struct Row {
    const char* detail;
    Identity identity;
    TlsSettings settings;
  };
  const std::vector<Row> rows{
      {"IP address mismatch", signed_by_authority({"IP:127.0.0.2"}), trusting()},
      // OpenSSL 3 writes "hostname", earlier releases "Hostname".
      {"ostname mismatch", signed_by_authority({"DNS:other"}), named},
      {"unable to get local issuer certificate",
       issue({.alternative_names = {"IP:127.0.0.1"}}, &another_authority), trusting()},
      {"has expired", issue({.alternative_names = {"IP:127.0.0.1"}, .expired = true}, &authority),
       trusting()},
      // Without authorities in the settings, the client trusts only those of the system.
      {"unable to get local issuer certificate", signed_by_authority({"IP:127.0.0.1"}), {}},
  };
  for (const auto& row : rows) {
    const auto got = call_tls(row.identity, row.settings);
    CHECK(got.outcome == ProbeOutcome::InvalidResponse);
    CHECK(got.is_tls_failure);
    CHECK_FALSE(got.is_too_large);
    CHECK_THAT(got.detail, Catch::Contains("was rejected") && Catch::Contains(row.detail));
    CHECK(got.detail.size() <= 200);
  }
}

TEST_CASE("accepts any certificate when it verifies nothing") {
  const TlsSettings settings{.verify = TlsSettings::Verify::Nothing};
  CHECK(call_tls(issue({.expired = true}), settings).outcome == ProbeOutcome::Answered);
}

TEST_CASE("sends the client certificate, and fails without one if the server requires one") {
  const auto server = signed_by_authority({"IP:127.0.0.1"});
  const auto own = issue({.common_name = "lastgood"}, &authority);
  auto settings = trusting();
  const auto without = call_tls(server, settings, authority.certificate_pem);
  CHECK(without.outcome == ProbeOutcome::InvalidResponse);
  CHECK(without.is_tls_failure);
  CHECK_FALSE(without.detail.empty());
  settings.client_certificate = own.certificate_pem;
  settings.client_key = own.key_pem;
  CHECK(call_tls(server, settings, authority.certificate_pem).outcome == ProbeOutcome::Answered);
}

TEST_CASE("connects to no server when the TLS settings cannot be used, and says which part") {
  const auto own = issue({});
  const std::vector<std::pair<std::string, TlsSettings>> rows{
      {"the certificate authority cannot be used", {.authorities = "garbage"}},
      {"the client certificate cannot be used", {.client_certificate = "garbage"}},
      {"the client key cannot be used", {.client_certificate = own.certificate_pem}},
      {"the client key cannot be used",
       {.client_certificate = own.certificate_pem, .client_key = issue({}).key_pem}},
      {"the client key cannot be used",
       {.client_certificate = own.certificate_pem, .client_key = encrypted(own.key_pem)}},
  };
  for (const auto& [detail, settings] : rows) {
    asio::io_context io;
    ScriptedServer server(io, always(response(200, "{}")), tls_server(own));
    net::HttpClient client(io.get_executor());
    auto call = query(server.port());
    call.tls = settings;
    const auto got = await(io, client.call(call));
    CHECK(got.outcome == ProbeOutcome::InvalidResponse);
    CHECK(got.is_tls_failure);
    CHECK_THAT(got.detail, Catch::StartsWith(detail));
    CHECK(server.connections() == 0);
  }
}

TEST_CASE("reports InvalidResponse without TLS on the server, and TimedOut in a handshake") {
  asio::io_context io;
  ScriptedServer plain(io, [](ServerConnection& connection) -> asio::awaitable<void> {
    co_await connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await connection.until_closed();
  });
  ScriptedServer hanging(io, never_respond);
  net::HttpClient client(io.get_executor());
  auto call = query(plain.port());
  call.tls = TlsSettings{};
  CHECK(await(io, client.call(call)).outcome == ProbeOutcome::InvalidResponse);
  call.port = hanging.port();
  call.timeout = short_timeout;
  CHECK(await(io, client.call(call)).outcome == ProbeOutcome::TimedOut);
}

TEST_CASE("reuses a TLS connection only for calls with the same TLS settings") {
  asio::io_context io;
  const auto identity = signed_by_authority({"IP:127.0.0.1", "DNS:prometheus"});
  ScriptedServer server(io, always(response(200, "{}")), tls_server(identity));
  net::HttpClient client(io.get_executor());
  auto call = query(server.port());
  const auto connections_after = [&](const TlsSettings& settings) {
    call.tls = settings;
    CHECK(await(io, client.call(call)).outcome == ProbeOutcome::Answered);
    return server.connections();
  };
  auto named = trusting();
  named.server_name = "prometheus";
  const auto own = issue({.common_name = "lastgood"}, &authority);
  auto identified = trusting();
  identified.client_certificate = own.certificate_pem;
  identified.client_key = own.key_pem;
  CHECK(connections_after(trusting()) == 1);
  CHECK(connections_after(trusting()) == 1);
  CHECK(connections_after(named) == 2);
  CHECK(connections_after(identified) == 3);
  CHECK(connections_after({.verify = TlsSettings::Verify::Nothing}) == 4);
  CHECK(connections_after(identified) == 4);
  CHECK(connections_after(trusting()) == 4);
}

TEST_CASE("creates one TLS context for equal settings, and removes the one unused for longest") {
  net::TlsContexts contexts(2);
  const auto first = *contexts.get(trusting());
  auto named = trusting();
  named.server_name = "prometheus";
  CHECK(*contexts.get(named) == first);
  const auto second = *contexts.get({.authorities = another_authority.certificate_pem});
  CHECK(second != first);
  CHECK_FALSE(contexts.get({.authorities = "garbage"}));
  CHECK(*contexts.get(trusting()) == first);
  CHECK(contexts.get({.verify = TlsSettings::Verify::Nothing}));
  CHECK(*contexts.get(trusting()) == first);
  CHECK(*contexts.get({.authorities = another_authority.certificate_pem}) != second);
}

}  // namespace lastgood::wire
