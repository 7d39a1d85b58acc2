// Facts about JSON text without parsing it. Private to codec/.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

namespace lastgood::codec {

// The position of the first bracket at more than `levels` levels. The text need not be valid JSON.
[[nodiscard]] std::optional<std::size_t> position_deeper_than(std::string_view json, int levels);

// The text of the value at this path. `json` must be valid, and its keys without escapes.
[[nodiscard]] std::optional<std::string_view> raw_member(
    std::string_view json, std::initializer_list<std::string_view> path);

}  // namespace lastgood::codec
