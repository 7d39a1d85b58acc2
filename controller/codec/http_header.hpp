// The names and values of HTTP headers: https://www.rfc-editor.org/rfc/rfc9110#section-5
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lastgood::codec {

// True if the name is a token of RFC 9110: letters, digits and some punctuation, not empty.
[[nodiscard]] bool valid_header_name(std::string_view name);
// True if the value has no control characters except tabs. A line break would end the header.
[[nodiscard]] bool valid_header_value(std::string_view value);

// "host:port", with brackets around an IPv6 address.
[[nodiscard]] std::string authority(std::string_view host, std::uint16_t port);
// The Host header: authority() without the default port of the protocol, http or https (`tls`).
[[nodiscard]] std::string host_header(std::string_view host, std::uint16_t port, bool tls);

}  // namespace lastgood::codec
