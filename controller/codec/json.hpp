// Parses JSON from outside, within bounds.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.hpp"

namespace lastgood::codec {

using Json = nlohmann::json;

// Errors: TooLarge, above 64 MiB or 64 levels; Protocol, if the text is not JSON. The message has
// the position of the error.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

}  // namespace lastgood::codec
