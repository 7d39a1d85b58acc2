#include "checks/authorized_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/overloaded.hpp"
#include "base/text.hpp"
#include "codec/base64.hpp"

namespace lastgood::checks {
namespace {

constexpr std::string_view hidden = "[hidden]";

std::string encoded(const BasicAuth& auth) {
  return codec::encode_base64(auth.username + ":" + auth.password);
}

void authorize(api::HttpCall& call, std::string value) {
  call.headers.push_back({.name = "Authorization", .value = std::move(value)});
}

// In each form in which they are sent. The longest come first, because one may contain another.
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

// Linear in the size of the text, which the server chooses.
std::string without(std::string_view text, std::string_view secret) {
  std::string out;
  for (std::size_t at = text.find(secret); at != std::string_view::npos; at = text.find(secret)) {
    out.append(text.substr(0, at)).append(hidden);
    text.remove_prefix(at + secret.size());
  }
  return out.append(text);
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
  if (response.status == 200) return response;
  for (const std::string& secret : secrets_of(credentials, token)) {
    response.body = without(response.body, secret);
    response.detail = without(response.detail, secret);
  }
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
