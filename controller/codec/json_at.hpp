// Reading of JSON from outside that never throws: what is absent or of another type is nothing. For
// objects that are not parsed whole, because what is sent back must be what was read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "codec/json.hpp"

namespace lastgood::codec {

using JsonPath = std::initializer_list<std::string_view>;

// Null when a part of the path is missing or its parent is no object.
[[nodiscard]] const Json* find(const Json& object, JsonPath path);
[[nodiscard]] std::string text_at(const Json& object, JsonPath path);  // "" when it is no string
[[nodiscard]] std::int64_t number_at(const Json& object,
                                     JsonPath path);  // 0 when it is no whole number
[[nodiscard]] const Json& object_at(const Json& object, JsonPath path);  // {} when it is no object
[[nodiscard]] const Json& array_at(const Json& object, JsonPath path);   // [] when it is no array

}  // namespace lastgood::codec
