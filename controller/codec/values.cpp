#include "codec/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

// Nothing if the text is empty, has more than 9 characters, or has a character that is no digit.
std::optional<int> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > 9 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::unexpected<Error> bad_input(std::string message) {
  return fail(ErrorKind::BadInput, std::move(message));
}

bool is_host(std::string_view text) {
  const auto allowed = [](char c) {
    return is_lower_alphanumeric(c) || c == '-' || c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, allowed) &&
         is_lower_alphanumeric(text.front());
}

bool is_ipv6(std::string_view text) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
  };
  return text.size() >= 2 && text.size() <= 45 && std::ranges::all_of(text, allowed) &&
         std::ranges::count(text, ':') >= 2;
}

// The parts of "host:port" or "[address]:port".
struct Authority {
  std::string_view host;
  std::optional<std::string_view> port;
  bool is_ipv6 = false;
  bool is_valid = true;
};

Authority split_authority(std::string_view text) {
  Authority out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    out.is_ipv6 = true;
    out.is_valid = end != std::string_view::npos;
    out.host = out.is_valid ? text.substr(1, end - 1) : text;
    rest = out.is_valid ? text.substr(end + 1) : std::string_view{};
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, end);
    rest = text.substr(end);
  }
  if (rest.starts_with(':')) {
    out.port = rest.substr(1);
  } else if (!rest.empty()) {
    out.is_valid = false;
  }
  return out;
}

bool is_status(std::optional<int> status) { return status && *status >= 100 && *status <= 599; }

std::optional<StatusRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto from = parse_digits(trimmed(text.substr(0, dash)));
  const auto to =
      dash == std::string_view::npos ? from : parse_digits(trimmed(text.substr(dash + 1)));
  if (!is_status(from) || !is_status(to) || *from > *to) return std::nullopt;
  return StatusRange{*from, *to};
}

struct OperatorText {
  std::string_view text;
  Comparison::Operator operation;
};

