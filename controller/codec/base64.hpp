// Base64 with the standard alphabet and padding: https://www.rfc-editor.org/rfc/rfc4648#section-4
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lastgood::codec {

[[nodiscard]] std::string encode_base64(std::string_view bytes);

// Ignores blanks and line breaks, which PEM and YAML have. Nothing if the text has any other
// character outside of the alphabet, too little or too much padding, or a bit after the last byte
// that is not 0.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace lastgood::codec
