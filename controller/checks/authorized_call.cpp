#include "checks/authorized_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/overloaded.hpp"
#include "base/text.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "codec/json_at.hpp"

namespace lastgood::checks {
namespace {

using codec::Json;

constexpr std::string_view hidden = "[hidden]";

std::string encoded(const BasicAuth& auth) {
  return codec::encode_base64(auth.username + ":" + auth.password);
}

void authorize(api::HttpCall& call, std::string value) {
  call.headers.push_back({.name = "Authorization", .value = std::move(value)});
}

// The secrets in each form in which they are sent, the longest first: a secret may be a part of a
// longer one.
std::vector<std::string> secrets_of(const MetricsCredentials& credentials, std::string_view token) {
  std::vector<std::string> secrets{std::string(token)};
  std::visit(Overloaded{[](std::monostate) {},
                        [&](const BearerToken& bearer) { secrets.push_back(bearer.text); },
                        [&](const BasicAuth& auth) {
                          secrets.push_back(encoded(auth));
                          secrets.push_back(auth.password);
                        },
                        [&](const OAuth2Client& client) {
                          secrets.push_back(client.secret);
                          secrets.push_back(percent_encoded(client.secret));
                          secrets.push_back(codec::encode_base64(percent_encoded(client.id) + ":" +
                                                                 percent_encoded(client.secret)));
                        },
                        [&](const SigV4Keys& keys) {
                          secrets.push_back(keys.secret_access_key);
                          secrets.push_back(keys.session_token);
                        }},
             credentials.authorization);
  for (const auto& header : credentials.headers) secrets.push_back(header.value);
  std::erase_if(secrets, [](const std::string& secret) { return secret.empty(); });
  std::ranges::sort(secrets, std::ranges::greater(), &std::string::size);
  return secrets;
}

using Secrets = std::vector<std::string>;

// Linear in the size of the text, which the server chooses.
std::string without(std::string_view text, std::string_view secret) {
  std::string out;
  for (std::size_t at = text.find(secret); at != std::string_view::npos; at = text.find(secret)) {
    out.append(text.substr(0, at)).append(hidden);
    text.remove_prefix(at + secret.size());
  }
  return out.append(text);
}

std::string without(std::string text, const Secrets& secrets) {
  for (const std::string& secret : secrets) text = without(std::string_view(text), secret);
  return text;
}

// In every string of the value. The recursion is limited, because parse_json() limits the depth.
void hide_secrets(Json& value, const Secrets& secrets) {
  if (value.is_string()) value = without(value.get<std::string>(), secrets);
  if (!value.is_structured()) return;
  for (Json& member : value) hide_secrets(member, secrets);
}

// A secret may end within a UTF-8 character. The rest of the character is replaced.
std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Most results need no second parse: only an error and warnings are shown to users.
bool is_plain_result(std::string_view body) {
  return body.starts_with(R"({"status":"success")") && !body.contains(R"("warnings")") &&
         !body.contains(R"("error")");
}

std::string body_without(const api::HttpResponse& response, const Secrets& secrets) {
  if (response.status == 200 && is_plain_result(response.body)) return response.body;
  const auto json = codec::parse_json(response.body);
  if (!json) return without(response.body, secrets);
  const bool is_result = response.status == 200 && codec::text_at(*json, {"status"}) != "error";
  Json shown = *json;
  if (!is_result) {
    hide_secrets(shown, secrets);
  } else if (shown.is_object() && shown.contains("warnings")) {
    hide_secrets(shown["warnings"], secrets);
  }
  const std::string body = shown == *json ? response.body : text_of(shown);
  return is_result ? body : without(body, secrets);
}

}  // namespace

Result<api::HttpCall> with_credentials(api::HttpCall call, const MetricsCredentials& credentials,
                                       std::string_view token, Time now) {
  if (credentials.tls) {
    if (!call.tls) {
      return fail(ErrorKind::BadInput,
                  "the credentials have keys for TLS, but the address of the metrics server begins "
                  "with http://; use https://, or remove ca.crt, tls.crt, tls.key, serverName and "
                  "insecureSkipVerify");
    }
    call.tls = credentials.tls;
  }
  std::ranges::copy(credentials.headers, std::back_inserter(call.headers));
  std::visit(
      Overloaded{[](std::monostate) {},
                 [&](const BearerToken& bearer) { authorize(call, "Bearer " + bearer.text); },
                 [&](const BasicAuth& auth) { authorize(call, "Basic " + encoded(auth)); },
                 [&](const OAuth2Client&) { authorize(call, fmt::format("Bearer {}", token)); },
                 [&](const SigV4Keys& keys) { call = signed_call(std::move(call), keys, now); }},
      credentials.authorization);
  return call;
}

api::HttpResponse without_secrets(api::HttpResponse response, const MetricsCredentials& credentials,
                                  std::string_view token) {
  const Secrets secrets = secrets_of(credentials, token);
  if (secrets.empty()) return response;
  response.body = body_without(response, secrets);
  response.content_type = without(response.content_type, secrets);
  response.detail = without(response.detail, secrets);
  return response;
}

MissingValue unusable_credentials(const Error& error) {
  return {.reason = api::Reason::CredentialsInvalid, .message = error.message};
}

const OAuth2Client* oauth2_of(const MetricsCredentials& credentials) {
  return std::get_if<OAuth2Client>(&credentials.authorization);
}

bool replaces_token(const api::HttpResponse& response, const MetricsCredentials& credentials,
                    const AccessToken& token, MonotonicTime now) {
  return oauth2_of(credentials) != nullptr && response.status == 401 &&
         now - token.requested_at >= token_retry_delay;
}

}  // namespace lastgood::checks
