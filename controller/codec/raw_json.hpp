// Searches JSON text without parsing the text into a tree. Private to codec/.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

namespace lastgood::codec {

// The position of the first bracket that is nested deeper than `levels`. The text may be invalid
// JSON.
[[nodiscard]] std::optional<std::size_t> first_bracket_deeper_than(std::string_view json,
                                                                   int levels);

// The text of the value at `path`, or nothing if there is no value. `json` must be valid JSON. A
// key with an escape sequence is not found.
[[nodiscard]] std::optional<std::string_view> raw_member(
    std::string_view json, std::initializer_list<std::string_view> path);

}  // namespace lastgood::codec
