#include "checks/oauth2.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

using api::ProbeOutcome;
using api::Reason;
using std::chrono::seconds;

const OAuth2Client client{
    .id = "lastgood",
    .secret = "s e:c&ret",
    .token_url = {
        .tls = true, .host = "login.example.com", .port = 443, .target = "/oauth2/token"}};
const MonotonicTime start{};

api::HttpResponse answered(int status, std::string body) {
  return {.outcome = ProbeOutcome::Answered, .status = status, .body = std::move(body)};
}

// How long after the request the token of this response is renewed.
Duration renewed_after(const std::string& body) {
  const auto token = parse_token_response(answered(200, body), start);
  REQUIRE(token);
  return token->renew_at - start;
}

MissingValue problem_of(const api::HttpResponse& response) {
  const auto token = parse_token_response(response, start);
  REQUIRE_FALSE(token);
  return token.error();
}

}  // namespace

TEST_CASE("plan_token_request sends the client by basic authentication") {
  const auto call = plan_token_request(client, seconds(5));
  CHECK(call.method == "POST");
  CHECK(call.host == "login.example.com");
  CHECK(call.port == 443);
  CHECK(call.target == "/oauth2/token");
  CHECK(call.tls == api::TlsSettings{});
  CHECK(call.content_type == "application/x-www-form-urlencoded");
  CHECK(call.body == "grant_type=client_credentials");
  CHECK(call.timeout == seconds(5));
  // "lastgood:s%20e%3Ac%26ret" in base64: the ID and the secret are encoded first.
  CHECK(call.headers.back() ==
        api::HttpHeader{"Authorization", "Basic bGFzdGdvb2Q6cyUyMGUlM0FjJTI2cmV0"});
}

TEST_CASE("plan_token_request sends scopes, an audience and the client in the body") {
  OAuth2Client other = client;
  other.method = OAuth2Client::Method::Post;
  other.scopes = "metrics:read all";
  other.audience = "https://mimir";
  other.token_url.tls = false;
  const auto call = plan_token_request(other, seconds(5));
  CHECK_FALSE(call.tls);
  CHECK(call.body ==
        "grant_type=client_credentials&scope=metrics%3Aread%20all&audience=https%3A%2F%2Fmimir"
        "&client_id=lastgood&client_secret=s%20e%3Ac%26ret");
  CHECK(std::ranges::none_of(call.headers,
                             [](const auto& header) { return header.name == "Authorization"; }));
}

TEST_CASE("parse_token_response renews a token before it expires") {
  CHECK(renewed_after(R"({"access_token":"a","token_type":"bearer","expires_in":3600})") ==
        seconds(3570));
  CHECK(renewed_after(R"({"access_token":"a","token_type":"Bearer","expires_in":"3600"})") ==
        seconds(3570));
  CHECK(renewed_after(R"({"access_token":"a","expires_in":20})") == seconds(15));
  CHECK(renewed_after(R"({"access_token":"a"})") == seconds(270));
}

TEST_CASE("parse_token_response shortens a long lifetime, and has a default for an invalid one") {
  CHECK(renewed_after(R"({"access_token":"a","expires_in":1e300})") ==
        max_token_lifetime - seconds(30));
  for (const char* body :
       {R"({"access_token":"a","expires_in":0})", R"({"access_token":"a","expires_in":-5})",
        R"({"access_token":"a","expires_in":"NaN"})", R"({"access_token":"a","expires_in":null})",
        R"({"access_token":"a","expires_in":"soon"})", R"({"access_token":"a","expires_in":[1]})"})
    CHECK(renewed_after(body) == seconds(270));
}

