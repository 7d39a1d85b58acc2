#include "checks/sigv4.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

// The keys and the time of the test suite of AWS:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
const SigV4Keys keys{.region = "us-east-1",
                     .service = "service",
                     .access_key_id = "AKIDEXAMPLE",
                     .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
const Time now = *parse_rfc3339("2015-08-30T12:36:00Z");

api::HttpCall call_of(std::string method, std::string target) {
  return {.method = std::move(method),
          .tls = api::TlsSettings{},
          .host = "example.amazonaws.com",
          .port = 443,
          .target = std::move(target)};
}

std::string header_of(const api::HttpCall& call, std::string_view name) {
  const auto found = std::ranges::find(call.headers, name, &api::HttpHeader::name);
  return found == call.headers.end() ? "" : found->value;
}

std::string signature_of(const api::HttpCall& call) {
  const std::string text = header_of(call, "Authorization");
  return text.substr(std::min(text.size(), text.rfind('=') + 1));
}

}  // namespace

TEST_CASE("signed_call gives the signatures of the test suite of AWS") {
  struct Row {
    const char* name;
    const char* method;
    const char* target;
    const char* content_type;
    const char* body;
    const char* signature;
  };
  const Row row = GENERATE(values<Row>({
      {"get-vanilla", "GET", "/", "", "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"post-vanilla", "POST", "/", "", "",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-x-www-form-urlencoded", "POST", "/", "application/x-www-form-urlencoded",
       "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "", "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=Value1", "", "",
       "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
  }));
  INFO(row.name);
  auto call = call_of(row.method, row.target);
  call.content_type = row.content_type;
  call.body = row.body;
  CHECK(signature_of(signed_call(call, keys, now)) == row.signature);
}

TEST_CASE("signed_call adds exactly the headers that the signature needs") {
  const auto call = signed_call(call_of("GET", "/"), keys, now);
  CHECK(call.headers.size() == 3);
  CHECK(header_of(call, "Host") == "example.amazonaws.com");
  CHECK(header_of(call, "X-Amz-Date") == "20150830T123600Z");
  CHECK(header_of(call, "Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

// The signatures of the two cases below were computed with botocore 1.44.8.
TEST_CASE("signed_call signs a session token and a query for a workspace") {
  SigV4Keys temporary = keys;
  temporary.region = "eu-central-1";
  temporary.service = "aps";
  temporary.session_token = "TOKEN";
  auto call = call_of("POST", "/workspaces/ws-1/api/v1/query");
  call.host = "aps-workspaces.eu-central-1.amazonaws.com";
  call.content_type = "application/x-www-form-urlencoded";
  call.body = "query=up";
  const auto got = signed_call(call, temporary, now);
  CHECK(header_of(got, "X-Amz-Security-Token") == "TOKEN");
  CHECK(signature_of(got) == "57e4b4dbed972b0dd35f227c106a9881a66dfbc6e6d5402387ebe5584bd40247");
}

TEST_CASE("signed_call encodes the path twice and signs a port that is not the default") {
  auto call = call_of("GET", "/a%20b/c/api/v1/rules?type=alert&rule_name%5B%5D=High%20Rate");
  call.port = 9443;
  const auto got = signed_call(call, keys, now);
  CHECK(header_of(got, "Host") == "example.amazonaws.com:9443");
  CHECK(signature_of(got) == "a55472fa5e41ac14d3f5dc7ca50753a8489c821abed2d16fd6d0097a17992dae");
}

}  // namespace lastgood::checks::test
