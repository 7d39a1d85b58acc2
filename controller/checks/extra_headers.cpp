#include "checks/extra_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/text.hpp"
#include "codec/http_header.hpp"

namespace lastgood::checks {
namespace {

// The headers of the connection, of the body and of the signature. The client sets them itself.
constexpr std::array<std::string_view, 17> reserved = {"accept",
                                                       "accept-encoding",
                                                       "connection",
                                                       "content-encoding",
                                                       "content-length",
                                                       "content-type",
                                                       "expect",
                                                       "host",
                                                       "keep-alive",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade",
                                                       "x-amz-date",
                                                       "x-amz-security-token",
                                                       "x-amz-content-sha256",
                                                       "proxy-connection"};

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::BadInput, std::move(message));
}

Result<api::HttpHeader> parse_line(std::string_view line, std::size_t number) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos)
    return invalid(fmt::format("line {} has no \":\"; write \"Name: value\"", number));
  const std::string_view name = line.substr(0, colon);
  if (!codec::valid_header_name(name)) {
    return invalid(
        fmt::format("the name of the header in line {} is not valid; a name has only "
                    "letters, digits and some punctuation",
                    number));
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (value.empty()) return invalid(fmt::format("the header {} has no value", in_quotes(name)));
  if (!codec::valid_header_value(value)) {
    return invalid(
        fmt::format("the value of the header {} contains a control character", in_quotes(name)));
  }
  return api::HttpHeader{.name = std::string(name), .value = std::string(value)};
}

}  // namespace

Result<std::vector<api::HttpHeader>> parse_extra_headers(std::string_view text,
                                                         OwnAuthorization own_authorization) {
  std::vector<api::HttpHeader> headers;
  std::size_t number = 0;
  for (const auto part : std::views::split(text, '\n')) {
    ++number;
    std::string_view line(part);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty()) continue;
    auto header = parse_line(line, number);
    if (!header) return std::unexpected(header.error());
    const std::string name = lowered(header->name);
    if (std::ranges::find(reserved, name) != reserved.end())
      return invalid(fmt::format("the header {} cannot be set, because the controller sets it",
                                 in_quotes(header->name)));
    if (name == "authorization" && own_authorization == OwnAuthorization::Yes)
      return invalid("the header \"Authorization\" is set by another key of the credentials");
    const auto has_name = [&](const api::HttpHeader& one) { return lowered(one.name) == name; };
    if (std::ranges::any_of(headers, has_name))
      return invalid(fmt::format("the header {} is set twice", in_quotes(header->name)));
    if (headers.size() == max_extra_headers)
      return invalid(fmt::format("there are more than {} headers", max_extra_headers));
    headers.push_back(*std::move(header));
  }
  return headers;
}

}  // namespace lastgood::checks
