#include "checks/authorized_call.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

const Time now = *parse_rfc3339("2026-11-24T12:00:00Z");
const api::HttpCall plain{.method = "POST", .host = "prometheus", .port = 9090, .target = "/"};
const api::HttpCall with_tls{
    .method = "POST", .tls = api::TlsSettings{}, .host = "mimir", .port = 443, .target = "/"};

std::string header_of(const api::HttpCall& call, std::string_view name) {
  const auto found = std::ranges::find(call.headers, name, &api::HttpHeader::name);
  return found == call.headers.end() ? "" : found->value;
}

std::string authorization_of(const Authorization& authorization, std::string_view token = "") {
  const auto call = with_credentials(plain, {.authorization = authorization}, token, now);
  REQUIRE(call);
  return header_of(*call, "Authorization");
}

const OAuth2Client client{.id = "id", .secret = "s&cret", .token_url = {}};

}  // namespace

TEST_CASE("with_credentials adds the header Authorization") {
  CHECK(authorization_of(BearerToken{"abc"}) == "Bearer abc");
  // https://www.rfc-editor.org/rfc/rfc7617#section-2
  CHECK(authorization_of(BasicAuth{"Aladdin", "open sesame"}) ==
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(authorization_of(client, "xyz") == "Bearer xyz");
  CHECK_THAT(
      authorization_of(SigV4Keys{.region = "r", .access_key_id = "a", .secret_access_key = "b"}),
      Catch::StartsWith("AWS4-HMAC-SHA256 Credential=a/20261124/r/aps/aws4_request, "));
}

TEST_CASE("with_credentials does not change a call without credentials") {
  CHECK(with_credentials(plain, {}, "", now).value() == plain);
  CHECK(with_credentials(with_tls, {}, "", now).value() == with_tls);
}

TEST_CASE("with_credentials adds the headers of a tenant and the settings of TLS") {
  const MetricsCredentials credentials{.tls = api::TlsSettings{.server_name = "other"},
                                       .headers = {{"X-Scope-OrgID", "team-a"}}};
  const auto call = with_credentials(with_tls, credentials, "", now);
  REQUIRE(call);
  CHECK(call->tls->server_name == "other");
  CHECK(header_of(*call, "X-Scope-OrgID") == "team-a");
}

TEST_CASE("with_credentials rejects a call without TLS when the credentials have TLS settings") {
  const auto call = with_credentials(
      plain, {.authorization = BearerToken{"abc"}, .tls = api::TlsSettings{}}, "", now);
  REQUIRE_FALSE(call);
  CHECK_THAT(call.error().message, Catch::Contains("begins with http://"));
}

TEST_CASE("without_secrets hides each secret that a server repeats") {
  // The server repeats a secret as it is, percent-encoded, or in base64: bWU6cHc= is me:pw, and
  // aWQ6cyUyNmNyZXQ= is id:s%26cret.
  struct Row {
    MetricsCredentials credentials;
    const char* token;
    const char* body;
    const char* shown;
  };
  const std::vector<Row> rows{
      {{.authorization = BearerToken{"abc"}}, "", "no: Bearer abc", "no: Bearer [hidden]"},
      {{.authorization = BasicAuth{"me", "pw"}},
       "",
       "bWU6cHc= is me:pw",
       "[hidden] is me:[hidden]"},
      {{.authorization = client},
       "tok",
       "tok s&cret s%26cret aWQ6cyUyNmNyZXQ=",
       "[hidden] [hidden] [hidden] [hidden]"},
      {{.authorization = SigV4Keys{.region = "r",
                                   .access_key_id = "a",
                                   .secret_access_key = "kkk",
                                   .session_token = "sss"}},
       "",
       "kkk sss",
       "[hidden] [hidden]"},
      {{.headers = {{"X-Api-Key", "k7"}}}, "", "key k7k7", "key [hidden][hidden]"},
      {{.authorization = BasicAuth{"me", ""}}, "", "denied", "denied"},
  };
  for (const Row& row : rows) {
    const auto shown = without_secrets({.status = 401, .body = row.body, .detail = row.body},
                                       row.credentials, row.token);
    CHECK(shown.body == row.shown);
    CHECK(shown.detail == row.shown);
  }
}

TEST_CASE("replaces_token only when the server rejects an OAuth2 token that is not new") {
  const MonotonicTime start{};
  const AccessToken token{.text = "a", .requested_at = start};
  const MetricsCredentials oauth{.authorization = client};
  CHECK(replaces_token({.status = 401}, oauth, token, start + token_retry_delay));
  CHECK_FALSE(replaces_token({.status = 401}, oauth, token, start + Duration(9'999)));
  CHECK_FALSE(replaces_token({.status = 403}, oauth, token, start + token_retry_delay));
  CHECK_FALSE(replaces_token({.status = 401}, {.authorization = BearerToken{"a"}}, token,
                             start + token_retry_delay));
}

TEST_CASE("without_secrets never changes the result of a query") {
  const MetricsCredentials credentials{.authorization = BasicAuth{"me", "12"}};
  CHECK(without_secrets({.status = 200, .body = "[0,\"12\"]"}, credentials, "").body ==
        "[0,\"12\"]");
  const std::string result =
      R"({"status":"success","data":{"result":[{"metric":{"pod":"12"},"value":[12,"12"]}]}})";
  CHECK(without_secrets({.status = 200, .body = result}, credentials, "").body == result);
}

TEST_CASE("without_secrets hides secrets when a response with status 200 is no result") {
  struct Row {
    const char* name;
    const char* body;
    const char* shown;
  };
  const Row rows[] = {
      {"a page", "<p>Authorization: Bearer abc</p>", "<p>Authorization: Bearer [hidden]</p>"},
      {"an error", R"({"status":"error","error":"sent abc"})",
       R"({"error":"sent [hidden]","status":"error"})"},
      {"a warning of a result",
       R"({"data":{"result":["abc"]},"status":"success","warnings":["abc is old",{"a":"abc"}]})",
       R"({"data":{"result":["abc"]},"status":"success",)"
       R"("warnings":["[hidden] is old",{"a":"[hidden]"}]})"},
  };
  const MetricsCredentials credentials{.authorization = BearerToken{"abc"}};
  for (const Row& row : rows) {
    INFO(row.name);
    const auto shown = without_secrets(
        {.status = 200, .content_type = "text/abc", .body = row.body}, credentials, "");
    CHECK(shown.body == row.shown);
    CHECK(shown.content_type == "text/[hidden]");
  }
}

TEST_CASE("without_secrets hides a secret that a server writes with escape sequences of JSON") {
  const MetricsCredentials credentials{.authorization = BearerToken{"a<b"}};
  const auto shown = without_secrets(
      {.status = 400, .body = R"({"status":"error","error":"no: a\u003cb"})"}, credentials, "");
  CHECK(shown.body == R"({"error":"no: [hidden]","status":"error"})");
}

}  // namespace lastgood::checks::test
