// The small languages inside our strings: URLs, status ranges, percentages, names. Every error says
// what was found and what is expected, with an example, and reads on after a field's name:
// `checks[0].http.url: "myapp" has no scheme ...`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/policy.hpp"
#include "base/result.hpp"

namespace lastgood::codec {

struct HttpUrl {
  bool tls = false;
  std::string host;  // a name or an IPv4 address, lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;  // the scheme's when none is written
  std::string target;       // path and query, begins with "/"; a fragment is dropped
  bool operator==(const HttpUrl&) const = default;
};

// http:// or https:// with a host; no user and password; at most 2048 bytes, without blanks and
// control characters.
[[nodiscard]] Result<HttpUrl> parse_http_url(std::string_view text);

// "200-399", "200", "200,204,300-399": 100 to 599, at most 16 of them.
[[nodiscard]] Result<std::vector<api::StatusRange>> parse_status_ranges(std::string_view text);
[[nodiscard]] std::string format_status_ranges(const std::vector<api::StatusRange>& ranges);

// "25%": 0 to 99.
[[nodiscard]] Result<int> parse_percent(std::string_view text);

// A whole number in decimal, nothing else: "3".
[[nodiscard]] Result<int> parse_whole(std::string_view text, int from, int to);

// parse_duration within bounds.
[[nodiscard]] Result<Duration> parse_duration_within(std::string_view text, Duration from,
                                                     Duration to);

// RFC 1123, as Kubernetes names most objects: "web", "web.v2"; at most 253 bytes.
[[nodiscard]] bool is_dns_subdomain(std::string_view text);
// The same without dots, at most 63 bytes.
[[nodiscard]] bool is_dns_label(std::string_view text);

}  // namespace lastgood::codec
