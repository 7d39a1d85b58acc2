// Access tokens for metrics servers, by the client credentials grant of OAuth 2.0:
// https://www.rfc-editor.org/rfc/rfc6749#section-4.4
#pragma once

#include <expected>
#include <string>

#include "api/call.hpp"
#include "base/time.hpp"
#include "checks/prometheus_answer.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {

struct OAuth2Client {
  // How the token server receives the ID and the secret: RFC 6749, section 2.3.1.
  enum class Method : std::uint8_t { Basic, Post };
  Method method = Method::Basic;
  std::string id;
  std::string secret;
  codec::HttpUrl token_url;
  std::string scopes = {};       // separated by spaces; empty: the default of the server
  std::string audience = {};     // empty: none
  std::string authorities = {};  // PEM, of the token server; empty: those of the system

  bool operator==(const OAuth2Client&) const = default;
};

struct AccessToken {
  std::string text = {};
  MonotonicTime requested_at = {};
  MonotonicTime renew_at = {};  // some time before the token expires

  bool operator==(const AccessToken&) const = default;
};
using TokenRead = std::expected<AccessToken, MissingValue>;

// A larger response of the token server is not parsed.
inline constexpr std::size_t max_token_response_size = std::size_t{64} * 1024;  // bytes
// The default is used if the response has no lifetime. A longer lifetime than the maximum is
// shortened to it.
inline constexpr Duration default_token_lifetime = std::chrono::minutes(5);
inline constexpr Duration max_token_lifetime = std::chrono::hours(24);
// A token is renewed this long before it expires, or after three quarters of a short lifetime.
inline constexpr Duration token_renewal_margin = std::chrono::seconds(30);
// After a failed request, and after a new token, no other token is requested for this time.
inline constexpr Duration token_retry_delay = std::chrono::seconds(10);

// `timeout`: of the whole request.
[[nodiscard]] api::HttpCall plan_token_request(const OAuth2Client& client, Duration timeout);

// `requested_at`: before the request was sent. The lifetime begins there, so that a slow response
// does not make it longer.
[[nodiscard]] TokenRead parse_token_response(const api::HttpResponse& response,
                                             MonotonicTime requested_at);

// How long from now on the token is used. After a problem: how long no token is requested. Zero or
// more.
[[nodiscard]] Duration token_lifetime(const TokenRead& token, MonotonicTime now);

// A text that is the same only for clients that get the same tokens. It contains no secret.
[[nodiscard]] std::string identity_of(const OAuth2Client& client);

}  // namespace lastgood::checks
