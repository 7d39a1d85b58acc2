// Bounded parsing of JSON text from outside into a tree. Knows no kind of object.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.hpp"

namespace lastgood::codec {

using Json = nlohmann::json;

// Bounded: 64 MiB and 64 levels, else TooLarge. Text that is not JSON is Protocol; the error names
// the byte. Never throws.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

}  // namespace lastgood::codec
