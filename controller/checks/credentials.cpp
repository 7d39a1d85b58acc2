#include "checks/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

#include "base/text.hpp"
#include "checks/extra_headers.hpp"
#include "checks/pem.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

constexpr std::array<std::string_view, 21> keys = {
    "token",
    "username",
    "password",
    "oauth2.clientID",
    "oauth2.clientSecret",
    "oauth2.tokenURL",
    "oauth2.scopes",
    "oauth2.audience",
    "oauth2.clientAuth",
    "oauth2.ca.crt",
    "sigv4.region",
    "sigv4.accessKeyID",
    "sigv4.secretAccessKey",
    "sigv4.sessionToken",
    "sigv4.service",
    "ca.crt",
    "tls.crt",
    "tls.key",
    "serverName",
    "insecureSkipVerify",
    "headers",
};
constexpr std::array<std::string_view, 2> ignored_keys = {"namespace", "service-ca.crt"};
constexpr std::array<std::string_view, 5> keys_of_many_lines = {"ca.crt", "tls.crt", "tls.key",
                                                                "oauth2.ca.crt", "headers"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> invalid(std::string_view key, std::string_view problem) {
  return fail(ErrorKind::BadInput, fmt::format("{}: {}", key, problem));
}

std::string unknown_key(std::string_view key) {
  const auto closest = nearest(key, keys);
  return fmt::format("is not a key of credentials; the nearest one is {}", closest->name);
}

// Why a value cannot be used, without the value. Empty: no problem was found.
std::string value_problem(std::string_view key, std::string_view value) {
  if (value.empty() && key != "password") return "is empty";
  if (clip(value, value.size()) != value) return "is not valid UTF-8";
  const auto is_control = [](char c) {
    return (c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == '\x7F';
  };
  if (std::ranges::any_of(value, is_control)) return "contains a control character";
  if (!is_one_of(keys_of_many_lines, key) && value.find_first_of("\r\n") != std::string_view::npos)
    return "contains a line break, but must be on one line";
  return "";
}

// The values of the keys, after the validation that is the same for each key.
class Values {
 public:
  static Result<Values> from(const api::StringMap& data);

  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(std::string(key)); }
  // "" if the key is absent.
  [[nodiscard]] std::string operator[](std::string_view key) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::string() : found->second.str();
  }
  // The first of the keys that begins with this text. Empty: none.
  [[nodiscard]] std::string first_with(std::string_view prefix) const {
    const auto found = std::ranges::find_if(
        values_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
    return found == values_.end() ? std::string() : found->first.str();
  }
  [[nodiscard]] bool empty() const { return values_.empty(); }

 private:
  api::StringMap values_;
};

Result<Values> Values::from(const api::StringMap& data) {
  std::size_t size = 0;
  for (const auto& [key, value] : data) size += key.size() + value.size();
  if (size > max_credentials_size) {
    return fail(ErrorKind::BadInput, fmt::format("{} bytes of credentials are more than {}", size,
                                                 max_credentials_size));
  }
  Values out;
  for (const auto& [key, raw] : data) {
    if (is_one_of(ignored_keys, key)) continue;
    if (!is_one_of(keys, key)) return invalid(in_quotes(key), unknown_key(key));
    std::string_view value = raw;
    if (value.ends_with('\n')) value.remove_suffix(1);
    if (value.ends_with('\r')) value.remove_suffix(1);
    if (const auto problem = value_problem(key, value); !problem.empty())
      return invalid(key, problem);
    out.values_.emplace(key, value);
  }
  if (out.empty()) {
    return fail(
        ErrorKind::BadInput,
        "there is no key of credentials; set, for example, token, or username and password");
  }
  return out;
}

// Characters that an HTTP header and a signature can have, without blanks.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

bool has_only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

// The error for the first of the `required` keys that is absent. `because`: what requires them.
std::optional<Error> missing_key(const Values& values, std::string_view because,
                                 std::initializer_list<std::string_view> required) {
  for (const std::string_view key : required) {
    if (!values.has(key))
      return invalid(key, fmt::format("is missing; {} needs it", because)).error();
  }
  return std::nullopt;
}

Result<Authorization> bearer_token(const Values& values) {
  const std::string text = values["token"];
  if (lowered(text).starts_with("bearer "))
    return invalid("token", "begins with \"Bearer \"; remove this word");
  if (!is_printable(text)) return invalid("token", "contains a blank, or is not ASCII");
  return BearerToken{.text = text};
}

// https://www.rfc-editor.org/rfc/rfc7617
Result<Authorization> basic_auth(const Values& values) {
  if (auto error = missing_key(values, "username", {"password"})) return std::unexpected(*error);
  if (auto error = missing_key(values, "password", {"username"})) return std::unexpected(*error);
  if (values["username"].contains(':'))
    return invalid("username", "contains \":\", which basic authentication does not allow");
  return BasicAuth{.username = values["username"], .password = values["password"]};
}

Result<Authorization> oauth2(const Values& values) {
  if (auto error = missing_key(values, "OAuth2",
                               {"oauth2.clientID", "oauth2.clientSecret", "oauth2.tokenURL"}))
    return std::unexpected(*error);
  auto url = codec::parse_http_url(values["oauth2.tokenURL"]);
  if (!url) {
    return invalid("oauth2.tokenURL",
                   "is not a valid URL with http:// or https://, without a user and a password");
  }
  const std::string method =
      values.has("oauth2.clientAuth") ? values["oauth2.clientAuth"] : "basic";
  if (method != "basic" && method != "post")
    return invalid("oauth2.clientAuth", "must be basic or post");
  const std::string authorities = values["oauth2.ca.crt"];
  if (!authorities.empty() && !url->tls) {
    return invalid("oauth2.ca.crt", "cannot be used, because oauth2.tokenURL begins with http://");
  }
  if (const auto problem = certificates_problem(authorities);
      !authorities.empty() && !problem.empty())
    return invalid("oauth2.ca.crt", problem);
  return OAuth2Client{
      .method = method == "post" ? OAuth2Client::Method::Post : OAuth2Client::Method::Basic,
      .id = values["oauth2.clientID"],
      .secret = values["oauth2.clientSecret"],
      .token_url = *std::move(url),
      .scopes = values["oauth2.scopes"],
      .audience = values["oauth2.audience"],
      .authorities = authorities};
}

Result<Authorization> sigv4(const Values& values) {
  if (auto error = missing_key(values, "SigV4",
                               {"sigv4.region", "sigv4.accessKeyID", "sigv4.secretAccessKey"}))
    return std::unexpected(*error);
  for (const std::string_view key : {"sigv4.region", "sigv4.service"}) {
    if (!has_only(values[key], "abcdefghijklmnopqrstuvwxyz0123456789-"))
      return invalid(key, "must have only lower case letters, digits and \"-\"");
  }
  for (const std::string_view key :
       {"sigv4.accessKeyID", "sigv4.secretAccessKey", "sigv4.sessionToken"}) {
    if (!is_printable(values[key])) return invalid(key, "contains a blank, or is not ASCII");
  }
  SigV4Keys keys_of_aws{.region = values["sigv4.region"],
                        .access_key_id = values["sigv4.accessKeyID"],
                        .secret_access_key = values["sigv4.secretAccessKey"],
                        .session_token = values["sigv4.sessionToken"]};
  if (values.has("sigv4.service")) keys_of_aws.service = values["sigv4.service"];
  return keys_of_aws;
}

// A way to identify the client. It is used if a key begins with `prefix`.
struct Method {
  std::string_view prefix;
  Result<Authorization> (*parse)(const Values& values);
};
constexpr std::array methods = {Method{"token", bearer_token}, Method{"username", basic_auth},
                                Method{"password", basic_auth}, Method{"oauth2.", oauth2},
                                Method{"sigv4.", sigv4}};

Result<Authorization> authorization_of(const Values& values) {
  const Method* used = nullptr;
  for (const Method& method : methods) {
    const std::string key = values.first_with(method.prefix);
    if (key.empty() || (used != nullptr && used->parse == method.parse)) continue;
    if (used != nullptr) {
      return invalid(key, fmt::format("cannot be combined with {}; use only one of token, "
                                      "username, oauth2.* and sigv4.*",
                                      values.first_with(used->prefix)));
    }
    used = &method;
  }
  return used == nullptr ? Authorization() : used->parse(values);
}

bool is_server_name(const std::string& name) {
  return codec::is_dns_subdomain(lowered(name)) ||
         codec::parse_http_url("https://[" + name + "]").has_value();
}

Result<std::optional<api::TlsSettings>> tls_of(const Values& values) {
  const auto tls_keys = {"ca.crt", "tls.crt", "tls.key", "serverName", "insecureSkipVerify"};
  if (std::ranges::none_of(tls_keys, [&](const char* key) { return values.has(key); }))
    return std::nullopt;
  if (values.has("tls.crt") || values.has("tls.key")) {
    if (auto error = missing_key(values, "a client certificate", {"tls.crt", "tls.key"}))
      return std::unexpected(*error);
    if (const auto problem = certificates_problem(values["tls.crt"]); !problem.empty())
      return invalid("tls.crt", problem);
    if (const auto problem = private_key_problem(values["tls.key"]); !problem.empty())
      return invalid("tls.key", problem);
  }
  const std::string insecure = values["insecureSkipVerify"];
  if (!insecure.empty() && insecure != "true" && insecure != "false")
    return invalid("insecureSkipVerify", "must be \"true\" or \"false\"");
  if (values.has("ca.crt")) {
    if (insecure == "true") return invalid("ca.crt", "is not used with insecureSkipVerify");
    if (const auto problem = certificates_problem(values["ca.crt"]); !problem.empty())
      return invalid("ca.crt", problem);
  }
  if (values.has("serverName") && !is_server_name(values["serverName"]))
    return invalid("serverName", "must be a host name or an IP address");
  return api::TlsSettings{.verify = insecure == "true" ? api::TlsSettings::Verify::Nothing
                                                       : api::TlsSettings::Verify::Certificate,
                          .authorities = values["ca.crt"],
                          .client_certificate = values["tls.crt"],
                          .client_key = values["tls.key"],
                          .server_name = values["serverName"]};
}

}  // namespace

std::span<const std::string_view> credentials_keys() { return keys; }

Result<MetricsCredentials> parse_credentials(const api::StringMap& data) {
  const auto values = Values::from(data);
  if (!values) return std::unexpected(values.error());
  auto authorization = authorization_of(*values);
  if (!authorization) return std::unexpected(authorization.error());
  auto tls = tls_of(*values);
  if (!tls) return std::unexpected(tls.error());
  MetricsCredentials out{.authorization = *std::move(authorization), .tls = *std::move(tls)};
  if (!values->has("headers")) return out;
  const bool has_authorization = out.authorization.index() != 0;
  auto headers = parse_extra_headers(
      (*values)["headers"], has_authorization ? OwnAuthorization::Yes : OwnAuthorization::No);
  if (!headers) return invalid("headers", headers.error().message);
  out.headers = *std::move(headers);
  return out;
}

}  // namespace lastgood::checks
