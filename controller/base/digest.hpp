// A digest for comparing bytes. It is not cryptographic: collisions can be forged.
#pragma once

#include <string>
#include <string_view>

namespace lastgood {

// FNV-1a with 64 bits as 16 hex digits. Equal bytes give the same digest in every build.
// http://www.isthe.com/chongo/tech/comp/fnv/
[[nodiscard]] std::string digest_of(std::string_view bytes);

}  // namespace lastgood
