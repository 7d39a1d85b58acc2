// A digest to compare bytes by. Not for security: collisions can be made.
#pragma once

#include <string>
#include <string_view>

namespace lastgood {

// FNV-1a, 64 bits, as 16 hex digits (http://www.isthe.com/chongo/tech/comp/fnv/). The same in every build.
[[nodiscard]] std::string digest_of(std::string_view bytes);

}  // namespace lastgood
