// SHA-256 (FIPS 180-4) and HMAC with SHA-256 (RFC 2104), for the signatures of requests. To compare
// bytes, use digest_of() of base/digest.hpp: it is shorter.
#pragma once

#include <string>
#include <string_view>

namespace lastgood {

// The hash: 32 bytes, not text.
[[nodiscard]] std::string sha256(std::string_view bytes);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Each byte as two hex digits in lower case.
[[nodiscard]] std::string hex_of(std::string_view bytes);

}  // namespace lastgood