TEST_CASE("parse_token_response rejects a response without a valid token") {
  for (const char* body :
       {"<html>", "[]", "{}", R"({"access_token":7})", R"({"access_token":"a\r\nX: y"})",
        R"({"access_token":"a b"})", R"({"access_token":"a","token_type":"mac"})"}) {
    INFO(body);
    const auto problem = problem_of(answered(200, body));
    CHECK(problem.reason == Reason::InvalidResponse);
    CHECK_THAT(problem.message, Catch::Contains("not a token"));
  }
  const std::string large = R"({"access_token":")" + std::string(20'000, 'a') + R"("})";
  CHECK_THAT(problem_of(answered(200, large)).message, Catch::Contains("larger than 16 KiB"));
  CHECK_THAT(problem_of(answered(200, std::string(70'000, ' '))).message,
             Catch::Contains("larger than 64 KiB"));
}

TEST_CASE("parse_token_response never quotes a successful response") {
  const auto problem = problem_of(answered(200, "access_token=very-secret"));
  CHECK_THAT(problem.message, !Catch::Contains("very-secret"));
}

TEST_CASE("parse_token_response reports why the token server sent no token") {
  const auto denied = problem_of(
      answered(401, R"({"error":"invalid_client","error_description":"unknown client"})"));
  CHECK(denied.reason == Reason::AccessDenied);
  CHECK(denied.message ==
        "there is no OAuth2 token for the metrics server: the token server rejected the client: "
        "401 \"invalid_client: unknown client\"; check the keys oauth2.* of the credentials");
  CHECK(problem_of(answered(400, "bad")).reason == Reason::AccessDenied);
  CHECK(problem_of(answered(503, "")).reason == Reason::ServerUnavailable);
  CHECK(problem_of(answered(302, "")).reason == Reason::InvalidResponse);
  CHECK(problem_of({.outcome = ProbeOutcome::TimedOut}).reason == Reason::TimedOut);
  CHECK(problem_of({.outcome = ProbeOutcome::DNSLookupFailed}).reason == Reason::DNSLookupFailed);
  CHECK(problem_of({.outcome = ProbeOutcome::InvalidResponse, .detail = "certificate"}).message ==
        "there is no OAuth2 token for the metrics server: the token server returned no valid HTTP "
        "response (certificate); check oauth2.tokenURL, and that the controller can connect to it");
}

TEST_CASE("token_lifetime ends when the token must be renewed, or 10 s after a problem") {
  const AccessToken token{.text = "a", .renew_at = start + seconds(10)};
  CHECK(token_lifetime(token, start) == seconds(10));
  CHECK(token_lifetime(token, start + seconds(9)) == seconds(1));
  CHECK(token_lifetime(token, start + seconds(11)) == Duration(0));
  CHECK(token_lifetime(std::unexpected(MissingValue{}), start) == seconds(10));
}

TEST_CASE("identity_of tells apart clients that get different tokens") {
  const std::string same = identity_of(client);
  CHECK_THAT(same, !Catch::Contains(client.secret));
  const auto differs = [&](auto change) {
    OAuth2Client other = client;
    change(other);
    return identity_of(other) != same;
  };
  CHECK(identity_of(OAuth2Client(client)) == same);
  CHECK(differs([](OAuth2Client& one) { one.secret += "x"; }));
  CHECK(differs([](OAuth2Client& one) { one.id += "x"; }));
  CHECK(differs([](OAuth2Client& one) { one.scopes = "x"; }));
  CHECK(differs([](OAuth2Client& one) { one.audience = "x"; }));
  CHECK(differs([](OAuth2Client& one) { one.token_url.host = "x"; }));
  CHECK(differs([](OAuth2Client& one) { one.token_url.port = 1; }));
  CHECK(differs([](OAuth2Client& one) { one.token_url.target = "/x"; }));
  CHECK(differs([](OAuth2Client& one) { one.token_url.tls = false; }));
  CHECK(differs([](OAuth2Client& one) { one.method = OAuth2Client::Method::Post; }));
  CHECK(differs([](OAuth2Client& one) { one.authorities = "x"; }));
}

}  // namespace lastgood::checks::test
