// The URL of a health check, taken apart. Strict, because a misread host would put questions to a stranger.
// Knows nothing of Services or pods.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lastgood::checks {

inline constexpr std::size_t url_limit = 2048;

struct Url {
  bool tls = false;
  std::string host;  // in lower case, without a trailing dot and without the brackets of an IPv6 address
  bool is_address = false;
  std::uint16_t port = 0;  // the scheme's own where none is written
  std::string authority;   // host and port as they were written: the Host header
  std::string target;      // path and query, begins with "/"

  bool operator==(const Url&) const = default;
};

// http or https only; no user information, no fragment, nothing but printable ASCII, at most url_limit bytes.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace lastgood::checks
