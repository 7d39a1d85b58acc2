#include "checks/oauth2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "checks/no_response.hpp"
#include "codec/base64.hpp"
#include "codec/http_header.hpp"
#include "codec/json_at.hpp"

namespace lastgood::checks {
namespace {

using api::ProbeOutcome;
using api::Reason;
using codec::Json;

constexpr std::size_t max_quote_size = 200;                     // bytes of the server's own words
constexpr std::size_t max_token_size = std::size_t{16} * 1024;  // bytes

std::unexpected<MissingValue> no_token(Reason reason, std::string_view what,
                                       std::string_view next) {
  return missing(reason, fmt::format("there is no OAuth2 token for the metrics server: the token "
                                     "server {}; {}",
                                     what, next));
}

std::unexpected<MissingValue> without_response(const api::HttpResponse& response) {
  const std::string detail =
      response.detail.empty() ? "" : fmt::format(" ({})", clip(response.detail, max_quote_size));
  if (response.outcome == ProbeOutcome::InvalidResponse && response.is_tls_failure) {
    return no_token(Reason::TLSFailed, fmt::format("cannot be reached by TLS{}", detail),
                    "check oauth2.ca.crt");
  }
  return no_token(reason_of(response.outcome), no_response_text(response) + detail,
                  "check oauth2.tokenURL, and that the controller can connect to it");
}

// https://www.rfc-editor.org/rfc/rfc6749#section-5.2
std::unexpected<MissingValue> of_error(const api::HttpResponse& response) {
  const auto json = codec::parse_json(response.body);
  std::string words = json ? codec::text_at(*json, {"error"}) : response.body;
  const std::string details = json ? codec::text_at(*json, {"error_description"}) : "";
  if (!details.empty()) words += ": " + details;
  const std::string answer =
      fmt::format("{} {}", response.status, in_quotes(trimmed(words), max_quote_size));
  if (response.status >= 500)
    return no_token(Reason::ServerUnavailable, fmt::format("failed: {}", answer), "see its log");
  if (response.status >= 400) {
    return no_token(Reason::AccessDenied, fmt::format("rejected the client: {}", answer),
                    "check the keys oauth2.* of the credentials");
  }
  return no_token(Reason::InvalidResponse, fmt::format("returned {}, expected 200", answer),
                  "check oauth2.tokenURL");
}

std::unexpected<MissingValue> not_a_token(std::string_view problem) {
  return no_token(Reason::InvalidResponse,
                  fmt::format("returned a response that is not a token: {}", problem),
                  "check oauth2.tokenURL");
}

// Some servers send the number of seconds as text. Nothing: the lifetime is absent or not valid.
std::optional<double> seconds_of(const Json& response) {
  const Json* const value = codec::find(response, {"expires_in"});
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  return value->is_string() ? codec::parse_number(value->get_ref<const std::string&>())
                            : std::nullopt;
}

Duration lifetime_of(const Json& response) {
  const auto seconds = seconds_of(response);
  if (!seconds || !std::isfinite(*seconds) || *seconds <= 0) return default_token_lifetime;
  const double max = std::chrono::duration<double>(max_token_lifetime).count();
  return Duration(std::llround(std::min(*seconds, max) * 1000));
}

}  // namespace

api::HttpCall plan_token_request(const OAuth2Client& client, Duration timeout) {
  api::HttpCall call{.method = "POST",
                     .host = client.token_url.host,
                     .port = client.token_url.port,
                     .target = client.token_url.target,
                     .headers = {{.name = "Accept", .value = "application/json"}},
                     .content_type = "application/x-www-form-urlencoded",
                     .body = "grant_type=client_credentials",
                     .max_body_bytes = max_token_response_size,
                     .timeout = timeout};
  if (client.token_url.tls) call.tls = api::TlsSettings{.authorities = client.authorities};
  const std::string id = percent_encoded(client.id);
  const std::string secret = percent_encoded(client.secret);
  if (!client.scopes.empty()) call.body += "&scope=" + percent_encoded(client.scopes);
  if (!client.audience.empty()) call.body += "&audience=" + percent_encoded(client.audience);
  if (client.method == OAuth2Client::Method::Post) {
    call.body += fmt::format("&client_id={}&client_secret={}", id, secret);
  } else {
    call.headers.push_back(
        {.name = "Authorization", .value = "Basic " + codec::encode_base64(id + ":" + secret)});
  }
  return call;
}

TokenRead parse_token_response(const api::HttpResponse& response, MonotonicTime requested_at) {
  if (response.is_too_large || response.body.size() > max_token_response_size)
    return not_a_token("it is larger than 64 KiB");
  if (response.outcome != ProbeOutcome::Answered) return without_response(response);
  if (response.status != 200) return of_error(response);
  const auto json = codec::parse_json(response.body);
  // The body may contain a token, so it is not quoted.
  if (!json) return not_a_token("it is not JSON");
  std::string text = codec::text_at(*json, {"access_token"});
  if (text.empty()) return not_a_token("it has no access_token");
  if (text.size() > max_token_size) return not_a_token("its access_token is larger than 16 KiB");
  if (text.contains(' ') || !codec::valid_header_value(text))
    return not_a_token("its access_token has a blank or a control character");
  const std::string type = codec::text_at(*json, {"token_type"});
  if (!type.empty() && lowered(type) != "bearer")
    return not_a_token(fmt::format("its token_type is {}, expected Bearer", in_quotes(type)));
  const Duration lifetime = lifetime_of(*json);
  return AccessToken{
      .text = std::move(text),
      .requested_at = requested_at,
      .renew_at = requested_at + lifetime - std::min(token_renewal_margin, lifetime / 4)};
}

Duration token_lifetime(const TokenRead& token, MonotonicTime now) {
  return token ? std::max(token->renew_at - now, Duration::zero()) : token_retry_delay;
}

std::string identity_of(const OAuth2Client& client) {
  const codec::HttpUrl& url = client.token_url;
  const Json all{client.method == OAuth2Client::Method::Post,
                 client.id,
                 client.secret,
                 url.tls,
                 url.host,
                 url.port,
                 url.target,
                 client.scopes,
                 client.audience,
                 client.authorities};
  return hex_of(sha256(all.dump()));
}

}  // namespace lastgood::checks
