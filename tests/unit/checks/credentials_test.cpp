#include "checks/credentials.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

using api::HttpHeader;
using api::StringMap;
using api::TlsSettings;

const std::string certificate = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----";
const std::string key = "-----BEGIN PRIVATE KEY-----\nTUlJ\n-----END PRIVATE KEY-----";

MetricsCredentials credentials_of(const StringMap& data) {
  const auto credentials = parse_credentials(data);
  INFO((credentials ? "" : credentials.error().message));
  REQUIRE(credentials);
  return *credentials;
}

std::string problem_of(const StringMap& data) {
  const auto credentials = parse_credentials(data);
  if (credentials) return "";
  CHECK(credentials.error().kind == ErrorKind::BadInput);
  return credentials.error().message;
}

}  // namespace

TEST_CASE("parse_credentials reads each way to identify the client") {
  CHECK(credentials_of({{"token", "abc.def"}}).authorization ==
        Authorization(BearerToken{"abc.def"}));
  CHECK(credentials_of({{"username", "me"}, {"password", "a b:ü"}}).authorization ==
        Authorization(BasicAuth{"me", "a b:ü"}));
  CHECK(credentials_of({{"username", "me"}, {"password", ""}}).authorization ==
        Authorization(BasicAuth{"me", ""}));
  CHECK(credentials_of({{"oauth2.clientID", "id"},
                        {"oauth2.clientSecret", "secret"},
                        {"oauth2.tokenURL", "https://login/token?a=b"},
                        {"oauth2.scopes", "read write"},
                        {"oauth2.audience", "mimir"},
                        {"oauth2.clientAuth", "post"},
                        {"oauth2.ca.crt", certificate}})
            .authorization ==
        Authorization(OAuth2Client{
            .method = OAuth2Client::Method::Post,
            .id = "id",
            .secret = "secret",
            .token_url = {.tls = true, .host = "login", .port = 443, .target = "/token?a=b"},
            .scopes = "read write",
            .audience = "mimir",
            .authorities = certificate}));
  CHECK(credentials_of({{"sigv4.region", "eu-central-1"},
                        {"sigv4.accessKeyID", "AKID"},
                        {"sigv4.secretAccessKey", "a/b+c"}})
            .authorization == Authorization(SigV4Keys{.region = "eu-central-1",
                                                      .service = "aps",
                                                      .access_key_id = "AKID",
                                                      .secret_access_key = "a/b+c"}));
}

TEST_CASE("parse_credentials reads the settings of TLS with any way to identify the client") {
  CHECK_FALSE(credentials_of({{"token", "a"}}).tls);
  const auto credentials = credentials_of({{"token", "a"},
                                           {"ca.crt", certificate + "\n"},
                                           {"tls.crt", certificate},
                                           {"tls.key", key},
                                           {"serverName", "prometheus.monitoring"}});
  CHECK(credentials.tls == TlsSettings{.authorities = certificate,
                                       .client_certificate = certificate,
                                       .client_key = key,
                                       .server_name = "prometheus.monitoring"});
  CHECK(credentials_of({{"insecureSkipVerify", "true"}}).tls ==
        TlsSettings{.verify = TlsSettings::Verify::Nothing});
  CHECK(credentials_of({{"insecureSkipVerify", "false"}}).tls == TlsSettings{});
  CHECK(credentials_of({{"serverName", "fd00::1"}}).tls->server_name == "fd00::1");
}

TEST_CASE("parse_credentials removes the line break at the end of a value") {
  CHECK(credentials_of({{"token", "abc\n"}}).authorization == Authorization(BearerToken{"abc"}));
  CHECK(credentials_of({{"token", "abc\r\n"}}).authorization == Authorization(BearerToken{"abc"}));
}

TEST_CASE("parse_credentials accepts the Secret of a service account") {
  CHECK(credentials_of({{"token", "a"}, {"namespace", "shop"}, {"service-ca.crt", "x"}})
            .authorization == Authorization(BearerToken{"a"}));
}

TEST_CASE("parse_credentials reads the headers of a tenant") {
  CHECK(credentials_of({{"headers", "X-Scope-OrgID: team-a|team-b\r\n\n  \nX-B:2\n"}}).headers ==
        std::vector<HttpHeader>{{"X-Scope-OrgID", "team-a|team-b"}, {"X-B", "2"}});
  CHECK(credentials_of({{"headers", "Authorization: Api-Key 7"}}).headers ==
        std::vector<HttpHeader>{{"Authorization", "Api-Key 7"}});
}

TEST_CASE("parse_credentials says which key is missing") {
  CHECK(problem_of({}) ==
        "there is no key of credentials; set, for example, token, or username and password");
  CHECK(problem_of({{"namespace", "shop"}}) == problem_of({}));
  CHECK(problem_of({{"username", "me"}}) == "password: is missing; username needs it");
  CHECK(problem_of({{"password", "p"}}) == "username: is missing; password needs it");
  CHECK(problem_of({{"oauth2.scopes", "a"}}) == "oauth2.clientID: is missing; OAuth2 needs it");
  CHECK(problem_of({{"sigv4.region", "a"}}) == "sigv4.accessKeyID: is missing; SigV4 needs it");
  CHECK(problem_of({{"tls.crt", certificate}}) ==
        "tls.key: is missing; a client certificate needs it");
  CHECK(problem_of({{"tls.key", key}}) == "tls.crt: is missing; a client certificate needs it");
}

