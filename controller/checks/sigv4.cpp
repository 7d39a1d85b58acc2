#include "checks/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "codec/http_header.hpp"

namespace lastgood::checks {
namespace {

using Headers = std::vector<api::HttpHeader>;  // names in lower case, in alphabetical order

// "20150830T123600Z", from "2015-08-30T12:36:00Z".
std::string amazon_time(Time now) {
  std::string text = format_rfc3339(now);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string host_of(const api::HttpCall& call) {
  return codec::host_header(call.host, call.port, call.tls.has_value());
}

// Every service except S3 expects each segment of the path encoded twice: as sent, and once more.
std::string canonical_path(std::string_view path) {
  std::string out;
  for (const auto part : std::views::split(path, '/')) {
    if (!out.empty() || part.begin() != path.begin()) out += '/';
    out += percent_encoded(std::string_view(part));
  }
  return out;
}

// The parameters in alphabetical order, each with a "=".
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  for (const auto part : std::views::split(query, '&')) {
    const std::string_view text(part);
    const std::size_t end = std::min(text.find('='), text.size());
    if (!text.empty()) parameters.emplace_back(text.substr(0, end), text.substr(end));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += fmt::format("{}{}", name, value.empty() ? "=" : value);
  }
  return out;
}

std::string names_of(const Headers& headers) {
  std::string out;
  for (const auto& header : headers) out += (out.empty() ? "" : ";") + header.name;
  return out;
}

std::string canonical_request(const api::HttpCall& call, const Headers& headers) {
  const std::string_view target = call.target;
  const std::size_t path_end = std::min(target.find('?'), target.size());
  const std::string_view query =
      path_end == target.size() ? std::string_view() : target.substr(path_end + 1);
  std::string lines;
  for (const auto& header : headers) lines += fmt::format("{}:{}\n", header.name, header.value);
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", call.method,
                     canonical_path(target.substr(0, path_end)), canonical_query(query), lines,
                     names_of(headers), hex_of(sha256(call.body)));
}

Headers signed_headers(const api::HttpCall& call, const SigV4Keys& keys, const std::string& time) {
  Headers headers;
  if (!call.content_type.empty())
    headers.push_back({.name = "content-type", .value = call.content_type});
  headers.push_back({.name = "host", .value = host_of(call)});
  headers.push_back({.name = "x-amz-date", .value = time});
  if (!keys.session_token.empty())
    headers.push_back({.name = "x-amz-security-token", .value = keys.session_token});
  return headers;
}

}  // namespace

api::HttpCall signed_call(api::HttpCall call, const SigV4Keys& keys, Time now) {
  const std::string time = amazon_time(now);
  const std::string date = time.substr(0, time.find('T'));
  const Headers headers = signed_headers(call, keys, time);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", date, keys.region, keys.service);
  const std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope,
                                       hex_of(sha256(canonical_request(call, headers))));
  std::string key = "AWS4" + keys.secret_access_key;
  for (const std::string_view part :
       {std::string_view(date), std::string_view(keys.region), std::string_view(keys.service),
        std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  call.headers.push_back({.name = "Host", .value = host_of(call)});
  call.headers.push_back({.name = "X-Amz-Date", .value = time});
  if (!keys.session_token.empty())
    call.headers.push_back({.name = "X-Amz-Security-Token", .value = keys.session_token});
  call.headers.push_back(
      {.name = "Authorization",
       .value = fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                            keys.access_key_id, scope, names_of(headers),
                            hex_of(hmac_sha256(key, text)))});
  return call;
}

}  // namespace lastgood::checks
