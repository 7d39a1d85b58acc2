// The formats of text fields: URLs, status ranges, numbers and names. Every error is BadInput.
// The message quotes the value and says what is wrong. The caller puts the name of the field before
// the message: `checks[0].http.url: "myapp" must begin with http:// ...`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/policy.hpp"
#include "base/result.hpp"

namespace lastgood::codec {

struct HttpUrl {
  bool tls = false;
  std::string host;         // lower case; an IPv6 address without brackets
  std::uint16_t port = 80;  // the default of the scheme, if the URL has none
  std::string target;       // path and query, begins with "/"; without the fragment
  bool operator==(const HttpUrl&) const = default;
};

// A URL with scheme http or https and a host, without user and password, of at most 2048 printable
// ASCII characters.
[[nodiscard]] Result<HttpUrl> parse_http_url(std::string_view text);

// A path and query of at most 1024 printable ASCII characters that begins with "/".
[[nodiscard]] bool is_request_path(std::string_view text);

// At most 16 ranges of status codes from 100 to 599, such as "200-399" or "200,204,300-399".
[[nodiscard]] Result<std::vector<api::StatusRange>> parse_status_ranges(std::string_view text);
[[nodiscard]] std::string format_status_ranges(const std::vector<api::StatusRange>& ranges);

// A percentage from 0% to 99%, such as "25%".
[[nodiscard]] Result<int> parse_percent(std::string_view text);

// One of > >= < <= == != and a finite decimal number, such as "> 0.05".
[[nodiscard]] Result<api::Comparison> parse_comparison(std::string_view text);
// "> 0.05". parse_comparison() reads back an equal value.
[[nodiscard]] std::string to_string(const api::Comparison& rule);

// The whole text as a decimal number, which may have an exponent: "0.05", "-1e-05". NaN and the
// infinities are numbers here: "NaN", "+Inf", "-Inf". Nothing if the number is not a double.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
// The same without NaN, which is not equal to itself: a stored NaN would always look changed.
[[nodiscard]] std::optional<double> parse_comparable_number(std::string_view text);
// The shortest text from which parse_number() reads back the same number: "0.05", "1e-05".
[[nodiscard]] std::string format_number(double number);

// A whole number from `from` to `to`, in decimal digits, such as "3".
[[nodiscard]] Result<int> parse_whole(std::string_view text, int from, int to);

// A duration from `from` to `to`, in the format of parse_duration() in base/time.hpp.
[[nodiscard]] Result<Duration> parse_duration_within(std::string_view text, Duration from,
                                                     Duration to);

// The same as a function for Reader::parsed().
[[nodiscard]] inline auto duration_within(Duration from, Duration to) {
  return [from, to](std::string_view text) { return parse_duration_within(text, from, to); };
}

// The names of most Kubernetes objects (RFC 1123): "web" or "web.v2", at most 253 bytes.
[[nodiscard]] bool is_dns_subdomain(std::string_view text);
// A name without dots, at most 63 bytes.
[[nodiscard]] bool is_dns_label(std::string_view text);

}  // namespace lastgood::codec