// Each text comes before the texts with which it begins.
constexpr std::array operators{
    OperatorText{">=", Comparison::Operator::GreaterOrEqual},
    OperatorText{">", Comparison::Operator::Greater},
    OperatorText{"<=", Comparison::Operator::LessOrEqual},
    OperatorText{"<", Comparison::Operator::Less},
    OperatorText{"==", Comparison::Operator::Equal},
    OperatorText{"!=", Comparison::Operator::NotEqual},
};

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view text) {
  const std::string quoted_text = in_quotes(text, 128);
  if (text.empty())
    return bad_input(R"("" is empty; use a URL such as "http://myapp:8080/health")");
  if (text.size() > 2048) return bad_input(quoted_text + " is longer than 2048 bytes");
  const auto printable = [](char c) { return c > ' ' && c < 0x7F; };
  if (!std::ranges::all_of(text, printable))
    return bad_input(quoted_text + " contains a space or another character that a URL cannot have");

  HttpUrl url;
  const std::size_t scheme_end = text.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? "" : lowered(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    return bad_input(quoted_text +
                     R"( must begin with http:// or https://, such as "http://myapp:8080/health")");
  }
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;

  std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority_text = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (authority_text.contains('@'))
    return bad_input(quoted_text + " must not contain a user or password");

  const Authority authority = split_authority(authority_text);
  url.host = lowered(authority.host);
  if (url.host.empty())
    return bad_input(quoted_text + R"( has no host; use a URL such as "http://myapp:8080/health")");
  if (!authority.is_valid || !(authority.is_ipv6 ? is_ipv6(url.host) : is_host(url.host))) {
    return bad_input(
        fmt::format("{} has an invalid host: {}", quoted_text, in_quotes(authority_text)));
  }
  if (authority.port) {
    const auto port = parse_digits(*authority.port);
    if (!port || *port < 1 || *port > 65535) {
      return bad_input(
          fmt::format("{} has the port {}, which is not a whole number from 1 to 65535",
                      quoted_text, in_quotes(*authority.port)));
    }
    url.port = static_cast<std::uint16_t>(*port);
  }

  rest = rest.substr(0, rest.find('#'));
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

bool is_request_path(std::string_view text) {
  constexpr std::size_t max_size = 1024;  // bytes
  const auto is_printable = [](char c) { return c > ' ' && c < 0x7F; };
  return text.starts_with('/') && text.size() <= max_size &&
         std::ranges::all_of(text, is_printable);
}

Result<std::vector<StatusRange>> parse_status_ranges(std::string_view text) {
  constexpr std::size_t max_ranges = 16;
  std::vector<StatusRange> ranges;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const auto range = parse_range(trimmed(rest.substr(0, comma)));
    if (!range || ranges.size() == max_ranges) {
      return bad_input(in_quotes(text) +
                       " is not a list of at most 16 status codes or ranges from 100 to 599, "
                       R"(such as "200-399" or "200,204")");
    }
    ranges.push_back(*range);
    if (comma == std::string_view::npos) return ranges;
    rest.remove_prefix(comma + 1);
  }
}

std::string format_status_ranges(const std::vector<StatusRange>& ranges) {
  std::string out;
  for (const StatusRange& range : ranges) {
    if (!out.empty()) out += ",";
    out += range.from == range.to ? fmt::format("{}", range.from)
                                  : fmt::format("{}-{}", range.from, range.to);
  }
  return out;
}

Result<int> parse_percent(std::string_view text) {
  const auto number =
      text.ends_with('%') ? parse_digits(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!number || *number > 99)
    return bad_input(in_quotes(text) + R"( is not a percentage from 0% to 99%, such as "25%")");
  return *number;
}

Result<Comparison> parse_comparison(std::string_view text) {
  const std::string_view rest = trimmed(text);
  const auto* const found = std::ranges::find_if(
      operators, [&](const OperatorText& one) { return rest.starts_with(one.text); });
  if (found != operators.end()) {
    const auto limit = parse_number(trimmed(rest.substr(found->text.size())));
    if (limit && std::isfinite(*limit))
      return Comparison{.operation = found->operation, .limit = *limit};
  }
  return bad_input(in_quotes(text) +
                   R"( is not one of > >= < <= == != and a number, such as "> 0.05")");
}

std::string to_string(const Comparison& rule) {
  const auto* const found = std::ranges::find(operators, rule.operation, &OperatorText::operation);
  return fmt::format("{} {}", found->text, format_number(rule.limit));
}

std::optional<double> parse_number(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf") return infinity;
  if (text == "-Inf") return -infinity;
  double number = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  // from_chars() reads more spellings of NaN and the infinities.
  if (error != std::errc{} || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<double> parse_comparable_number(std::string_view text) {
  const auto number = parse_number(text);
  return number && !std::isnan(*number) ? number : std::nullopt;
}

std::string format_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", number);
}

Result<int> parse_whole(std::string_view text, int from, int to) {
  const auto number = parse_digits(text);
  if (!number || *number < from || *number > to) {
    return bad_input(fmt::format("{} is not a whole number from {} to {}, such as \"3\"",
                                 in_quotes(text), from, to));
  }
  return *number;
}

Result<Duration> parse_duration_within(std::string_view text, Duration from, Duration to) {
  auto duration = parse_duration(text);
  if (duration && (*duration < from || *duration > to)) {
    return bad_input(fmt::format("{} is not between {} and {}", in_quotes(text),
                                 format_duration(from), format_duration(to)));
  }
  return duration;
}

bool is_dns_label(std::string_view text) {
  const auto allowed = [](char c) { return is_lower_alphanumeric(c) || c == '-'; };
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, allowed) &&
         text.front() != '-' && text.back() != '-';
}

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    // Not is_dns_label(part): Kubernetes does not limit a part of a subdomain to 63 bytes.
    const auto allowed = [](char c) { return is_lower_alphanumeric(c) || c == '-'; };
    if (part.empty() || !std::ranges::all_of(part, allowed) || part.front() == '-' ||
        part.back() == '-')
      return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace lastgood::codec
