// Parses JSON text, within bounds.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.hpp"

namespace lastgood::codec {

using Json = nlohmann::json;

// Errors:
// - TooLarge, if the text is larger than 64 MiB or nested deeper than 64 levels.
// - Protocol, if the text is not JSON. The message has the byte position of the error, if known.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

}  // namespace lastgood::codec