TEST_CASE("parse_credentials rejects several ways to identify the client") {
  CHECK(problem_of({{"token", "a"}, {"username", "me"}, {"password", "p"}}) ==
        "username: cannot be combined with token; use only one of token, username, oauth2.* and "
        "sigv4.*");
  CHECK(problem_of({{"token", "a"}, {"password", "p"}}) ==
        "password: cannot be combined with token; use only one of token, username, oauth2.* and "
        "sigv4.*");
  CHECK(problem_of({{"oauth2.clientID", "a"}, {"sigv4.region", "b"}}) ==
        "sigv4.region: cannot be combined with oauth2.clientID; use only one of token, username, "
        "oauth2.* and sigv4.*");
}

TEST_CASE("parse_credentials names the nearest key when a key is unknown") {
  CHECK(problem_of({{"Token", "a"}}) ==
        R"("Token": is not a key of credentials; the nearest one is token)");
  CHECK(problem_of({{"oauth2.clientId", "a"}}) ==
        R"("oauth2.clientId": is not a key of credentials; the nearest one is oauth2.clientID)");
}

TEST_CASE("parse_credentials rejects a value that cannot be sent or used") {
  struct Row {
    StringMap data;
    const char* problem;
  };
  const StringMap aws{{"sigv4.region", "r"}, {"sigv4.accessKeyID", "a"}};
  auto with = [](StringMap data, const char* name, const char* value) {
    data[name] = value;
    return data;
  };
  const StringMap oauth{{"oauth2.clientID", "id"}, {"oauth2.clientSecret", "s"}};
  const std::vector<Row> rows{
      {{{"token", ""}}, "token: is empty"},
      {{{"token", "\n"}}, "token: is empty"},
      {{{"token", "a\nb"}}, "token: contains a line break, but must be on one line"},
      {{{"token", "a\rb"}}, "token: contains a line break, but must be on one line"},
      {{{"token", "a\xff"}}, "token: is not valid UTF-8"},
      {{{"token", std::string("a\0b", 3)}}, "token: contains a control character"},
      {{{"token", "a b"}}, "token: contains a blank, or is not ASCII"},
      {{{"token", "Bearer a"}}, R"(token: begins with "Bearer "; remove this word)"},
      {{{"username", "a:b"}, {"password", "p"}},
       R"(username: contains ":", which basic authentication does not allow)"},
      {with(oauth, "oauth2.tokenURL", "https://me:pw@login/"),
       "oauth2.tokenURL: is not a valid URL with http:// or https://, without a user and a "
       "password"},
      {with(with(oauth, "oauth2.tokenURL", "https://a"), "oauth2.clientAuth", "jwt"),
       "oauth2.clientAuth: must be basic or post"},
      {with(with(oauth, "oauth2.tokenURL", "https://a"), "oauth2.ca.crt", "x"),
       R"(oauth2.ca.crt: is not a certificate in PEM: it has no "-----BEGIN CERTIFICATE-----")"},
      {with(with(oauth, "oauth2.tokenURL", "http://a"), "oauth2.ca.crt", certificate.c_str()),
       "oauth2.ca.crt: cannot be used, because oauth2.tokenURL begins with http://"},
      {with(with(aws, "sigv4.secretAccessKey", "k"), "sigv4.region", "EU"),
       R"(sigv4.region: must have only lower case letters, digits and "-")"},
      {with(with(aws, "sigv4.secretAccessKey", "k"), "sigv4.service", "a/b"),
       R"(sigv4.service: must have only lower case letters, digits and "-")"},
      {with(aws, "sigv4.secretAccessKey", "a b"),
       "sigv4.secretAccessKey: contains a blank, or is not ASCII"},
      {{{"ca.crt", "x"}},
       R"(ca.crt: is not a certificate in PEM: it has no "-----BEGIN CERTIFICATE-----")"},
      {{{"ca.crt", certificate}, {"insecureSkipVerify", "true"}},
       "ca.crt: is not used with insecureSkipVerify"},
      {{{"tls.crt", key}, {"tls.key", key}},
       R"(tls.crt: is not a certificate in PEM: it has no "-----BEGIN CERTIFICATE-----")"},
      {{{"tls.crt", certificate}, {"tls.key", certificate}},
       R"(tls.key: is not a private key in PEM: it has no "-----BEGIN PRIVATE KEY-----")"},
      {{{"insecureSkipVerify", "yes"}}, R"(insecureSkipVerify: must be "true" or "false")"},
      {{{"serverName", "a b"}}, "serverName: must be a host name or an IP address"},
      {{{"serverName", "a\nb"}}, "serverName: contains a line break, but must be on one line"},
  };
  for (const Row& row : rows) {
    INFO(row.problem);
    CHECK(problem_of(row.data) == row.problem);
  }
}

TEST_CASE("parse_credentials rejects more than 64 KiB") {
  CHECK(problem_of({{"token", std::string(65'531, 'a')}}) == "");
  CHECK(problem_of({{"token", std::string(65'532, 'a')}}) ==
        "65537 bytes of credentials are more than 65536");
}

TEST_CASE("parse_credentials never puts a value into a message") {
  const std::string secret = "7h3-s3cr3t";
  for (const std::string_view name : credentials_keys()) {
    for (const char* around :
         {"%", "% %", "%\n%\n%", "%\xff", "Bearer %", "https://%@h", "%: a\x01"}) {
      std::string value = around;
      for (auto at = value.find('%'); at != std::string::npos; at = value.find('%'))
        value.replace(at, 1, secret);
      CHECK_THAT(problem_of({{std::string(name), value}}), !Catch::Contains(secret));
      CHECK_THAT(problem_of({{std::string(name), value}, {"token", value}}),
                 !Catch::Contains(secret));
    }
  }
}

}  // namespace lastgood::checks::test
