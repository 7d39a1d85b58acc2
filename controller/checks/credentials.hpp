// The credentials of a metrics server: from a Secret, or from a mounted folder with one file for
// each key.
//
//   key                        meaning
//   token                      sent as "Authorization: Bearer TOKEN"
//   username, password         basic authentication; the password may be empty
//   oauth2.clientID            OAuth 2.0, client credentials: a token is requested and renewed
//   oauth2.clientSecret
//   oauth2.tokenURL
//   oauth2.scopes              optional, separated by spaces
//   oauth2.audience            optional
//   oauth2.clientAuth          optional: basic (default), or post: the secret is in the body
//   oauth2.ca.crt              optional: authorities of the token server, PEM
//   sigv4.region               AWS Signature Version 4
//   sigv4.accessKeyID
//   sigv4.secretAccessKey
//   sigv4.sessionToken         optional
//   sigv4.service              optional; default: aps
//   ca.crt                     authorities of the metrics server, PEM; default: those of the system
//   tls.crt, tls.key           certificate and key of the client, PEM
//   serverName                 name in the certificate of the server; default: the host
//   insecureSkipVerify         "true": the certificate of the server is not verified
//   headers                    lines "Name: value", at most 16
//   namespace, service-ca.crt  ignored, so that the Secret of a service account can be used
//
// At most one of these groups can be set: token; username and password; oauth2.*; sigv4.*. The
// other keys can be combined with each group. A line break at the end of a value is removed.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/call.hpp"
#include "api/meta.hpp"
#include "base/result.hpp"
#include "checks/oauth2.hpp"
#include "checks/sigv4.hpp"

namespace lastgood::checks {

struct BearerToken {
  std::string text;
  bool operator==(const BearerToken&) const = default;
};

struct BasicAuth {
  std::string username;
  std::string password;
  bool operator==(const BasicAuth&) const = default;
};

using Authorization = std::variant<std::monostate, BearerToken, BasicAuth, OAuth2Client, SigV4Keys>;

struct MetricsCredentials {
  Authorization authorization = {};
  std::optional<api::TlsSettings> tls = {};  // absent: no key is about TLS
  std::vector<api::HttpHeader> headers = {};

  bool operator==(const MetricsCredentials&) const = default;
};

// All keys and values together. A Secret may be larger, but no credentials are.
inline constexpr std::size_t max_credentials_size = std::size_t{64} * 1024;  // bytes

// The names of the keys above, without those that are ignored.
[[nodiscard]] std::span<const std::string_view> credentials_keys();

// `data`: the decoded values by their keys. The error is BadInput. Its message begins with the name
// of the key, and contains no value.
[[nodiscard]] Result<MetricsCredentials> parse_credentials(const api::StringMap& data);

}  // namespace lastgood::checks
