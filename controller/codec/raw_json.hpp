// What can be said of JSON text without parsing it. Only for the .cpp files of api/.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

namespace lastgood::codec {

// The byte at which brackets are nested deeper than `levels`; nothing when they never are. Any
// bytes are fine.
[[nodiscard]] std::optional<std::size_t> deeper_than(std::string_view json, int levels);

// The bytes of the value at that path of keys, as they stand. The text must be valid JSON and its
// keys without escapes.
[[nodiscard]] std::optional<std::string_view> raw_member(
    std::string_view json, std::initializer_list<std::string_view> path);

}  // namespace lastgood::codec
