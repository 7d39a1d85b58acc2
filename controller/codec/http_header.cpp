#include "codec/http_header.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::codec {

bool valid_header_name(std::string_view name) {
  constexpr std::string_view token =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.find_first_not_of(token) == std::string_view::npos;
}

bool valid_header_value(std::string_view value) {
  return std::ranges::none_of(value,
                              [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

std::string authority(std::string_view host, std::uint16_t port) {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string host_header(std::string_view host, std::uint16_t port, bool tls) {
  std::string text = authority(host, port);
  const std::uint16_t default_port = tls ? 443 : 80;
  if (port == default_port) text.resize(text.rfind(':'));
  return text;
}

}  // namespace lastgood::codec
